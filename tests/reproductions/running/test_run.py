"""The runner: what is missing is trained, every record is durable, nothing is lost on the way."""

import dataclasses
import functools
import os
import random
import re
import signal
import time

import pytest
from reference.runs import GRID, SMALL, Listener, left_behind, stored, untimed
from sgbench.bench.engine import here, local_pool
from sgbench.bench.errors import DataError, StoreError, UsageError
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.profiling import memory_estimate
from sgbench.bench.training import loop
from sgbench.reproductions.running import plan as plans
from sgbench.reproductions.running import run as run_module
from sgbench.reproductions.running.backend import known_class
from sgbench.reproductions.running.run import run
from sgbench.reproductions.running.until import Until
from sgbench.results.store.store import Store


@pytest.fixture
def look_often(monkeypatch):
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)


UNDISTURBED = {}


@pytest.fixture
def whole(request_of):
    """What the small grid gives when nothing disturbs it; trained once, by the first test."""
    if not UNDISTURBED:
        request = request_of("undisturbed")
        assert run(request, Listener()).written == {"ok": 8}
        UNDISTURBED.update(stored(request.store))
    return dict(UNDISTURBED)


def test_a_run(request_of):
    request, listener = request_of(), Listener()
    summary = run(request, listener)
    assert (summary.written, summary.left, summary.interrupted) == ({"ok": 8}, 0, None)
    assert (listener.workers, listener.plan.counts()) == (1, {"missing": 8})
    assert stored(request.store) == untimed(listener.records)
    assert len(listener.records) == 8
    assert left_behind(request.store) == []
    for record in listener.records:
        assert (record.exhibit, record.scale, record.status) == ("table1", "custom", "ok")
        assert [point["iteration"] for point in record.curve] == [4, 8, 9]
        assert record.test_error == record.curve[-1]["error"]
        assert record.validation_error is None
        assert record.machine_class == known_class(request.store, "cpu")
        assert record.data_canonical


def test_a_second_run_has_nothing_to_do(request_of, monkeypatch):
    request = request_of()
    run(request, Listener())
    before = {p: p.stat().st_mtime_ns for p in request.store.path.rglob("*")}
    listener = Listener()
    monkeypatch.setattr(loop, "train", None)
    summary = run(request, listener)
    assert (summary.written, summary.left) == ({}, 0)
    assert listener.plan.counts() == {"done": 8}
    assert (listener.workers, listener.records) == (0, [])
    assert {p: p.stat().st_mtime_ns for p in request.store.path.rglob("*")} == before


def test_more_seeds_train_only_the_new_ones(request_of):
    run(request_of(), Listener())
    listener = Listener()
    assert run(request_of(seeds=2), listener).written == {"ok": 8}
    assert {record.seed for record in listener.records} == {1}
    assert listener.plan.counts() == {"done": 8, "missing": 8}


def test_a_record_is_durable_before_it_is_heard_of(request_of):
    request, seen = request_of(), []

    def finished(program, records):
        on_disk = untimed(Store(request.store.path).scan())
        assert all(on_disk[r.id] == untimed([r])[r.id] for r in records)
        seen.append(program)

    run(request, Listener(finished=finished))
    assert seen == list(range(8))


def test_a_validation_split_gives_validation_errors(request_of):
    request = request_of(set=(*SMALL, "split=validation"), where=(*GRID, "rule=cdni,depth=3"))
    run(request, Listener())
    (record,) = request.store.scan()
    assert record.test_error is record.test_loss is None
    assert record.validation_error == record.curve[-1]["error"]


class TestUntil:
    """`--until`: the first part of a schedule, which goes on later."""

    def test_a_part_is_the_whole_schedule_up_to_there(self, request_of, whole):
        request, listener = request_of(until=Until(updates=4)), Listener()
        summary = run(request, listener)
        assert (summary.written, summary.left) == ({"partial": 8}, 0)
        for record in stored(request.store).values():
            complete = whole[record.id]
            assert (record.iterations, record.iterations_done) == (9, 4)
            assert record.curve == complete.curve[:1]
            assert record.test_error is None
        assert len(left_behind(request.store)) == 8  # checkpoints

    def test_what_is_done_is_not_trained_again(self, request_of, look_often):
        run(request_of(until=Until(updates=4)), Listener())
        listener = Listener()
        assert run(request_of(until=Until(updates=4)), listener).written == {}
        assert listener.plan.counts() == {"done": 8}
        assert run(request_of(until=Until(updates=8)), listener).written == {"partial": 8}
        assert min(i for _, i in listener.heard) >= 4

    def test_the_rest_follows_bit_for_bit(self, request_of, whole):
        run(request_of(until=Until(updates=4)), Listener())
        listener = Listener()
        assert run(request_of(), listener).written == {"ok": 8}
        assert listener.plan.counts() == {"partial": 8}
        assert stored(request_of().store) == whole
        assert left_behind(request_of().store) == []
        assert run(request_of(until=Until(updates=4)), Listener()).written == {}

    def test_a_shorter_part_takes_no_longer_ones_place(self, request_of, look_often, monkeypatch):
        request = request_of(until=Until(updates=8))
        run(request, Listener())
        longer, now = stored(request.store), time.time
        for checkpoint in request.store.path.rglob("*.pt"):
            checkpoint.unlink()

        def late(program, iteration):
            if iteration == 5:
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        run(request_of(time_limit=3600.0), Listener(progress=late))  # anew, to iteration 5
        assert stored(request.store) == longer

    def test_between_two_evaluations_it_goes_on_to_the_next(self, request_of):
        run(request_of(until=Until(updates=5)), Listener())
        assert {r.iterations_done for r in stored(request_of().store).values()} == {8}


class TestStops:
    @pytest.fixture(autouse=True)
    def often(self, look_often):
        pass

    def test_a_time_limit_leaves_timeouts_that_go_on(self, request_of, whole, monkeypatch):
        request = request_of(time_limit=3600.0)
        now = time.time

        def late(program, iteration):
            if (program, iteration) == (2, 5):
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        listener = Listener(progress=late)
        summary = run(request, listener)
        monkeypatch.setattr(time, "time", now)
        assert (summary.written, summary.left) == ({"ok": 2, "timeout": 1}, 6)
        cut = listener.records[-1]
        assert (cut.status, cut.iterations_done, cut.test_error) == ("timeout", 5, None)
        assert len(left_behind(request.store)) == 1
        heard = Listener()
        summary = run(request_of(), heard)
        assert (summary.written, summary.left) == ({"ok": 6}, 0)
        assert heard.plan.counts() == {"done": 2, "missing": 5, "timeout": 1}
        ids = [heard.plan.cells[index].id for (index,) in heard.plan.programs]
        assert min(iteration for p, iteration in heard.heard if ids[p] == cut.id) == 5
        assert stored(request.store) == whole
        assert left_behind(request.store) == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_saves_what_runs(self, request_of, whole, number):
        request, handlers = request_of(), [signal.getsignal(n) for n in (2, 15)]

        def interrupt(program, iteration):
            if (program, iteration) == (3, 7):
                os.kill(os.getpid(), number)

        listener = Listener(progress=interrupt)
        summary = run(request, listener)
        assert (summary.interrupted, summary.left) == (number, 5)
        assert summary.written == {"ok": 3}
        assert number in listener.heard
        assert len(left_behind(request.store)) == 1
        assert [signal.getsignal(n) for n in (2, 15)] == handlers
        assert run(request, Listener()).written == {"ok": 5}
        assert stored(request.store) == whole
        assert left_behind(request.store) == []

    def test_a_second_signal_ends_at_once(self, request_of, whole):
        request = request_of()

        def interrupt(program, iteration):
            if program == 1:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            run(request, Listener(progress=interrupt))
        run(request, Listener())
        assert stored(request.store) == whole

    def test_many_interruptions(self, request_of, whole):
        request, dice, stops = request_of(), random.Random(4), 0
        while len(stored(request.store)) < 8:
            left = dice.randrange(1, 12)

            def interrupt(program, iteration):
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGTERM)

            stops += run(request, Listener(progress=interrupt)).interrupted is not None
        assert stops > 5
        assert stored(request.store) == whole
        assert left_behind(request.store) == []


class TestFailures:
    @pytest.fixture
    def broken(self, monkeypatch):
        """Have programs of a rule raise while it is in the list."""
        real, rules = loop.train, ["dni"]

        def sometimes(job, should_stop):
            if job.cells[0].rule in rules:
                raise ArithmeticError("no such gradient")
            return real(job, should_stop)

        monkeypatch.setattr(loop, "train", sometimes)
        return rules

    def test_the_grid_goes_on_and_retry_mends_it(self, request_of, whole, broken):
        request = request_of()
        summary = run(request, Listener())
        assert (summary.written, summary.left) == ({"ok": 6, "failed": 2}, 0)
        failed = [r for r in stored(request.store).values() if r.status == "failed"]
        assert {(r.rule, r.error, r.test_error) for r in failed} == {
            ("dni", "ArithmeticError: no such gradient", None)
        }
        broken.clear()
        for retry in ((), ("diverged",)):
            assert run(request_of(retry=retry), Listener()).written == {}
        assert run(request_of(retry=("failed",)), Listener()).written == {"ok": 2}
        assert stored(request.store) == whole

    def test_a_cell_too_large_for_the_memory_fails_and_the_others_go_on(
        self, request_of, whole, monkeypatch
    ):
        request, needed = request_of(), memory_estimate.needed
        with monkeypatch.context() as patch:
            patch.setattr(
                memory_estimate,
                "needed",
                lambda cell, _=1: 2**50 if cell.rule == "cdni" else needed(cell),
            )
            summary = run(request, Listener())
        assert (summary.written, summary.left) == ({"ok": 6, "failed": 2}, 0)
        for record in stored(request.store).values():
            if record.rule == "cdni":
                assert record.status == "failed"
                assert record.error.startswith("MemoryError: it needs about 1,048,576.0 GiB, and ")
        assert run(request_of(retry=("failed",)), Listener()).written == {"ok": 2}
        assert stored(request.store) == whole

    def test_memory_that_ends_in_training_is_told_with_the_need(self, request_of, monkeypatch):
        def short(job, should_stop):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")

        monkeypatch.setattr(loop, "train", short)
        request = request_of()
        assert run(request, Listener()).written == {"failed": 8}
        for record in stored(request.store).values():
            assert re.fullmatch(
                r"RuntimeError: it needs about [\d.]+ GiB, and [\d.,]+ GiB are free:"
                r" DefaultCPUAllocator: can't allocate memory: you tried",
                record.error,
            )

    def test_what_failed_keeps_its_checkpoint(self, request_of, whole, look_often, monkeypatch):
        """A want of memory, or a worker that is lost, costs no training that was done."""

        def interrupt(program, iteration):
            if (program, iteration) == (1, 5):
                os.kill(os.getpid(), signal.SIGTERM)

        run(request_of(), Listener(progress=interrupt))
        request = request_of()
        with monkeypatch.context() as patch:
            patch.setattr(memory_estimate, "needed", lambda cell, _=1: 2**50)
            assert run(request, Listener()).written == {"failed": 7}
        assert len(left_behind(request.store)) == 1
        heard = Listener()
        assert run(request_of(retry=("failed",)), heard).written == {"ok": 7}
        begun = {}
        for program, iteration in heard.heard:
            begun.setdefault(program, iteration)
        assert sorted(begun.values()) == [0] * 6 + [5]
        assert stored(request.store) == whole
        assert left_behind(request.store) == []

    def test_a_failure_that_stays_is_one_record(self, request_of, broken):
        run(request_of(), Listener())
        again = run(request_of(retry=("failed", "diverged")), Listener())
        assert again.written == {"failed": 2}
        assert len(stored(request_of().store)) == 8

    def test_what_diverged_is_no_result(self, request_of, whole, monkeypatch):
        request, step = request_of(), FeedForwardProgram.step
        with monkeypatch.context() as patch:

            def poisoned(program):
                step(program)
                if program.cells[0].rule == "cdni" and program.iteration == 3:
                    program.network.weights.flat.fill_(float("nan"))

            patch.setattr(FeedForwardProgram, "step", poisoned)
            summary = run(request, Listener())
        assert summary.written == {"ok": 6, "diverged": 2}
        for record in stored(request.store).values():
            if record.rule == "cdni":
                assert (record.status, record.iterations_done) == ("diverged", 4)
                assert record.error == "loss not finite at iteration 4"
                assert record.test_error is record.test_loss is record.train_error is None
                assert record.curve[-1]["loss"] is None
        assert run(request_of(retry=("failed",)), Listener()).written == {}
        assert run(request_of(retry=("diverged",)), Listener()).written == {"ok": 2}
        assert stored(request.store) == whole


class TestBadInput:
    def test_missing_data_is_said_before_anything_is_done(self, request_of, tmp_path):
        listener = Listener()
        request = request_of(scale="quick", where=("dataset=mnist",), data_dir=str(tmp_path))
        with pytest.raises(DataError, match="mnist"):
            run(request, listener)
        assert listener.plan is None
        assert list(request.store.scan()) == []

    def test_data_that_vanishes_is_no_failed_cell(self, request_of, monkeypatch):
        def gone(dataset, data_dir, corpus):
            raise DataError("digits: gone")

        monkeypatch.setattr(loop, "_load", gone)
        request = request_of()
        with pytest.raises(DataError, match="gone"):
            run(request, Listener())
        assert list(request.store.scan()) == []

    def test_a_batch_larger_than_the_data_is_no_failed_cell(self, request_of):
        request = request_of(set=("batch_size=1438", "iterations=1"))
        with pytest.raises(UsageError, match="batch_size=1438"):
            run(request, Listener())
        assert list(request.store.scan()) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"exhibit": "table9"},
            {"scale": "huge"},
            {"where": ("depth=17",)},
            {"where": ("colour=red",)},
            {"set": ("iterations=0",)},
            {"set": ("learning_rate=nan",)},
            {"set": ("colour=red",)},
            {"seeds": 0},
            {"device": "gpu"},
            {"device": "cuda:99"},
        ],
        ids=str,
    )
    def test_a_bad_request_makes_nothing(self, request_of, changes):
        request = dataclasses.replace(request_of(), **changes)
        with pytest.raises(UsageError) as caught:
            run(request, Listener())
        assert "\n" not in str(caught.value)
        assert not request.store.path.exists()

    @pytest.mark.parametrize("name", ["machines", "records"])
    def test_a_store_that_cannot_be_written(self, request_of, name):
        request = request_of()
        request.store.path.mkdir()
        (request.store.path / name).touch()  # in the way of a folder
        with pytest.raises(StoreError, match=str(request.store.path)) as caught:
            run(request, Listener())
        assert caught.value.exit_code == 5

    def test_a_broken_record_is_named_and_its_cell_trained_anew(self, request_of, whole):
        request = request_of()
        run(request, Listener())
        broken = sorted((request.store.path / "records").rglob("*.json"))[3]
        broken.write_bytes(broken.read_bytes()[:200])
        again = request_of()
        assert run(again, Listener()).written == {"ok": 1}
        assert [broken.name in warning for warning in again.store.warnings] == [True]
        assert stored(request.store) == whole


class TestTwoRunsAtOnce:
    def test_both_succeed(self, request_of, whole):
        inner = Listener()

        def meanwhile(program, records):
            if program == 2:
                run(request_of(), inner)

        summary = run(request_of(), Listener(finished=meanwhile))
        assert summary.written == {"ok": 8}
        assert len(inner.records) == 5
        assert stored(request_of().store) == whole

    @pytest.mark.parametrize("status", ["timeout", "failed"])
    def test_a_result_is_never_replaced_by_the_lack_of_one(
        self, request_of, whole, status, look_often, monkeypatch
    ):
        """The other run brings the cell to its end while this one is cut short in it."""
        now, other = time.time, request_of()

        def meanwhile(program, iteration):
            if (program, iteration) == (3, 6):
                run(other, Listener())
                if status == "failed":
                    raise ArithmeticError
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        listener = Listener(progress=meanwhile)
        summary = run(request_of(time_limit=3600.0), listener)
        assert stored(other.store) == whole
        assert summary.written["ok"] >= 4
        assert status not in summary.written
        assert untimed(listener.records[3:4]).items() <= whole.items()
        assert left_behind(other.store) == []


def test_a_stack_gives_the_records_of_its_cells_each_alone(request_of, monkeypatch):
    """What is one program on a GPU, on the CPU: float64, where the two agree closely."""
    asked = {
        "where": ("rule=dni", "p_update=0.2,0.6", "decoupled=both"),
        "set": (*SMALL, "precision=float64"),
        "seeds": 2,
    }

    def trained(store, stack):
        request = dataclasses.replace(request_of(store, **asked), exhibit="p_update")
        plan = functools.partial(plans.make_plan, stack=stack)
        monkeypatch.setattr(
            run_module,
            "plan_of",
            lambda r, cells, records, here, _: plan(cells, records, machine=here),
        )
        listener = Listener()
        assert run(request, listener).left == 0
        assert [len(program) for program in listener.plan.programs] == ([4] if stack else [1] * 4)
        assert {record.replicas for record in listener.records} == {4 if stack else 1}
        return stored(request.store)

    together, alone = trained("together", stack=True), trained("alone", stack=False)
    assert together.keys() == alone.keys()
    for id_, record in together.items():
        assert record.test_loss == pytest.approx(alone[id_].test_loss, rel=1e-6)
        assert [p["updates"] for p in record.curve] == [p["updates"] for p in alone[id_].curve]


def test_a_run_whose_workers_cannot_start_goes_on_in_one_process_and_says_so(
    request_of, monkeypatch
):
    """As with a read-only /dev/shm, or without a network of its own."""

    def fail(**options):
        raise RuntimeError("Nanny failed to start.") from OSError(30, "Read-only file system")

    monkeypatch.setattr(here, "START_SECONDS", 0.0)
    monkeypatch.setattr(local_pool, "_local_cluster", fail)
    told, one = [], request_of("one")
    assert run(request_of("two", jobs=2), Listener(), say=told.append).written == {"ok": 8}
    assert [line for line in told if "workers cannot start here (OSError" in line] == told
    assert len(told) == 1
    run(one, Listener())
    assert stored(request_of("two").store) == stored(one.store)
