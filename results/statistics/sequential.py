"""Sequential test of speed: sessions are sampled until a verdict is reached.

A *session* is a fresh pair of processes, baseline and candidate. The memory layout of a process
biases everything that is timed in it, so a session counts as one observation: the median of its
blocks' ratios. A *block* is four turns, ABBA or BAAB; its ratio is the candidate's two times over
the baseline's two, so that a linear drift cancels.

Regression: the median of the sessions' ratios is beyond the factor, **and** a one-sided Wilcoxon
signed-rank test of their logarithms against 0 rejects. For identical builds the labels are
exchangeable, so both signs are equally likely whatever the noise: the level holds for any
distribution of turns, processes and load, if sessions are independent. The level is `false_alarms`
divided by the number of benchmarks (Bonferroni, which allows any dependence), and is spent over
the looks: half at the first look at which the test can reject at all (no p-value of n signs is
below 2^-n), the rest evenly by sessions. What an exact test cannot use at one look goes to the
next. The levels of the looks add up to at most the whole, which bounds the probability of an alarm
at any of them. The plan is fixed beforehand, and sampling may stop early.

Pass: the median is not beyond the factor, and the same test against log(factor) rejects in the
other direction, the levels of its looks adding up to `misses`: the largest probability with which a
build that is slower by exactly the factor passes. This level is not divided by the number of
benchmarks, because a regression can be missed in one benchmark only.
"""

import functools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...bench.errors import UsageError
from . import wilcoxon
from .gate_finding import GateFinding, GateVerdict
from .intervals import VERDICT_CONFIDENCE, median_interval

Sessions = Sequence[Sequence[float]]
"""The ratios of blocks by session, of one benchmark."""

_TO_DEVIATION = 1.4826  # standard deviation over median absolute deviation, normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialPlan:
    """The plan of a sequential test, fixed before the first sample.

    The operating curve in the documentation is that of the defaults. Raises UsageError where the
    factor is not above 1.

    Attributes:
        benchmarks: number of benchmarks that are tested together.
        factor: largest ratio of times that is allowed.
        sessions: largest number of sessions.
        blocks: blocks of each benchmark in a session, fewer where a turn is longer.
        least_blocks: smallest number of blocks: 0.6 s in all, or 24 steps.
        turn_seconds: length of a turn; one step, where that is longer.
        false_alarms: family-wise error rate of `regression`.
        misses: error rate of `pass`.
    """

    benchmarks: int
    factor: float = 1.05
    sessions: int = 32
    blocks: int = 12
    least_blocks: int = 6
    turn_seconds: float = 0.0125
    false_alarms: float = 0.005
    misses: float = 0.05

    def __post_init__(self) -> None:
        if not 1 < self.factor < math.inf:
            raise UsageError(
                f"--speed-factor {self.factor:g} must be above 1: 1.05 allows five percent"
            )
        if self.benchmarks < 1 or self.sessions < 1:
            raise ValueError(f"{self} needs at least one benchmark and one session")

    def turns(self, step_seconds: float) -> tuple[int, int]:
        """Return the steps in a turn, and the blocks in a session, of such a benchmark."""
        steps = max(1, round(self.turn_seconds / max(step_seconds, 1e-6)))
        longer = max(1.0, steps * step_seconds / self.turn_seconds)
        return steps, max(self.least_blocks, round(self.blocks / longer))

    def regression_levels(self) -> tuple[float, ...]:
        """Return the level of the test against 1 after 1, 2, … sessions; 0: it cannot reject."""
        return _spent(self.false_alarms / self.benchmarks, self.sessions)

    def pass_levels(self) -> tuple[float, ...]:
        """Return the level of the test against the factor after 1, 2, … sessions."""
        return _spent(self.misses, self.sessions)

    def least(self, verdict: GateVerdict) -> int | None:
        """Return the smallest number of sessions for a verdict; None if the plan has fewer."""
        levels = self.regression_levels() if verdict == "regression" else self.pass_levels()
        return next((n for n, level in enumerate(levels, start=1) if level), None)


@functools.cache
def _spent(total: float, sessions: int) -> tuple[float, ...]:
    first = min(math.ceil(math.log2(2 / total)), sessions)  # a short plan has one look, its end
    levels: list[float] = []
    for n in range(1, sessions + 1):
        share = 1.0 if n == sessions else 0.5 + 0.5 * (n - first) / max(1, sessions - first)
        left = total * share - sum(levels)
        levels.append(wilcoxon.attained(n, left) if n >= first else 0.0)
    return tuple(levels)


def block_ratio(baseline: Sequence[float], candidate: Sequence[float]) -> float:
    """Return the ratio of a block: seconds of the candidate's turns over the baseline's."""
    return sum(candidate) / sum(baseline)


def decide(name: str, sessions: Sessions, plan: SequentialPlan) -> GateFinding:
    """Return the verdict on the benchmark `name` after `sessions`, in the order of sampling.

    It is the verdict of the first look that decided; later sessions are ignored, so it does not
    matter whether sampling stopped there. Raises ValueError where a session has no blocks or a
    ratio is not a positive number.
    """
    logs = [_session_log(name, session) for session in sessions[: plan.sessions]]
    for n in range(1, len(logs) + 1):
        verdict = _look(logs[:n], plan)
        if verdict != "inconclusive":
            return _found(name, logs[:n], verdict, plan)
    return _found(name, logs, "inconclusive", plan)


def undecided(samples: Mapping[str, Sessions], plan: SequentialPlan) -> list[str]:
    """Return the benchmarks that another session could still decide, in the order of `samples`."""
    return [
        name
        for name, sessions in samples.items()
        if len(sessions) < plan.sessions and decide(name, sessions, plan).verdict == "inconclusive"
    ]


def _session_log(name: str, ratios: Sequence[float]) -> float:
    if not ratios or not all(0 < ratio < math.inf for ratio in ratios):
        raise ValueError(f"{name}: a session needs ratios that are positive: {list(ratios)}")
    return statistics.median(math.log(ratio) for ratio in ratios)


def _look(logs: Sequence[float], plan: SequentialPlan) -> GateVerdict:
    n, limit = len(logs), math.log(plan.factor)
    if statistics.median(logs) > limit:
        slower = wilcoxon.p_greater(logs) <= plan.regression_levels()[n - 1]
        return "regression" if slower else "inconclusive"
    below = wilcoxon.p_less([log - limit for log in logs]) <= plan.pass_levels()[n - 1]
    return "pass" if below else "inconclusive"


def _found(
    name: str, logs: Sequence[float], verdict: GateVerdict, plan: SequentialPlan
) -> GateFinding:
    if not logs:
        return GateFinding(name=name, kind="speed", verdict=verdict, words="no samples")
    bounds = median_interval(logs, VERDICT_CONFIDENCE)
    low = None if bounds.low is None else math.exp(bounds.low)
    high = None if bounds.high is None else math.exp(bounds.high)
    median = bounds.median
    spread = _TO_DEVIATION * statistics.median(abs(log - median) for log in logs)
    ratio, n = math.exp(median), len(logs)
    least = plan.least("pass") or plan.sessions
    sessions = f"{n} session{'' if n == 1 else 's'}"
    if verdict == "regression":
        words = f"slower by {100 * (ratio - 1):.1f} %, beyond the factor {plan.factor:g}"
    elif verdict == "pass":
        faster = high is not None and high < 1
        words = f"faster by {100 * (1 - ratio):.1f} %" if faster else f"within {plan.factor:g}"
    elif n < least:
        words = f"too few samples: {sessions}, a verdict takes {least} at least"
    elif spread > (plan.factor - 1) / 2:
        words = (
            f"the spread is too wide: sessions differ by ±{100 * spread:.1f} %"
            " (is the machine under load?)"
        )
    elif ratio > plan.factor and n < (needed := plan.least("regression") or plan.sessions + 1):
        words = f"too few samples: {sessions}, a regression takes {needed} at least"
    else:
        words = f"too close to the factor {plan.factor:g} to decide, after {sessions}"
    return GateFinding(
        name=name,
        kind="speed",
        verdict=verdict,
        words=words,
        estimate=ratio,
        low=low,
        high=high,
        p=wilcoxon.p_greater(logs),
        n=n,
        spread=spread,
    )
