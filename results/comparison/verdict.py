"""What a gate finds about one benchmark or cell, whatever it compared: one type for every report.

pass: no worse than allowed, on evidence. regression: worse than allowed, on evidence. changed:
better than code that should compute the same can be. inconclusive: too little evidence, `words` say
of what. incomparable: the sides differ in versions, data or machine. missing: one side lacks it.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["speed", "correctness"]
Verdict = Literal["pass", "regression", "changed", "inconclusive", "incomparable", "missing"]

FAILURES: tuple[Verdict, ...] = ("regression", "changed")
UNDECIDED: tuple[Verdict, ...] = ("inconclusive", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict and its evidence; what is not known is None, never NaN.

    `estimate`, `low` and `high` are in `unit`: of speed the candidate's time over the baseline's
    ("ratio": above 1 is slower), of correctness the candidate's result less the baseline's, in the
    unit of that result. `p` is of the test that a regression takes, `n` the number of independent
    samples behind it (sessions, seeds, rounds), `spread` their standard deviation, robustly.
    """

    name: str
    kind: Kind
    verdict: Verdict
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


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the gate's exit code: 1 a failure, 3 undecided or nothing comparable, 0 all pass.

    What is incomparable fails nothing as long as something else was compared.
    """
    verdicts = {finding.verdict for finding in findings}
    if verdicts.intersection(FAILURES):
        return 1
    return 3 if verdicts.intersection(UNDECIDED) or "pass" not in verdicts else 0
