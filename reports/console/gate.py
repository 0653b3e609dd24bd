"""A gate's findings on a terminal: a line each as they are decided, and a summary at the end."""

from collections import Counter
from collections.abc import Sequence

from ...bench.errors import one_line
from ...results.statistics.gate_finding import FAILURES, GateFinding, GateVerdict

ORDER: tuple[GateVerdict, ...] = (
    *("regression", "changed", "missing", "inconclusive", "incomparable", "pass"),
)
"""From what has to be acted on to what needs nothing."""
_VERDICT_WIDTH = max(map(len, ORDER))
_KIND_WIDTH = len("correctness")


def finding_line(finding: GateFinding) -> str:
    """Return a finding on one line: verdict, kind, name, reason and numbers."""
    verdict = finding.verdict.upper() if finding.verdict in FAILURES else finding.verdict
    told = ""
    if finding.estimate is not None:
        p = "" if finding.p is None else f", p = {finding.p:.2g}"
        told = f" ({estimate(finding)}{p}, n = {finding.n})"
    text = f"{one_line(finding.name)}: {one_line(finding.words)}{told}"
    return f"{verdict:{_VERDICT_WIDTH}}  {finding.kind:{_KIND_WIDTH}}  {text}"


def summary_text(findings: Sequence[GateFinding]) -> str:
    """Return the failures again, the worst first, and how many findings have each verdict."""
    if not findings:
        return "nothing to compare\n"
    failures = [f for verdict in FAILURES for f in findings if f.verdict == verdict]
    counts = Counter(finding.verdict for finding in findings)
    total = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in ORDER if counts[verdict])
    return "\n".join(["", *map(finding_line, failures), total]) + "\n"


def estimate(finding: GateFinding) -> str:
    """Return what was measured: `ratio 1.21 [1.19, 1.23]`, `difference -3.2 [-4, -2] points`."""
    if finding.estimate is None:
        return ""
    ratio = finding.unit == "ratio"
    form = "{:.3f}" if ratio else "{:+.3g}"
    text = f"{'ratio' if ratio else 'difference'} {form.format(finding.estimate)}"
    if finding.low is not None and finding.high is not None:
        text += f" [{form.format(finding.low)}, {form.format(finding.high)}]"
    return text if ratio or not finding.unit else f"{text} {finding.unit}"
