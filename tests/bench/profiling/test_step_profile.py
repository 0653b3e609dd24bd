"""The parts of a step: they are those of the rule, and watching them changes nothing."""

import pytest
import torch
from reference.costs import feed_forward, pair, recurrent
from sgbench.bench.nn import products
from sgbench.bench.profiling.clock import CpuClock
from sgbench.bench.profiling.step_profile import PARTS, Stopwatch, watching

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


PROGRAMS = {
    "backprop": (lambda: feed_forward("backprop", None), {"forward", "backward", "update"}),
    "cdni": (lambda: feed_forward("cdni", 1), set(PARTS)),
    "bp_lambda": (lambda: feed_forward("bp_lambda", 0), set(PARTS)),
    "cnn": (lambda: feed_forward("dni", 1, "cnn"), set(PARTS)),
    "fa": (lambda: feed_forward("fa", None), {"forward", "backward", "update"}),
    "fa cnn": (lambda: feed_forward("fa", None, "cnn"), {"forward", "backward", "update"}),
    "predsim": (lambda: feed_forward("local_predsim", None), set(PARTS)),
    "predsim cnn": (lambda: feed_forward("local_predsim", None, "cnn"), set(PARTS)),
    "mono_forward": (lambda: feed_forward("mono_forward", None), set(PARTS)),
    "forward_forward": (
        lambda: feed_forward("forward_forward", None),
        {"forward", "backward", "update"},
    ),
    "dropout": (
        lambda: feed_forward("backprop", None, dropout=0.5, norm="none"),
        {"forward", "backward", "update"},
    ),
    "bptt": (lambda: recurrent("bptt"), {"forward", "backward", "update"}),
    "dni_aux": (lambda: recurrent("dni_aux"), set(PARTS)),
    "end_to_end": (lambda: pair("end_to_end"), {"forward", "backward", "update"}),
    "pair": (lambda: pair("dni"), set(PARTS)),
    "mask": (
        lambda: feed_forward("dni", 1, decoupled="both", p_update=0.5, si_layers=1, si_units=5),
        set(PARTS),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_parts_are_of_the_step_and_watching_changes_nothing(name):
    make, expected = PROGRAMS[name]
    plain, watched = make(), make()
    clock = CpuClock()
    stopwatch = Stopwatch(clock)
    before = vars(watched.network).keys()
    with torch.no_grad():
        for _ in range(4):
            plain.step()
        start = clock.mark()
        with watching(watched, stopwatch):
            for _ in range(4):
                watched.step()
        whole = clock.between(start, clock.mark())
        seconds = stopwatch.take()
        assert {part for part, taken in seconds.items() if taken > 0} == expected
        assert sum(seconds.values()) < whole
        watched.step()
        plain.step()
    assert sum(stopwatch.take().values()) == 0  # nothing is timed any more
    assert vars(watched.network).keys() == before
    assert torch.equal(plain.network.weights.flat, watched.network.weights.flat)


def test_a_part_within_a_part_belongs_to_it():
    clock = FakeClock(tick=0.0)
    stopwatch = Stopwatch(clock)

    def advance(seconds, inner=None):
        clock.now += seconds
        return inner and inner()

    stopwatch.time("m", advance, 2.0, lambda: stopwatch.time("backward", advance, 3.0))
    stopwatch.time("forward", advance, 1.0)
    with pytest.raises(ZeroDivisionError):
        stopwatch.time("update", lambda: 1 / 0)
    stopwatch.time("forward", advance, 0.5)
    assert stopwatch.take() == {"forward": 1.5, "backward": 0.0, "m": 5.0, "update": 0.0}
    assert set(stopwatch.take().values()) == {0.0}
