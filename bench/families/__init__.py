"""Families of networks, a package each: feed-forward, recurrent, and pairs of recurrent networks.

A family's package declares `FAMILY`, which owns all that differs between families: which fields its
cells have, the program that trains them, and what they take of memory and work.
"""
