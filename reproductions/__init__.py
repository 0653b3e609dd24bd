"""Exhibits of the paper, one TOML file each, and their planning, running, tuning and gating."""
