"""Samples contenders in turn, round after round, so that whatever disturbs one disturbs all.

pytest-benchmark samples ours, and runs the others in each round's set-up. What is timed is CPU
time: on one thread it is the step's time on a quiet machine, and nearly so on a busy one.
"""

import math
import os
import statistics
import time
from collections.abc import Callable, Mapping

import pytest

ROUNDS = int(os.environ.get("SGBENCH_BENCH_ROUNDS", "20"))
TURN_SECONDS = 0.03  # a contender's turn is as many calls as take this long
CLOCK = time.process_time

Samples = dict[str, list[float]]


def interleave(
    benchmark, contenders: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> Samples:
    """Return {contender: seconds a call, one for each round}; the first contender is ours.

    The same number of calls a turn for all, by what ours takes; a first round is thrown away.
    """
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    (ours, target), *others = contenders.items()
    target()
    start = CLOCK()
    target()
    calls = max(1, math.ceil(TURN_SECONDS / max(CLOCK() - start, 1e-6)))
    seconds: Samples = {name: [] for name in contenders}

    def turn(call: Callable[[], object]) -> None:
        for _ in range(calls):
            call()

    def others_turn() -> None:
        for name, call in others:
            start = CLOCK()
            turn(call)
            seconds[name].append((CLOCK() - start) / calls)

    benchmark.pedantic(turn, args=(target,), setup=others_turn, rounds=rounds, warmup_rounds=1)
    seconds[ours] = [taken / calls for taken in benchmark.stats.stats.data]
    for name, _ in others:
        del seconds[name][0]
    benchmark.extra_info |= {"calls_a_round": calls, "seconds_a_call": seconds}
    return seconds


def ratio(samples: Samples, above: str, below: str) -> tuple[float, float, float]:
    """Return the median over rounds, and the quartiles, of one contender's time over another's."""
    ratios = [a / b for a, b in zip(samples[above], samples[below], strict=True)]
    if len(ratios) == 1:
        return (ratios[0],) * 3
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, low, high


def fastest(samples: Samples, names: list[str]) -> str:
    """Return the contender of `names` with the smallest median."""
    return min(names, key=lambda name: statistics.median(samples[name]))
