"""Evidence: what a verdict rests on: its runs, their settings, records and machines."""
