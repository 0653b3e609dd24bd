"""The difference to the paper's protocol, in words."""

from dataclasses import replace

from sgbench.reports.analysis.protocol import difference
from sgbench.reproductions.exhibits.exhibit import expand

MINUS = "\N{MINUS SIGN}"


def test_settings_of_synthetic_inputs_are_told_where_they_differ(population_exhibit):
    cells = expand(population_exhibit, "quick")
    other = [
        replace(cell, evaluate_at=(0.1,), **({"si_units": 64} if cell.si_units else {}))
        for cell in cells
    ]
    words = difference(population_exhibit, "quick", other, cells)
    assert words == (
        "quick: also evaluated at 0.1, 64 units in I;"
        " paper: also evaluated at 0.01 and 0.05 and 0.5, 1,024 units in I"
    )
