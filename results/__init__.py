"""Results: records, the store that keeps them, their statistics and their comparison."""
