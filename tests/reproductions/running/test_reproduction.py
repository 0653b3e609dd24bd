"""Reproductions: passes, each in the order of an agenda, until nothing is left."""

import dataclasses

import pytest
from sgbench.bench.training import loop
from sgbench.reproductions.running.agenda import Question
from sgbench.reproductions.running.outlook import outlook
from sgbench.reproductions.running.reproduction import reproduce
from sgbench.reproductions.running.request import wanted_cells


class Listener:
    """Takes note of what it is told."""

    def __init__(self, seen):
        self.seen, self.trained = seen, []

    def planned(self, plan, workers):
        self.plan = plan

    def progress(self, program, iteration, point):
        pass

    def finished(self, program, records):
        self.trained += records

    def stopping(self, number):
        pass


@pytest.fixture
def small(request_of):
    """A request of three seeds of one configuration of a moment."""
    return request_of(where=("network=fcn,depth=3,rule=backprop",), seeds=3)


@pytest.fixture
def run():
    """Reproduce; return the summary and what each pass trained, as seeds."""

    def call(requests, judge, **options):
        passes = []

        def listen(seen):
            passes.append(Listener(seen))
            return passes[-1]

        done = reproduce(requests, judge, listen, **options)
        return done, [[record.seed for record in one.trained] for one in passes]

    return call


def asking(seeds_by_records, first=0):
    """A judge whose question asks for a number of seeds, by how many records there are."""

    def judge(request, records):
        seeds = seeds_by_records.get(len(records))
        cell = dataclasses.replace(wanted_cells(request)[first], seed=0)
        return [Question(cells=(cell,), seeds=seeds or 1, decided=seeds is None)]

    return judge


def test_what_a_pass_leaves_undecided_is_asked_again(small, run):
    done, passes = run([small], asking({0: 1, 1: 2}))
    assert passes == [[0], [1], [2]]  # a seed, a seed more, and the rest once it is decided
    assert (done.left, done.written, done.interrupted) == (0, {"ok": 3}, None)


def test_the_rest_is_one_pass(small, run):
    done, passes = run([small], asking({}))
    assert [sorted(seeds) for seeds in passes] == [[0, 1, 2]]
    again, passes = run([small], asking({}))
    assert (passes, again.written, again.left) == ([], {}, 0)
    assert done.written == {"ok": 3}


def test_what_fails_is_not_tried_again(small, run, monkeypatch):
    def broken(job, look):
        raise ArithmeticError("no way")

    monkeypatch.setattr(loop, "train", broken)
    done, passes = run([small], asking({0: 2}))
    assert done.written == {"failed": 3}
    assert passes == [[0, 1], [2]]
    assert done.left == 0
    again = dataclasses.replace(small, retry=("failed",))
    done, passes = run([again], asking({0: 2}))
    trained = sorted(seed for seeds in passes for seed in seeds)
    assert (trained, done.left) == ([0, 1, 2], 0)  # once, and not for ever


def test_what_is_cut_short_is_left_and_gone_on_with(small, run, monkeypatch):
    train = loop.train

    def stopped(job, look):
        return train(job, look if job.cells[0].seed == 0 else lambda *_: True)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "train", stopped)
        patched.setattr(loop, "POLL_SECONDS", 0.0)
        done, passes = run([small], asking({}))
    assert (passes, done.left) == ([[0, 1, 2]], 2)
    assert done.written == {"ok": 1, "timeout": 2}
    done, _ = run([small], asking({}))
    assert (done.left, done.written) == (0, {"ok": 2})


def test_nothing_begins_once_the_time_is_over(small, run):
    done, passes = run([small], asking({}), time_limit=1e-9)
    assert (done.left, done.written, passes) == (3, {}, [])


def test_each_record_is_of_the_exhibit_whose_cell_it_is(small, run):
    other = dataclasses.replace(small, exhibit="deep", where=("depth=6,rule=backprop",))
    done, _ = run([small, other], asking({}))
    assert done.left == 0
    exhibits = {record.depth: record.exhibit for record in small.store.scan()}
    assert exhibits == {3: "table1", 6: "deep"}


def test_ends_are_those_of_workers_that_take_the_next_cell(small):
    seen = outlook([small], asking({}), timed={})
    two = dataclasses.replace(seen, seconds=(4.0, 1.0, 2.0), workers=2)
    assert two.ends == (4.0, 1.0, 3.0)
    assert (two.total, two.reached(3.0, 0), two.reached(None, 0)) == (4.0, 2, 3)
    assert two.seconds_of(0) == 3.5
    unknown = dataclasses.replace(two, seconds=(4.0, None, 2.0))
    assert unknown.ends == (4.0, None, None)
    assert (unknown.total, unknown.seconds_of(0), unknown.reached(9.0, 0)) == (None, None, 1)


def prefix_asking(until, first=0):
    """A judge that asks for the first part of a cell's training until its records have it."""

    def judge(request, records):
        cell = dataclasses.replace(wanted_cells(request)[first], seed=0)
        there = sum(record.iterations_done >= until for record in records)
        return [Question(cells=(cell,), seeds=2, decided=there >= 2, until=until)]

    return judge


def test_first_parts_are_trained_first_and_whole_cells_go_on_from_them(small, monkeypatch):
    jobs = []
    train = loop.train
    monkeypatch.setattr(loop, "train", lambda job, look: (jobs.append(job), train(job, look))[1])
    until = wanted_cells(small)[0].evaluate_every
    passes = []

    def listen(seen):
        passes.append(Listener(seen))
        return passes[-1]

    done = reproduce([small], prefix_asking(until), listen)
    assert [job.pause_at for job in jobs] == [until, until, None, None, None]
    assert [job.cells[0].seed for job in jobs[:2]] == [0, 1]
    parts, wholes = passes
    assert {(r.status, r.iterations_done) for r in parts.trained} == {("partial", until)}
    assert {record.status for record in wholes.trained} == {"ok"}
    assert (done.left, done.written) == (0, {"partial": 2, "ok": 3})
    alone = next(r for r in wholes.trained if r.seed == 0)
    assert [point["iteration"] for point in alone.curve][:2] == [until, 2 * until]


def test_an_outlook_has_the_cost_of_each_step_and_counts_no_update_twice(small):
    until = wanted_cells(small)[0].evaluate_every
    seen = outlook([small], prefix_asking(until), timed={})
    whole = seen.order[0].cell.iterations
    assert (seen.prefixes, seen.deciding, seen.left, seen.next_pass) == (2, 2, 3, 2)
    assert [planned.until for planned in seen.order] == [until, until, whole, whole, whole]
    third = next(n for n, planned in enumerate(seen.order) if planned.cell.seed == 2)
    per_update = seen.seconds[third] / whole
    for n, planned in enumerate(seen.order):
        since = until if n >= 2 and planned.cell.seed < 2 else 0
        assert seen.seconds[n] == pytest.approx(per_update * (planned.until - since))
    assert seen.seconds_of(0) * seen.workers == pytest.approx(3 * whole * per_update)


def test_a_cell_comes_once_a_pass(small):
    cell = dataclasses.replace(wanted_cells(small)[0], seed=0)
    every = cell.evaluate_every

    def judge(request, records):
        return [
            Question(cells=(cell,), seeds=1, decided=False, until=until)
            for until in (2 * every, every)
        ]

    seen = outlook([small], judge, timed={})
    assert [planned.until for planned in seen.order[: seen.prefixes]] == [every, 2 * every]
    assert seen.next_pass == 1
