"""Verdicts: places, claims and medians, held against the paper's, before and after a run."""
