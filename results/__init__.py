"""What happened: records, the durable store, statistics."""
