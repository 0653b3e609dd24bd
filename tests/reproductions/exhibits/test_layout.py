"""Layouts that are extended until each cell has a place of its own."""

from sgbench.reproductions.exhibits.layout import extended, tells_apart
from sgbench.reproductions.exhibits.schema import Layout

LAYOUT = Layout(rows=("depth",), columns=("dataset", "rule"))


def point(**fields):
    return {"dataset": "digits", "rule": "dni", "depth": 3} | fields


def test_a_layout_that_tells_all_apart_stays_as_it_is():
    assert extended(LAYOUT, [point(), point(depth=4), point(rule="cdni")]) == LAYOUT
    assert extended(LAYOUT, []) == LAYOUT
    assert extended(None, [point(), point()]) is None


def test_rows_are_added_as_far_as_they_are_needed():
    points = [point(sg_layers=0, T=2), point(sg_layers=1, T=2), point(sg_layers=1, T=2, depth=4)]
    assert extended(LAYOUT, points).rows == ("depth", "sg_layers")
    assert extended(LAYOUT, points).columns == LAYOUT.columns


def test_a_field_that_is_absent_differs_from_any_value():
    assert tells_apart(["T"], [point(), point(T=1)])
    assert not tells_apart(["T"], [point(), point()])
