"""Families of programs: feed-forward, recurrent, and pairs of networks."""
