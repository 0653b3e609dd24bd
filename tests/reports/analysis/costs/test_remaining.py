"""The time that is left: by the speeds of records and timings, for cells that have no record."""

from dataclasses import replace

import pytest
from reference.speeds import FCN, timings
from reference.timings import timing_of
from sgbench.reports.analysis.costs.remaining import CORES, Costs, in_words, missing
from sgbench.reports.analysis.selection.select import select
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.running.plan import EVALUATION_SHARE


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (90, "1 min 30 s"),
        (2 * 86400, "2 d"),
        (51.4 * 86400, "51 days"),
        (800 * 86400, "2.2 years"),
        (0, "nothing is left"),
        (None, "unknown"),
    ],
)
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words


def fcn(table1, scale):
    return [c for c in expand(table1, scale) if (c.dataset, c.network) == ("mnist", "fcn")]


def test_what_has_a_whole_record_is_not_left_whatever_came_of_it(table1, make):
    cells = fcn(table1, "paper")
    records = [make.record(cell, scale="paper") for cell in cells[:4]]
    records[1] = replace(records[1], status="diverged", test_error=None)
    records[2] = replace(records[2], status="partial", test_error=None, iterations_done=9)
    selection = select(table1, "paper", records)
    left = missing(selection)
    assert len(left) == selection.wanted - 3
    assert cells[2] in left
    assert not {cells[0], cells[1], cells[3]} & set(left)


def test_cells_take_their_updates_at_the_speed_of_their_like_on_two_cores(table1, make):
    cell, *others = fcn(table1, "paper")
    costs = Costs([make.record(cell.replace(seed=1))])  # 100 updates a second
    each = cell.iterations / 100 * EVALUATION_SHARE
    assert costs.seconds([cell.replace(seed=n) for n in range(6)]) == pytest.approx(6 * each / 2)
    assert costs.seconds([cell]) == pytest.approx(each)  # one program takes one core
    assert costs.seconds([]) == 0
    assert costs.seconds(others) > 0  # by their multiplications
    assert CORES == 2


GPU = {"device": "A GPU", "matmul": "cublas", "cuda": "12.8"}


@pytest.mark.parametrize("changes", [{"replicas": 10}, GPU])
def test_what_ran_together_or_on_a_gpu_tells_nothing_of_a_core(table1, make, changes):
    cell = fcn(table1, "paper")[0]
    some = [make.record(cell.replace(seed=seed)) for seed in range(3)]
    others = [replace(record, **changes, steps_per_second=9000.0) for record in some[:2]]
    assert Costs([*others, some[2]]).seconds([cell]) == Costs([some[2]]).seconds([cell])
    assert Costs(others).seconds([cell]) is None
    timed = [timing_of(cell, **({"session": "two"} | changes))]
    assert Costs([some[2]], timed).seconds([cell]) == Costs([some[2]]).seconds([cell])
    assert Costs([], timed).seconds([cell]) is None


def test_a_network_of_other_data_goes_by_its_multiplications_and_an_unknown_one_has_no_time(table1):
    timed = timings(depth=3, **FCN)
    of_other = [c for c in expand(table1, "paper") if (c.dataset, c.network) == ("cifar10", "fcn")]
    convolutions = [c for c in expand(table1, "paper") if c.network == "cnn"]
    assert Costs([], timed).seconds(of_other) > 0
    assert Costs([], timed).seconds(convolutions) is None
    assert Costs([], []).seconds(of_other) is None


def test_timings_come_before_records_in_whatever_order(table1, make):
    timed = timings(depth=3, **FCN)
    record = make.record(timed[0].trained)
    cells = [timing.trained for timing in timed]
    found = {Costs([record], some).seconds(cells) for some in (timed, timed[::-1])}
    assert len(found) == 1
    assert found != {Costs([record]).seconds(cells)}
