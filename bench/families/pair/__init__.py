"""Pairs of networks at different clock rates: the networks, their program and streams of digits."""
