"""Comparison of two files of pytest-benchmark.

A file is the measurement of one process: its rounds are not paired with those of the other file,
and the effect of the process's memory layout, or of the time of day, cannot be separated from that
of the code. So it is a weaker comparison than the gate's own, and its words say so. Regression: the
ratio of medians is beyond the factor, and a one-sided Mann-Whitney test of the rounds rejects at
`false_alarms` over the number of benchmarks. Pass: the ratio is not beyond it, and the same test
against the factor rejects at `misses`. There is one look, so neither level is divided by looks.
"""

import json
import math
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError
from ..statistics.gate_finding import GateFinding, GateVerdict
from ..statistics.sequential import SequentialPlan

LEAST_ROUNDS = 5
_MOST = 500  # rounds from which an interval is computed


class File:
    """The content of a file of pytest-benchmark: seconds a call by benchmark, timers, processor.

    A benchmark that was saved without data has no rounds. `processor` is what the file says of the
    processor, by name of the property; it is empty where it does not name the model. Raises
    UsageError where the file cannot be read or is not a file of pytest-benchmark.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            read: Any = json.loads(path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(f"{path} is not JSON: {_REMEDY}") from error
        try:
            self.rounds = dict(map(_rounds, read["benchmarks"]))
            self.timers = dict(map(_timer, read["benchmarks"]))
            self.processor = _processor(read.get("machine_info"))
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UsageError(f"{path} is not a file of pytest-benchmark: {_REMEDY}") from error


_NONE: Mapping[str, Any] = {}
_REMEDY = "give a file that pytest --benchmark-json=FILE wrote"


def _rounds(benchmark: Any) -> tuple[str, list[float]]:
    # Our own benchmarks make several calls in a round, more on a faster machine.
    extra: Any = benchmark.get("extra_info") or _NONE
    calls = float(extra.get("calls_a_round", 1))
    data: Any = benchmark["stats"].get("data") or []
    values: list[float] = [float(seconds) / calls for seconds in data]
    if not all(0 < value < math.inf for value in values):
        raise ValueError("a round's time must be positive")
    return str(benchmark["fullname"]), values


def _timer(benchmark: Any) -> tuple[str, str | None]:
    timer: Any = (benchmark.get("options") or _NONE).get("timer")
    return str(benchmark["fullname"]), None if timer is None else str(timer)


_PROCESSOR = ("brand_raw", "arch", "vendor_id_raw", "family", "model", "stepping")
"""What tells processors apart: virtual ones of several kinds have one brand, as in AMD EPYC."""


def _processor(machine: Any) -> Mapping[str, str]:
    cpu: Any = (machine or _NONE).get("cpu") or _NONE
    found = {name: str(cpu[name]) for name in _PROCESSOR if cpu.get(name) not in (None, "")}
    return found if "brand_raw" in found else {}


def _machines_apart(a: File, b: File) -> str:
    """Return why times of two files cannot be compared; empty where they can."""
    unknown = " and ".join(str(one.path) for one in (a, b) if not one.processor)
    if unknown:
        return f"whether both were taken on one processor is not known: {unknown} names none"
    apart = [
        name
        for name in _PROCESSOR
        if name in a.processor and name in b.processor and a.processor[name] != b.processor[name]
    ]
    if not apart:
        return ""
    kinds = (", ".join(f"{name} {one.processor[name]}" for name in apart) for one in (a, b))
    if apart[0] == "brand_raw":
        kinds = (one.processor["brand_raw"] for one in (a, b))
    return f"taken on different processors: {'; '.join(kinds)}"


def compare(baseline: Path, candidate: Path, *, factor: float = 1.05) -> list[GateFinding]:
    """Return a finding for each benchmark of either file, by its full name.

    Raises UsageError where a file is not one of pytest-benchmark, or the factor is not above 1.
    """
    a, b = File(baseline), File(candidate)
    names = list(dict.fromkeys([*a.rounds, *b.rounds]))
    plan = SequentialPlan(benchmarks=max(1, len(a.rounds.keys() & b.rounds.keys())), factor=factor)
    if where := _machines_apart(a, b):
        return [_without_number(name, "incomparable", where) for name in names]
    return [_finding(name, a, b, plan) for name in names]


def _finding(name: str, a: File, b: File, plan: SequentialPlan) -> GateFinding:
    for one in (a, b):
        if name not in one.rounds:
            return _without_number(name, "missing", f"not in {one.path}")
        if not one.rounds[name]:
            words = f"{one.path} has no rounds of it: save them with --benchmark-save-data"
            return _without_number(name, "inconclusive", words)
    timers = (a.timers[name], b.timers[name])
    if None not in timers and timers[0] != timers[1]:
        words = f"timed by different clocks: {timers[0]}; {timers[1]}"
        return _without_number(name, "incomparable", words)
    before, after = a.rounds[name], b.rounds[name]
    ratio = statistics.median(after) / statistics.median(before)
    p = _p_slower(before, after)
    n, beyond = min(len(before), len(after)), ratio > plan.factor
    verdict: GateVerdict = "inconclusive"
    if n < LEAST_ROUNDS:
        words = f"too few samples: {n} rounds, a verdict takes {LEAST_ROUNDS} at least"
    elif beyond and p <= plan.false_alarms / plan.benchmarks:
        verdict = "regression"
        words = f"slower by {100 * (ratio - 1):.1f} %, beyond the factor {plan.factor:g}"
    elif not beyond and _p_slower(after, [plan.factor * time for time in before]) <= plan.misses:
        verdict = "pass"
        words = (
            f"faster by {100 * (1 - ratio):.1f} %"
            if ratio < 1 / plan.factor
            else (f"within {plan.factor:g}")
        )
    else:
        words = f"{n} rounds do not decide against the factor {plan.factor:g}"
    low, high = _quotients(before, after)
    return GateFinding(
        name=name,
        kind="speed",
        verdict=verdict,
        words=f"{words} (one process each, not interleaved)",
        estimate=ratio,
        low=low,
        high=high,
        p=p,
        n=n,
        spread=_spread([*(t / statistics.median(before) for t in before)]),
    )


def _without_number(name: str, verdict: GateVerdict, words: str) -> GateFinding:
    return GateFinding(name=name, kind="speed", verdict=verdict, words=words)


def _p_slower(before: list[float], after: list[float]) -> float:
    """Return the p-value of a one-sided Mann-Whitney test: small where `after` is larger."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(after, before, alternative="greater").pvalue)


def _quotients(before: list[float], after: list[float]) -> tuple[float, float]:
    """Return the 90 % interval of the shift of the logarithms (Hodges-Lehmann), as a ratio."""
    before, after = (times[:: 1 + len(times) // _MOST] for times in (before, after))
    quotients = sorted(y / x for x in before for y in after)
    m, n = len(before), len(after)
    half = 1.6449 * math.sqrt(m * n * (m + n + 1) / 12)
    k = max(0, math.floor(m * n / 2 - half))
    return quotients[k], quotients[-1 - k]


def _spread(values: list[float]) -> float:
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(value - middle) for value in values)
