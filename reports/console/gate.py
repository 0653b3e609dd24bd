"""A gate's findings on a terminal: a line each, the worst first, and a count."""

from collections import Counter
from collections.abc import Sequence

from ...results.comparison.verdict import FAILURES, Finding, Verdict
from ..tables.table import plain

ORDER: tuple[Verdict, ...] = (
    *("regression", "changed", "missing", "inconclusive", "incomparable", "pass"),
)
"""From what a reader has to act on to what needs nothing."""

HEADS = ("verdict", "of", "benchmark", "candidate / baseline", "p", "n", "")


def gate_text(findings: Sequence[Finding]) -> str:
    """Return the findings in aligned columns, and a line that counts them."""
    if not findings:
        return "nothing to compare\n"
    ordered = sorted(findings, key=lambda finding: ORDER.index(finding.verdict))
    rows = [HEADS, *map(_row, ordered)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", summary(findings)]) + "\n"


def summary(findings: Sequence[Finding]) -> str:
    """Return how many there are of each verdict: `1 regression, 7 pass`."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in ORDER if counts[verdict])


def estimate(finding: Finding) -> str:
    """Return the estimate with its interval: `1.21 [1.19, 1.23]`, of correctness with its sign."""
    if finding.estimate is None:
        return ""
    form = "{:.3f}" if finding.unit == "ratio" else "{:+.3g}"
    text = form.format(finding.estimate)
    if finding.low is not None and finding.high is not None:
        text += f" [{form.format(finding.low)}, {form.format(finding.high)}]"
    return text if finding.unit in ("ratio", "") else f"{text} {finding.unit}"


def _row(finding: Finding) -> tuple[str, ...]:
    verdict = finding.verdict.upper() if finding.verdict in FAILURES else finding.verdict
    p = "" if finding.p is None else f"{finding.p:.2g}"
    n = str(finding.n) if finding.n else ""
    name, words = plain(finding.name), plain(finding.words)
    return verdict, finding.kind, name, estimate(finding), p, n, words
