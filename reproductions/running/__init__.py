"""Runs: the request, its plan, and the executor that trains it."""
