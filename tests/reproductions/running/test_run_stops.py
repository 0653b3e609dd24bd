"""Runs that are stopped and go on: by `--until`, by a time limit, by signals."""

import os
import random
import signal
import time

import pytest
from reference.runs import Listener, left_behind, stored
from sgbench.reproductions.running.run import run
from sgbench.reproductions.running.until import Until


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
