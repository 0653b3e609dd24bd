"""Results at the end of training, by what cells differ in."""

import pandas as pd
import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures.data.ends import ends_of
from sgbench.reproductions.exhibits.exhibit import load


def figure_of(exhibit, name):
    return next(figure for figure in exhibit.figures if figure.name == name)


def ends(exhibit, name, keep):
    """The ends of a figure, of one seed, whose y is the number of its configuration."""
    selection = select(exhibit, "demo", [])
    shown = [n for n, cell in enumerate(selection.cells) if keep(selection, cell)]
    lines = [selection.cells[n].rule for n in shown]
    frame = pd.DataFrame({"configuration": shown, "seed": 0, "layer": 0, "line": lines})
    return ends_of(selection, figure_of(exhibit, name), frame.assign(y=frame["configuration"]))


def fixed(selection, cell):
    return cell.network == "fcn" and selection.fixed(cell)


def test_places_are_by_what_all_cells_differ_in(table1):
    found = ends(table1, "depths", fixed)
    assert found.fields == ("depth",)
    assert found.along == "depth"
    assert found.subjects == ("no_bprop", "top_only", "backprop", "dni", "cdni")
    assert list(found.places()) == [(3,), (4,), (5,), (6,)]
    assert [len(one) for one in found.series("dni")] == [4]
    assert found.clear


def test_a_place_where_a_rule_is_missing_is_none(table1):
    found = ends(table1, "depths", lambda s, c: fixed(s, c) and (c.rule, c.depth) != ("dni", 4))
    assert list(found.places()) == [(3,), (5,), (6,)]


def test_several_settings_of_a_rule_are_not_clear(table1):
    assert not ends(table1, "depths", lambda _, cell: cell.network == "fcn").clear


@pytest.mark.parametrize(
    ("name", "figure", "along"),
    [
        ("table1", "curves", "depth"),
        ("table1", "rules", "depth"),
        ("table1", "losses", "layer"),
        ("bp_lambda", "mixtures", "bp_lambda"),
        ("two_networks", "a", None),
    ],
)
def test_trends_are_along_x_or_the_lines(name, figure, along):
    assert ends(load(name), figure, lambda s, c: s.fixed(c)).along == along


def test_without_results_there_are_no_ends(table1):
    selection = select(table1, "demo", [])
    assert ends_of(selection, figure_of(table1, "depths"), pd.DataFrame()) is None
