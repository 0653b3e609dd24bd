"""Durable files: atomic writes, checksums, JSON of a checked schema, and folders of them."""
