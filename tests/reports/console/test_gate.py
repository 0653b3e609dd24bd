"""A gate's findings on a terminal: a line each, and the summary at the end."""

import pytest
from sgbench.reports.console.gate import estimate, finding_line, summary_text
from sgbench.results.statistics.gate_finding import GateFinding


def found(verdict="pass", **fields):
    given = {"name": "fcn", "kind": "speed", "words": "within 1.05", **fields}
    return GateFinding(verdict=verdict, **given)


SLOW = found("regression", estimate=1.2134, low=1.19, high=1.23, p=2**-12, n=12, words="slower")
LEAK = found(
    "changed", kind="correctness", unit="points", estimate=-3.21, low=-4.0, high=-2.0, words="low"
)


def test_a_line_has_the_verdict_the_reason_and_the_numbers():
    said = " ".join(finding_line(SLOW).split())
    assert said == "REGRESSION speed fcn: slower (ratio 1.213 [1.190, 1.230], p = 0.00024, n = 12)"
    assert " ".join(finding_line(found(n=1)).split()) == "pass speed fcn: within 1.05"


def test_names_begin_in_one_column():
    lines = [finding_line(finding) for finding in (SLOW, LEAK, found(), found("inconclusive"))]
    assert len({line.index("fcn: ") for line in lines}) == 1


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (SLOW, "ratio 1.213 [1.190, 1.230]"),
        (LEAK, "difference -3.21 [-4, -2] points"),
        (found(estimate=1.0), "ratio 1.000"),
        (found(), ""),
    ],
)
def test_estimates(finding, text):
    assert estimate(finding) == text


def test_the_summary_repeats_failures_the_worst_first_and_counts_all():
    findings = [found(name="b"), found("incomparable"), LEAK, found(name="a"), SLOW]
    lines = summary_text(findings).splitlines()
    assert lines == [
        "",
        finding_line(SLOW),
        finding_line(LEAK),
        "1 regression, 1 changed, 1 incomparable, 2 pass",
    ]


def test_a_summary_of_nothing_says_so():
    assert summary_text([]) == "nothing to compare\n"


def test_a_name_cannot_break_a_line():
    line = finding_line(found(name="a\x1b[1m\nb"))
    assert line.isprintable()
