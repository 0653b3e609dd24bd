"""Timing with a clock that is set by hand: what counts, what does not, and in which order."""

import statistics

import pytest
import torch
from reference.costs import feed_forward
from reference.counting import tiny_pair
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.families.pair.program import PairProgram
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn import products
from sgbench.bench.profiling import interleaved, timing
from sgbench.bench.profiling.clock import CpuClock
from sgbench.bench.profiling.step_profile import PARTS

DEFAULT = products.available()[0]


class FakeClock:
    """A clock that (nearly) stands still but for what is said to take time."""

    def __init__(self, tick=1e-9):
        self.now, self._tick = 0.0, tick

    def mark(self):
        self.now += self._tick
        return self.now

    def between(self, start, end):
        return end - start


class Slow:
    """A program whose steps take so many seconds of the clock, the first ones longer."""

    def __init__(self, program, clock, seconds, first=0.0, log=None):
        self._program, self._clock, self._seconds, self._first = program, clock, seconds, first
        self.done, self._log = 0, [] if log is None else log

    def __getattr__(self, name):
        return getattr(self._program, name)

    def step(self):
        self._log.append(self)
        self._clock.now += self._seconds + (self._first if self.done < timing.WARM_UP else 0)
        self.done += 1
        self._program.step()


def measured(make, clock, rounds=4, **changes):
    """Time the programs that `make` builds, by name, in the mode of the pair's family."""
    builders = {(tiny_pair("dni", seed=n),): build for n, build in enumerate(make.values())}
    return timing.measure(
        list(builders),
        "cpu",
        1,
        DEFAULT,
        rounds=rounds,
        clock=clock,
        build=lambda cells, *_: builders[cells](),
        **changes,
    )


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(interleaved, "SIDE", 8)
    monkeypatch.setattr(interleaved, "COPIED", 64)
    monkeypatch.setattr(interleaved, "MOST_STEPS", 50)


def test_building_first_touches_and_evaluation_are_outside(monkeypatch):
    clock = FakeClock()
    for kind in (FeedForwardProgram, RecurrentProgram, PairProgram):
        monkeypatch.setattr(kind, "evaluate_all", None)
        monkeypatch.setattr(kind, "evaluate", None, raising=False)

    def build(seconds):
        clock.now += 1000.0
        return Slow(feed_forward("backprop", None), clock, seconds, first=100.0)

    found = measured({"a": lambda: build(0.02), "b": lambda: build(0.2)}, clock)
    a, b = found.timed
    assert a.rounds["step"] == pytest.approx([0.02] * 4)
    assert b.rounds["step"] == pytest.approx([0.2] * 4)
    assert (a.steps, b.steps) == (3, 1)  # as many as take TURN_SECONDS


def test_compilation_is_told_apart(monkeypatch):
    spent = [0.0]
    monkeypatch.setattr(timing, "compile_seconds", lambda: spent[0])
    clock = FakeClock()

    class Compiled(Slow):
        def step(self):
            if not self.done:
                spent[0] += 7.0
                self._clock.now += 7.0
            super().step()

    make = {
        "plain": lambda: Slow(feed_forward("backprop", None), clock, 0.1),
        "compiled": lambda: Compiled(feed_forward("backprop", None), clock, 0.1),
    }
    plain, compiled = measured(make, clock).timed
    assert (plain.compile_seconds, compiled.compile_seconds) == (0.0, 7.0)
    assert compiled.rounds["step"] == pytest.approx([0.1] * 4)


def test_the_compiler_tells_what_it_took():
    before = timing.compile_seconds()
    torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2))
    assert timing.compile_seconds() > before


def test_rounds_are_interleaved_and_go_both_ways():
    clock, log = FakeClock(), []
    programs = {
        name: Slow(feed_forward("backprop", None), clock, 0.1, log=log) for name in ("a", "b")
    }
    rounds = []

    def on_progress(what, done, of):
        if what == "timing":
            rounds.append((done, of, len(log)))

    measured(
        {name: lambda name=name: programs[name] for name in programs},
        clock,
        3,
        on_progress=on_progress,
    )
    assert [r[:2] for r in rounds] == [(0, 3), (1, 3), (2, 3)]
    a, b = programs["a"], programs["b"]
    start = rounds[0][2]
    # a step and the step whose parts are timed, of each; backwards in the second round
    assert log[start:] == [a, a, b, b, b, b, a, a, a, a, b, b]


def test_a_disturbance_is_of_its_round_only():
    clock = FakeClock()
    program = Slow(feed_forward("backprop", None), clock, 0.1)

    def on_progress(what, done, of):
        program._seconds = 0.5 if (what, done) == ("timing", 1) else 0.1

    (found,) = measured({"a": lambda: program}, clock, on_progress=on_progress).timed
    assert found.rounds["step"] == pytest.approx([0.1, 0.5, 0.1, 0.1])
    assert statistics.median(found.rounds["step"]) == pytest.approx(0.1)


def test_steps_with_update_masks_are_the_same_ones_every_turn():
    program = feed_forward("dni", 1, decoupled="update", p_update=0.5)
    seen, draw = [], program.update_mask.draw

    def drawn():
        seen.append(draw())
        return seen[-1]

    program.update_mask.draw = drawn
    starts = []
    (found,) = measured(
        {"a": lambda: program}, CpuClock(), 3, on_progress=lambda what, *_: starts.append(len(seen))
    ).timed
    steps = found.steps
    assert steps % timing.MASK_STEPS == 0
    turns = [seen[start : start + steps] for start in starts[1:]]
    turns += [seen[start + steps : start + 2 * steps] for start in starts[1:]]
    assert len(turns) == 6
    assert all(turn == turns[0] for turn in turns)


def test_what_is_measured_is_whole():
    found = measured({"a": lambda: feed_forward("dni", 1)}, CpuClock(), 3)
    (one,) = found.timed
    assert one.flops > 0
    assert one.bytes > one.adam_bytes > 0
    assert one.peak_bytes > 4 * one.cells[0].batch_size
    assert set(one.rounds) == {"step", "limit", *PARTS, "other"}
    assert all(len(seconds) == 3 for seconds in one.rounds.values())
    assert len(found.matmul) == len(found.copy) == 3
    assert min(found.matmul + found.copy) > 0
    assert one.limit in products.available()
