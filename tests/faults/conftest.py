"""Prints the table of what was done, which docs/faults.md holds."""

from faults.harness import SHARE, rows, table


def pytest_terminal_summary(terminalreporter):
    if rows:
        terminalreporter.section(f"faults, {SHARE:g} % of the full counts")
        terminalreporter.write_line(table())
