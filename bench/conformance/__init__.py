"""Conformance checks: whether a rule or a dataset does what the bench expects of it.

`rules` and `datasets` list the checks; `sgbench check` runs them and prints what they find.
"""
