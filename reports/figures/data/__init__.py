"""What figures show: points, lines, panels and the words for them, out of records."""
