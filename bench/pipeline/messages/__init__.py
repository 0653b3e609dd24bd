"""Messages between stages: links and the transports under them."""
