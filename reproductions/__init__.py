"""What the paper says: one TOML per exhibit, and what turns it into runs."""
