"""Loading of data files: downloads, formats, hashes and the kinds of data."""
