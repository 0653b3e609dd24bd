"""How long cells train that stop by themselves, read off made-up curves."""

from dataclasses import replace

import pytest
from sgbench.bench.families.family import family_for
from sgbench.reports.analysis.costs.convergence import convergences
from sgbench.reports.analysis.selection.select import select
from sgbench.reproductions.exhibits.exhibit import expand, load

EXAMPLES = 1437 - 1437 // 6  # of digits, without the held-out sixth


@pytest.fixture(scope="module")
def beyond():
    return load("beyond")


@pytest.fixture(scope="module")
def cells(beyond):
    """The cells of one configuration that has patience."""
    wanted = ("fa", 4, 5)
    return [c for c in expand(beyond, "demo") if (c.rule, c.depth, c.patience) == wanted]


def record_of(make, cell, errors, every=10):
    """A record whose curve has these validation errors."""
    made = make.record(cell, 2.0, exhibit="beyond")
    last = dict(made.curve[-1])
    curve = [last | {"iteration": every * (n + 1), "error": e} for n, e in enumerate(errors)]
    return replace(made, curve=tuple(curve))


def test_the_first_of_the_lowest_counts_and_the_seeds_are_apart(beyond, cells, make):
    records = [
        record_of(make, cells[0], [5.0, 3.0, 4.0, 3.0]),
        record_of(make, cells[1], [5.0, None, 2.0, 4.0, 6.0]),
    ]
    (found,) = convergences(select(beyond, "demo", records))
    a_pass = EXAMPLES / cells[0].batch_size
    assert found.lowest == pytest.approx((20 / a_pass, 30 / a_pass))
    assert found.trained == pytest.approx((40 / a_pass, 50 / a_pass))
    work = family_for(cells[0]).work(cells[0]) / cells[0].iterations
    assert found.operations == pytest.approx(25 * 2 * work)
    assert found.limited == 0


def test_who_reaches_the_limit_is_counted(beyond, cells, make):
    every = cells[0].iterations // 2
    records = [record_of(make, cells[0], [5.0, 4.0], every), record_of(make, cells[1], [4.0], 5)]
    (found,) = convergences(select(beyond, "demo", records))
    assert found.limited == 1


def test_cells_that_end_by_a_schedule_and_further_seeds_are_left_out(beyond, cells, make):
    scheduled = [c for c in expand(beyond, "demo") if c.rule == "fa" and c.patience is None]
    assert convergences(select(beyond, "demo", [make.record(c, 2.0) for c in scheduled])) == []
    further = record_of(make, replace(cells[0], seed=7), [5.0, 4.0])
    records = [record_of(make, cells[0], [5.0, 3.0]), further]
    (found,) = convergences(select(beyond, "demo", records))
    assert len(found.lowest) == 1


def test_texts_have_bits_and_no_passes_over_examples(table2, make):
    records = make.grid(table2, "quick", lambda cell: cell.dataset == "ptb")
    assert records
    assert convergences(select(table2, "quick", records)) == []
