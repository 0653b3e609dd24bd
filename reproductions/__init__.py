"""What the paper says: one TOML an exhibit, and what turns it into runs."""
