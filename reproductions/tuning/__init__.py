"""Tuning: studies, their search spaces, trials and candidates."""
