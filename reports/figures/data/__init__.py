"""Data of figures: points, lines and panels out of records, and the words for them."""
