"""Training: cells, learning rules, networks, datasets, the loop, timing and engines."""
