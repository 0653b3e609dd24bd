"""Networks cut into stages: what synthetic gradients gain, measured and simulated."""
