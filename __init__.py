"""sgbench: the benchmark and reproduction suite of Decoupled Neural Interfaces (1608.05343)."""
