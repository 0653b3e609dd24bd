"""The gate: two builds compared for correctness and speed."""
