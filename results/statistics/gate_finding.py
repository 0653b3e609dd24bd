"""Findings of a comparison: the verdict on one benchmark or cell, with its evidence.

pass: no worse than allowed, on evidence. regression: worse than allowed, on evidence. changed:
better than code that should compute the same can be. inconclusive: too little evidence; `words` say
which is lacking. incomparable: the sides differ in versions, data or machine. missing: one side
does not have it.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["speed", "correctness"]
GateVerdict = Literal["pass", "regression", "changed", "inconclusive", "incomparable", "missing"]

FAILURES: tuple[GateVerdict, ...] = ("regression", "changed")
UNDECIDED: tuple[GateVerdict, ...] = ("inconclusive", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """One verdict and its evidence; an unknown number is None, never NaN.

    Attributes:
        name: of the benchmark or group of cells.
        kind: speed or correctness.
        verdict: the verdict.
        words: its reason, for people.
        unit: of `estimate`, `low` and `high`. Speed: `ratio`, the candidate's time over the
            baseline's, above 1 if slower. Correctness: the unit of the result.
        estimate: the ratio of speeds, or the mean difference of results, candidate minus baseline.
        low: lower bound of its interval.
        high: upper bound of its interval.
        p: p-value of the test for a regression.
        n: number of independent samples: sessions, seeds or rounds.
        spread: their standard deviation, robustly estimated for speed.
    """

    name: str
    kind: Kind
    verdict: GateVerdict
    words: str
    unit: str = "ratio"
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n: int = 0
    spread: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values; a number that is not finite becomes null."""
        values = dataclasses.asdict(self)
        for name, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                values[name] = None
        return values


def exit_code(findings: Iterable[GateFinding]) -> int:
    """Return the gate's exit code: 1 a failure, 3 undecided or nothing comparable, 0 all pass.

    An incomparable finding fails nothing as long as another one passed.
    """
    verdicts = {finding.verdict for finding in findings}
    if verdicts.intersection(FAILURES):
        return 1
    return 3 if verdicts.intersection(UNDECIDED) or "pass" not in verdicts else 0
