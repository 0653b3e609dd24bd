"""Equivalence of paired results: the verdict on correctness where bits differ.

Seeds are paired, so the test is on the differences, candidate minus baseline, one a seed, of a
result that is better the lower it is. Both directions count: of a build that should compute the
same, a lower error is more likely a label leak than a gain.
"""

import statistics
from collections.abc import Sequence

from .gate_finding import GateFinding, GateVerdict
from .intervals import VERDICT_CONFIDENCE, mean_interval, paired_test, varies

FALSE_ALARMS = 0.005
"""Family-wise error rate of all tests of correctness in a gate, both directions together."""


def equivalence(
    name: str,
    differences: Sequence[float],
    margin: float,
    *,
    cells: int = 1,
    unit: str = "points",
) -> GateFinding:
    """Return whether results of paired seeds are equivalent within ± `margin`, in `unit`.

    Pass: the 90 % interval of the mean difference lies inside ± margin, which is two one-sided
    t-tests at 5 % (TOST), or all differences are zero. Regression (changed, where the result is
    lower): the mean is beyond the margin, and a one-sided paired t-test against 0 rejects at
    FALSE_ALARMS over both directions of all `cells` (Bonferroni). Otherwise, and with fewer than
    two seeds, inconclusive.

    Differences that are all equal have no spread: beyond the margin they are a failure
    nevertheless, because independent seeds do not agree by chance; inside it they are inconclusive.
    Raises ValueError where there are no differences or the margin is not positive.
    """
    if not margin > 0:
        raise ValueError(f"margin={margin} must be positive")
    n, interval = len(differences), mean_interval(differences, VERDICT_CONFIDENCE)
    mean, low, high = interval.mean, interval.low, interval.high
    worse = mean > 0
    p = paired_test(differences, alternative="greater" if worse else "less")
    verdict: GateVerdict = "inconclusive"
    if not any(differences):
        verdict, words = "pass", "no seed differs"
    elif low is None or high is None:
        words = "too few samples: one seed"
    elif not varies(differences):
        words = f"every seed differs by {mean:+.3g} {unit}"
        if abs(mean) > margin:
            verdict = "regression" if worse else "changed"
    elif -margin <= low and high <= margin:
        verdict, words = "pass", f"equivalent within ±{margin:g} {unit}"
    elif abs(mean) > margin and p <= FALSE_ALARMS / (2 * cells):
        verdict = "regression" if worse else "changed"
        words = f"{'worse' if worse else 'lower'} by {abs(mean):.3g} {unit}, beyond ±{margin:g}"
        words += "" if worse else ": does it see what it should not?"
    else:
        words = f"seeds do not tell, by the margin ±{margin:g} {unit}"
    return GateFinding(
        name=name,
        kind="correctness",
        verdict=verdict,
        words=words,
        unit=unit,
        estimate=mean,
        low=low,
        high=high,
        p=p,
        n=n,
        spread=statistics.stdev(differences) if n > 1 else None,
    )
