"""Training: cells, learning rules, networks, data sets, the loop, timing and engines."""
