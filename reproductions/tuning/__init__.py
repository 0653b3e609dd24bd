"""Tuning: studies, their search spaces, arms and trials."""
