"""Captions: what lines and intervals are."""

import pandas as pd
import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reports.figures.titles import captions
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.mark.parametrize(
    ("kind", "seeds", "words"),
    [
        ("curves", [1, 1], ["One seed"]),
        ("curves", [2, 2], ["means of 2 seeds", "Thin lines: each seed"]),
        ("curves", [3, 5], ["3 to 5 seeds", "Bands: 95 % Student-t", "from 5 seeds on", "thin"]),
        ("curves", [5, 6], ["means of 5 to 6 seeds", "Bands: 95 % Student-t"]),
        ("sweep", [2, 2], ["means of 2 seeds", "Dots: each seed"]),
        ("sweep", [2, 22], ["Bars: 95 % Student-t", "dots: each seed"]),
    ],
)
def test_what_lines_and_intervals_are_of(kind, seeds, words):
    figures = load("table1").figures
    figure = next(figure for figure in figures if figure.kind == kind)
    said = captions.spread(figure, seeds, pd.DataFrame({"few": [n < 5 for n in seeds]}))
    assert all(word in said for word in words)
    assert ("95 %" in said) == (max(seeds) >= 5)


def test_steps_are_said_to_be_a_line_a_seed():
    progression = next(f for f in load("table2").figures if f.name == "progression")
    said = captions.spread(progression, [2, 2], pd.DataFrame({"few": [True, True]}))
    assert "each of 2 seeds" in said
    assert "mean" not in said


def test_layers_are_named_where_some_are_left_out():
    deep = [cell for cell in expand(load("deep"), "quick") if cell.rule == "dni"]
    assert "2, 5, 8, 11, 14, 17, 20" in captions.layers_shown(deep)
    assert captions.layers_shown([cell for cell in deep if cell.depth == 6]).endswith("input.")


def test_the_protocol_is_compared_in_what_is_shown_alone(make):
    table2 = load("table2")
    found = series.drawings(select(table2, "quick", make.grid(table2, "quick")))
    lengths, bits = (
        next(d for d in found if d.name.startswith(name)).notes[-1] for name in ("lengths", "bits")
    )
    assert "2,000 iterations" in lengths
    assert "800" not in lengths  # of the text
    assert "800 iterations" in bits
    assert "2,000 " not in bits
