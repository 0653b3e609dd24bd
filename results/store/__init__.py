"""The store: records in JSON files that survive crashes."""
