"""The tally of a run: what has ended, and the time that is left."""

import random
from dataclasses import replace

import pytest
from sgbench.reports.console.eta import Tally
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.plan import make_plan, shape, work

CELLS = [cell for cell in expand(load("table1"), "demo") if cell.network == "fcn"]


@pytest.fixture
def plan(make):
    """Two cells that are done, one that failed before, three to run."""
    some = [cell for cell in CELLS if cell.rule == "backprop" and cell.depth == 3]
    more = [
        cell for cell in CELLS if cell.rule == "dni" and cell.sg_layers == 2 and cell.depth == 3
    ]
    known = [make.record(some[0]), make.record(some[1])]
    known.append(make.record(some[2], status="failed", reason="it broke"))
    return make_plan([*some, *more], known, machine="made-up")


def ended(plan, make, program, status="ok"):
    (index,) = plan.programs[program]
    return [make.record(plan.cells[index].cell, status=status, reason=None)]


def test_a_tally_counts(plan, make):
    tally = Tally(plan, 2)
    assert (tally.before, tally.cells_left, tally.counts["failed"]) == (2, 3, 1)
    tally.see(0, 100, None)
    assert tally.progress == 3 + 100 / tally.cell(0).iterations
    tally.end(0, ended(plan, make, 0))
    assert (tally.counts["done"], tally.cells_left, tally.progress) == (3, 2, 4)
    tally.end(1, ended(plan, make, 1, "timeout"))
    assert (tally.counts["timeout"], tally.cells_left) == (1, 2)
    tally.end(1, ended(plan, make, 1, "diverged"))
    tally.end(2, ended(plan, make, 2))
    assert (tally.cells_left, tally.seconds_left()) == (0, 0)
    tally.see(2, 10, None)  # late news of what has ended
    assert tally.running == {}


def test_the_time_left_is_by_work_until_it_was_measured(plan, make):
    tally = Tally(plan, 1)
    guess = tally.seconds_left()
    assert guess > 0
    tally.end(0, ended(plan, make, 0))  # 10 s of training and 1 s of evaluation
    assert tally.seconds_left() == pytest.approx(22)
    tally = Tally(plan, 2)
    tally.end(0, ended(plan, make, 0))
    assert tally.seconds_left() == pytest.approx(11)


def test_the_time_left_is_that_of_every_program_added_up(make):
    """Held against the sum over all programs, as it was written before it went by their kinds."""
    plan, dice = make_plan(CELLS, [], machine="made-up"), random.Random(2)
    tally, left = Tally(plan, 3), set(range(len(plan.programs)))
    took, done, measured = 0.0, 0.0, {}  # every cell takes 11 s
    for program in dice.sample(sorted(left), len(left)):
        beside = dice.sample(sorted(left - {program}), min(2, len(left) - 1))
        tally.running.clear()  # seen once, they have no rate of their own
        for other in beside:
            tally.see(other, dice.randrange(1, tally.cell(other).iterations), None)
        tally.end(program, ended(plan, make, program))
        left.discard(program)
        cell = tally.cell(program)
        took, done = took + 11, done + work(cell)
        measured[shape(cell)] = 11 / cell.iterations
        spans = []
        for one in left:
            cell = tally.cell(one)
            each = measured.get(shape(cell), took / done * work(cell) / cell.iterations)
            begun = tally.running[one].iteration if one in tally.running else 0
            spans.append((cell.iterations - begun) * each)
        expected = max([sum(spans) / 3, *spans], default=0.0)
        assert tally.seconds_left() == pytest.approx(expected)
        assert tally.cells_left == len(left)


def test_where_cells_may_end_by_themselves_the_time_left_is_a_bound(make):
    assert Tally(make_plan(CELLS[:2], [make.record(CELLS[0])], machine=None), 1).time_left() == (
        "about 11 s left"
    )
    cells = [replace(cell, patience=2) for cell in CELLS[:2]]
    plan = make_plan([*cells, CELLS[2]], [make.record(cells[0])], machine=None)
    assert Tally(plan, 1).time_left().startswith("at most ")
    assert Tally(make_plan(CELLS[:1], [], machine=None), 1).time_left() == ""


def test_nothing_is_known_before_anything_was_seen(make):
    plan = make_plan(CELLS[:4], [], machine=None)
    assert Tally(plan, 2).seconds_left() is None


def test_a_program_is_named_by_its_first_cell_and_the_number_of_others(make):
    seeds = [cell for cell in CELLS if cell.rule == "backprop" and cell.depth == 3]
    plan = make_plan(seeds, [], machine="made-up", stack=True)
    tally = Tally(plan, 1)
    first, *others = plan.programs[0]
    assert len(others) == 2
    assert tally.name(0) == f"{tally.names[first]} and 2 more"
    assert tally.cell(0) == plan.cells[first].cell
