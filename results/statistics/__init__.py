"""Statistics: intervals, tests and sequential decisions."""
