"""Output on the terminal: progress, estimates of the time left, the gate's verdicts."""
