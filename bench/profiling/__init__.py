"""Measurements of speed and memory: timing, the machine's limit, a step's parts."""
