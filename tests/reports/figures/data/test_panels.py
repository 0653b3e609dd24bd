"""Panels and lines of cells: their labels, and what tells cells apart."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures.data.panels import apart, lines, ordered, panels
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture(scope="module")
def table1():
    return load("table1")


def figure_of(exhibit, **changes):
    return replace(
        exhibit.figures[0], **{"kind": "curves", "x": "iteration", "y": "error", **changes}
    )


def test_rows_are_what_panels_and_lines_leave_open(table1):
    cells = [c for c in expand(table1, "demo", seeds=1) if c.depth in (3, 4)]
    selection = select(table1, "demo", [])
    by_rule = panels(selection, figure_of(table1, panels="rule", lines="depth"), cells)
    assert set(by_rule["row"]) == {""}
    assert list(by_rule["column"].cat.categories) == [
        "no-bprop",
        "top only",
        "bprop",
        "DNI",
        "cDNI",
    ]
    by_depth = panels(selection, figure_of(table1, panels="depth", lines="layer"), cells)
    assert list(by_depth["row"].cat.categories) == ["no-bprop", "top only", "bprop", "DNI", "cDNI"]
    assert list(by_depth["column"].cat.categories) == ["3 layers", "4 layers"]


def test_cells_that_a_figure_tells_apart_need_no_more(table1):
    cells = [c for c in expand(table1, "demo", seeds=1) if not c.sg_layers]
    assert apart(
        select(table1, "demo", []), figure_of(table1, panels="rule", lines="depth"), cells
    ) == (
        ["dataset", "network"],
        [],
    )
    assert apart(
        select(table1, "demo", []), figure_of(table1, panels="dataset", lines="depth"), cells
    ) == (["network"], [])


def test_a_field_of_all_cells_splits_the_figure(table1):
    cells = [c for c in expand(table1, "demo", seeds=1) if not c.sg_layers]
    split, added = apart(
        select(table1, "demo", []), figure_of(table1, panels="network", lines="rule"), cells
    )
    assert (split, added) == (["dataset", "depth"], [])


def test_a_field_of_few_values_splits_the_lines(table1):
    cells = [c for c in expand(table1, "demo", seeds=1) if c.rule == "backprop"]
    split, added = apart(
        select(table1, "demo", []), figure_of(table1, panels="network", lines="rule"), cells
    )
    assert (split, added) == (["dataset"], ["depth"])


def test_a_field_of_some_cells_splits_their_lines(table1):
    cells = [
        cell
        for cell in expand(table1, "demo", seeds=1)
        if (cell.network, cell.depth) == ("fcn", 4) and cell.rule in ("backprop", "dni")
    ]
    figure = figure_of(table1, panels="network", lines="rule")
    split, added = apart(select(table1, "demo", []), figure, cells)
    assert (split, added) == (["dataset"], ["sg_layers"])
    labels = lines(select(table1, "demo", []), figure, cells, added)
    assert labels == ["bprop", "DNI sg_layers=0", "DNI sg_layers=1", "DNI sg_layers=2"]
    by_layer = apart(
        select(table1, "demo", []), figure_of(table1, panels="rule", lines="layer"), cells
    )
    assert by_layer == (["dataset", "network", "sg_layers"], [])  # layers have no label to add to


@pytest.fixture(scope="module")
def beyond():
    return load("beyond")


def test_what_only_some_cells_of_a_rule_have_splits_its_lines(beyond):
    """A rule's own number that some of its cells lack: the ladder has a line for either."""
    figure = next(figure for figure in beyond.figures if figure.name == "ladder")
    cells = [
        cell
        for cell in expand(beyond, "demo", seeds=1)
        if cell.rule in figure.rules and cell.depth == 4 and cell.network == "fcn"
    ]
    selection = select(beyond, "demo", [])
    split, added = apart(selection, figure, cells)
    assert (split, added) == (["dataset", "network"], ["top_weight"])
    names = ["bprop", "deep supervision", "deep supervision heads alone", "local pred"]
    assert set(lines(selection, figure, cells, added)) == set(names)
    assert list(panels(selection, figure, cells)["column"].cat.categories) == [
        "equal passes",
        "own convergence",
    ]


def test_a_field_whose_absence_has_a_label_splits_the_figure(beyond):
    """And not what follows from it: schedules differ with the budget."""
    figure = next(figure for figure in beyond.figures if figure.name == "passes")
    cells = [c for c in expand(beyond, "demo", seeds=1) if c.rule in figure.rules]
    split, added = apart(select(beyond, "demo", []), figure, cells)
    assert (split, added) == (["dataset", "network", "patience"], [])


def test_labels_keep_the_order_that_is_given():
    assert list(ordered(["b", "a", "b"]).cat.categories) == ["b", "a"]
    assert list(ordered(["b"], ["a", "b"]).cat.categories) == ["a", "b"]
