"""How long cells take: by records of this machine, of others, by work, or by a short timing."""

import dataclasses

import pytest
from reference.runs import GRID, SMALL
from sgbench.bench.profiling import synthetic_data
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running import rates as module
from sgbench.reproductions.running.plan import EVALUATION_SHARE, work
from sgbench.reproductions.running.rates import Rates, rates_for, time_unknown
from sgbench.results.store.published import open_published
from sgbench.results.store.store import Store

HERE, THERE = "this machine", "another machine"


@pytest.fixture(scope="module")
def records():
    """Two published records of one shape and one of another, of networks on one dataset."""
    found = {}
    for record in open_published().scan():
        if (record.exhibit, record.scale, record.rule) == ("table1", "quick", "backprop"):
            found.setdefault(record.depth, record)
    return found


def of(record, machine, rate):
    return dataclasses.replace(record, machine_class=machine, steps_per_second=rate)


def test_this_machines_records_come_before_others(records):
    cell = records[3].cell
    rates = Rates([of(records[3], HERE, 100.0), of(records[3], THERE, 10.0)], HERE)
    assert rates.basis(cell) == "measured"
    assert rates.seconds(cell) == pytest.approx(cell.iterations / 100 * EVALUATION_SHARE)
    rest = rates.seconds(cell, cell.iterations // 2)
    assert rest == pytest.approx(rates.seconds(cell) / 2)
    elsewhere = Rates([of(records[3], THERE, 10.0)], HERE)
    assert elsewhere.basis(cell) == "elsewhere"
    assert elsewhere.seconds(cell) == pytest.approx(cell.iterations / 10 * EVALUATION_SHARE)


def test_on_a_gpu_other_machines_do_not_count(records):
    rates = Rates([of(records[3], THERE, 10.0)], HERE, others=False)
    assert rates.seconds(records[3].cell) is None
    assert rates.basis(records[3].cell) is None


def test_an_unknown_shape_takes_in_proportion_to_its_work(records):
    rates = Rates([of(records[3], HERE, 100.0)], HERE)
    known, unknown = records[3].cell, records[6].cell
    assert rates.basis(unknown) == "work"
    ratio = (work(unknown) / unknown.iterations) / (work(known) / known.iterations)
    expected = unknown.iterations / 100 * ratio * EVALUATION_SHARE
    assert rates.seconds(unknown) == pytest.approx(expected)


def test_other_data_tells_nothing_of_the_time(records):
    rates = Rates([of(records[3], HERE, 100.0)], HERE)
    digits = next(c for c in expand(load("table1"), "demo") if c.network == "fcn")
    assert rates.seconds(digits) is None


def test_a_total_is_shared_by_the_workers_but_for_the_longest(records):
    rates = Rates([of(records[3], HERE, 100.0)], HERE)
    cell = records[3].cell
    one = rates.seconds(cell)
    assert rates.total([(cell, 0)] * 4, 2) == pytest.approx(2 * one)
    assert rates.total([(cell, 0)], 2) == pytest.approx(one)
    assert rates.total([], 2) == 0
    digits = next(c for c in expand(load("table1"), "demo") if c.network == "fcn")
    assert rates.total([(cell, 0), (digits, 0)], 2) is None


def test_published_records_count_on_a_cpu_only(records):
    cell = records[3].cell
    assert rates_for([], HERE, "cpu").seconds(cell) is not None
    assert rates_for([], HERE, "cuda:0").seconds(cell) is None


def test_what_is_unknown_is_timed_once(tmp_path, monkeypatch):
    asked = []

    def step_seconds(cell, device, matmul, seconds):
        asked.append(cell)
        return 0.5

    monkeypatch.setattr(synthetic_data, "step_seconds", step_seconds)
    cells, timed = expand(load("table1"), "demo"), {}
    rates = Rates([], HERE)
    time_unknown(Store(tmp_path), cells, "cpu", rates, timed)
    assert sorted((c.network, c.dataset) for c in asked) == [("cnn", "digits"), ("fcn", "digits")]
    assert all(rates.seconds(cell) for cell in cells)
    assert rates.seconds(asked[0]) == pytest.approx(0.5 * asked[0].iterations * EVALUATION_SHARE)
    again = Rates([], HERE)
    time_unknown(Store(tmp_path), cells, "cpu", again, timed)
    assert len(asked) == 2
    assert again.seconds(cells[0]) == rates.seconds(cells[0])


def test_a_step_is_timed_without_data(request_of):
    from sgbench.reproductions.running.request import wanted_cells

    cell = wanted_cells(request_of(where=GRID, set=SMALL))[0]
    seconds = synthetic_data.step_seconds(cell, "cpu", "mkl", 0.001)
    assert 0 < seconds < 10
    assert module.TIMING_SECONDS < 1
