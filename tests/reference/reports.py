"""What a report holds, taken apart."""

import csv
import io

from sgbench.reproductions.exhibits.exhibit import expand


def cells_of(exhibit, scale, seeds=None, **fields):
    """The exhibit's cells that have these values."""
    found = expand(exhibit, scale, seeds=seeds)
    return [c for c in found if all(c.value(n) == v for n, v in fields.items())]


def rows_of(report, name):
    """The lines of a CSV of the report."""
    return list(csv.DictReader(io.StringIO(report.files[name].decode())))


def page_of(report, name):
    """The Markdown page of the report, without no-break spaces."""
    return report.files[f"{name}.md"].decode().replace("\N{NO-BREAK SPACE}", " ")


def table_of(page, heading="Table"):
    """The lines of a table in Markdown, each a list of its entries."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[text.strip() for text in line.split("|")[1:-1]] for line in lines]


def panel(frame, row, column, line):
    """The rows of a drawing's data that are of one line in one panel."""
    mine = (frame["row"] == row) & (frame["column"] == column) & (frame["line"] == line)
    return frame[mine]
