"""Captions: what lines and intervals are."""

import pytest
from sgbench.reports.figures import captions
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.mark.parametrize(
    ("kind", "seeds", "words"),
    [
        ("curves", [1, 1], ["One seed"]),
        ("curves", [2, 2], ["means of 2 seeds", "Bands", "range"]),
        ("curves", [3, 5], ["means of 3 to 5 seeds", "Bands", "95 % Student-t intervals"]),
        ("sweep", [2, 2], ["means of 2 seeds", "Bars", "95 % Student-t intervals"]),
    ],
)
def test_what_intervals_are_of(kind, seeds, words):
    figures = load("table1").figures
    figure = next(figure for figure in figures if figure.kind == kind)
    said = captions.spread(figure, seeds)
    assert all(word in said for word in words)


def test_layers_are_named_where_some_are_left_out():
    deep = [cell for cell in expand(load("deep"), "quick") if cell.rule == "dni"]
    assert "2, 5, 8, 11, 14, 17, 20" in captions.layers_shown(deep)
    assert captions.layers_shown([cell for cell in deep if cell.depth == 6]) == ""
