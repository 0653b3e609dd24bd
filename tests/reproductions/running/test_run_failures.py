"""Runs in which cells fail, input is bad, or another run works on the same store."""

import dataclasses
import os
import re
import signal
import time

import pytest
from reference.runs import Listener, left_behind, stored, untimed
from sgbench.bench.errors import DataError, StoreError, UsageError
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.profiling import memory_estimate
from sgbench.bench.training import loop
from sgbench.reproductions.running.run import run


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
