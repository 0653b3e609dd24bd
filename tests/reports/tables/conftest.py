"""A table with two levels of columns, an empty entry and an entry that is hostile to any markup."""

import pytest
from sgbench.reports.tables.table import Table, entry

HOSTILE = r"a_b*c `d` [e](f) <g> | \h {i} $j$ 50% & #k ~l ^m"


@pytest.fixture
def table():
    return Table(
        caption="A & B",
        stubs=("net", "depth"),
        columns=(("one", "x"), ("one", "y"), ("two", "x")),
        rows=(
            (("F", "3"), (entry("1.0", "paper 2"), entry("3.0", strong=True), entry())),
            (("F", "4"), (entry("4.0"), entry("5.0"), entry("6.0"))),
            (("C", "3"), (entry(HOSTILE), entry("8.0"), entry("9.0"))),
        ),
    )
