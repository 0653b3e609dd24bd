"""Comparison of two sets of results, and its verdicts."""
