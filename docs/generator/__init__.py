"""What `docs/generate.py` writes between the markers of a page: tables, figures, numbers."""
