"""Titles and captions: what the data of a figure support, in words."""
