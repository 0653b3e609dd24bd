"""Exhibits: one TOML for each table or figure of the paper, and their reader."""
