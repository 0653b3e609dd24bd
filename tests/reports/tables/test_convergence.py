"""The table of how long cells train that stop by themselves."""

import pytest
from sgbench.reports.analysis.costs.convergence import Convergence
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.tables.convergence import convergence_table, note
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture(scope="module")
def selection():
    return select(load("beyond"), "demo", [])


def found_of(cell, lowest=(4.0, 9.0), limited=0):
    return Convergence(
        cell=cell,
        lowest=lowest,
        trained=tuple(passes + 5 for passes in lowest),
        limited=limited,
        operations=2.5e12,
    )


def cell_of(rule, depth, top_weight=None, patience=5):
    wanted = (rule, depth, top_weight, patience)
    cells = expand(load("beyond"), "demo")
    return next(c for c in cells if (c.rule, c.depth, c.value("top_weight"), c.patience) == wanted)


def test_it_is_laid_out_as_the_exhibit(selection):
    some = [
        found_of(cell_of("deep_supervision", 4)),
        found_of(cell_of("dfa", 6), (2.0, 4.0, 30.0)),
        found_of(cell_of("deep_supervision", 4, 0.0), (7.0,)),
    ]
    table = convergence_table(selection, some)
    assert [stub for stub, _ in table.rows] == [
        ("deep supervision", "\N{EN DASH}"),
        ("deep supervision", "heads alone"),
        ("DFA", "\N{EN DASH}"),
    ]
    heads = ("lowest after", "trained for", "operations")
    groups = ("digits FCN depth 4", "digits FCN depth 6")
    assert table.columns == tuple((group, head) for group in groups for head in heads)
    lines = [[entry.lines for entry in entries] for _, entries in table.rows]
    assert lines[0] == [("6.5 (4 to 9)",), ("11.5",), ("2.5",), (), (), ()]
    assert lines[1][0] == ("7.0",)
    assert lines[2][3:] == [("12.0 (2 to 30)",), ("17.0",), ("2.5",)]


def test_settings_that_the_layout_does_not_tell_apart_have_a_row_each(selection):
    some = [found_of(cell_of("dfa", 4)), found_of(cell_of("dfa", 4, patience=None))]
    table = convergence_table(selection, some)
    assert len({stub for stub, _ in table.rows}) == 2
    assert table.stubs == ("cells",)


def test_without_any_there_is_no_table(selection):
    assert convergence_table(selection, []) is None


def test_the_note_says_what_ends_training_and_who_did_not_converge(selection):
    assert "not fallen for 5 evaluations" in note([found_of(cell_of("dfa", 4))])
    assert "limit" not in note([found_of(cell_of("dfa", 4))])
    assert note([found_of(cell_of("dfa", 4), limited=2)]).endswith(
        "2 cells ended at the limit of the schedule instead."
    )
