"""The records of a report, judged."""

from sgbench.bench.cell import Cell
from sgbench.reports.analysis.verdicts.places import NOT_RUN
from sgbench.reports.pages.judged import judge
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.schema import CUSTOM
from sgbench.reproductions.exhibits.where import parse_where


def some(table1, make):
    cells = [c for c in expand(table1, "demo") if (c.network, c.depth) == ("fcn", 3)]
    return [make.record(c, scale="demo") for c in cells if c.rule in ("backprop", "no_bprop")]


def changed(make, cell: Cell):
    return make.record(cell.replace(iterations=7, evaluate_every=7), scale=CUSTOM)


def test_conditions_narrow_what_is_asked_for_and_ran_what_is_shown(table1, make):
    records = some(table1, make)
    whole = judge(table1, "demo", records)
    part = judge(table1, "demo", records, where=parse_where(["rule=backprop,dni", "network=fcn"]))
    shown = judge(table1, "demo", records, ran=True)
    assert {one.cell.rule for one in part.places} == {"backprop", "dni"}
    assert set(part.selection.cells) < set(whole.selection.cells)
    assert {one.cell.rule for one in shown.places} == {"backprop", "no_bprop"}
    assert len(shown.claims) == len(whole.claims)
    assert all(one.verdict != NOT_RUN for one in shown.shown_claims)
    assert len(whole.shown_claims) == len(whole.claims)


def test_cells_that_set_changed_are_counted_and_have_a_scale_of_their_own(table1, make):
    records = some(table1, make)
    custom = [changed(make, record.cell) for record in records[:2]]
    assert judge(table1, "demo", records).custom == 0
    assert judge(table1, "demo", [*records, *custom]).custom == len({one.key for one in custom})
    found = judge(table1, CUSTOM, [*records, *custom])
    assert {cell.iterations for cell in found.selection.cells} == {7}
