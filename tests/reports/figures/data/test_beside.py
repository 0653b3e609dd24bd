"""What stands beside results: other rules under the same protocol."""

import math
import statistics

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture(scope="module")
def exhibit():
    return load("bp_lambda")


def mixtures(exhibit, records):
    drawings = series.drawings(select(exhibit, "quick", records), records)
    return next(drawing for drawing in drawings if drawing.name.startswith("mixtures"))


def same_protocol(table1, make, **values):
    """Records of Table 1 in what the sweep over lambda has: MNIST, depth 4 and 6, linear M."""
    wanted = {"dataset": "mnist", "network": "fcn"} | values
    cells = [
        c for c in expand(table1, "quick", seeds=2)
        if all(c.value(name) == value for name, value in wanted.items()) and c.depth in (4, 6)
    ]  # fmt: skip
    return [make.record(cell, scale="quick") for cell in cells]


def test_bprop_and_dni_of_another_exhibit_are_lines_of_reference(exhibit, table1, make):
    bprop = same_protocol(table1, make, rule="backprop")
    dni = same_protocol(table1, make, rule="dni", sg_layers=0)
    others = same_protocol(table1, make, rule="dni", sg_layers=2)  # of another M
    own = make.grid(exhibit, "quick")
    found = mixtures(exhibit, [*own, *bprop, *dni, *others]).references
    assert sorted(zip(found["label"], found["line"], strict=True)) == [
        ("DNI", "4"), ("DNI", "6"), ("bprop", "4"), ("bprop", "6"),
    ]  # fmt: skip
    (six,) = found[(found["rule"] == "dni") & (found["line"] == "6")]["y"]
    assert six == pytest.approx(statistics.mean(r.test_error for r in dni if r.depth == 6))


def test_they_are_said_in_the_caption(exhibit, table1, make):
    records = [*make.grid(exhibit, "quick"), *same_protocol(table1, make, rule="backprop")]
    assert "means of 2 seeds of bprop" in mixtures(exhibit, records).notes[0]


def test_of_another_schedule_there_are_none(exhibit, table1, make):
    cells = expand(table1, "quick", {"iterations": 999}, seeds=1)
    others = [make.record(c, scale="custom") for c in cells if c.rule == "backprop"]
    drawing = mixtures(exhibit, [*make.grid(exhibit, "quick"), *others])
    assert drawing.references.empty
    assert "Horizontal" not in drawing.notes[0]


def test_the_papers_values_before_the_end_stand_beside_their_lines(table1, table2, make):
    def first(exhibit, name, **fields):
        records = make.grid(exhibit, "quick", lambda cell: cell.has(fields))
        found = series.drawings(select(exhibit, "quick", records))
        return next(drawing for drawing in found if drawing.name.startswith(name))

    shown = ["x", "y", "low", "high"]
    curves = first(table1, "curves", dataset="mnist", network="fcn")
    early = curves.early.set_index(["column", "line"])
    assert len(early) == 7
    assert early.loc[[("DNI", "6")], shown].to_numpy().tolist() == [[600.0, 5.5, 5.0, 6.0]]
    (under,) = early.loc[[("cDNI", "4")], shown[:3]].to_numpy().tolist()
    assert under == [40.0, 2.0, -math.inf]
    said = "Hollow: the paper's values at the same share of its own training, before the end read"
    assert f"{said} off its curves to ± 0.2 to 0.5 points; an arrow" in curves.notes[0]
    assert "The paper has no value for top only." in curves.notes[0]
    assert first(table1, "cosines", dataset="mnist", network="fcn").early.empty
    steps = first(table2, "progression", dataset="repeat_copy").early
    of_two = steps[(steps["column"] == "DNI+Aux") & (steps["line"] == "2")]
    assert of_two[shown].iloc[0].tolist() == [208.0, 28, 23, 33]
