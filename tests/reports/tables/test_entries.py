"""Numbers and verdicts as entries write them."""

import pytest
from sgbench.reports.tables.entries import (
    difference,
    interval,
    p_value,
    paper,
    published,
    verdict,
    verdict_lines,
)
from sgbench.results.statistics.intervals import Interval, mean_interval
from sgbench.results.statistics.place_verdict import MORE_SEEDS
from sgbench.results.statistics.published_mean import PublishedMean

MINUS = "\N{MINUS SIGN}"


def test_an_interval_is_a_mean_and_its_half_width():
    found = mean_interval([1.0, 2.0, 3.0], 0.95)
    assert interval(found) == f"2.00 ± {found.high - 2.0:.2f}"
    assert interval(found, 1, signed=True) == f"+2.0 ± {found.high - 2.0:.1f}"
    assert interval(mean_interval([-1.5], 0.95)) == "\N{MINUS SIGN}1.50"
    assert isinstance(found, Interval)


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(2.0, 1, "2.0"), (2.15, 1, "2.15"), (7.0, 0, "7")]
)
def test_the_paper_s_numbers_keep_its_decimals(value, decimals, text):
    assert paper(value, decimals) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0004, "< 0.001"), (0.0312, "0.031"), (1.0, "1.000"),
        (0.0497, "0.0497"), (0.04999996, "0.04999996"), (0.05, "0.050"), (0.0503, "0.050"),
    ],
)  # fmt: skip
def test_a_p_has_three_decimals_or_more_next_to_its_level(p, text):
    assert p_value(p) == text


def test_a_verdict_has_what_would_decide_it_in_parentheses():
    assert verdict("reproduced", "") == "reproduced"
    assert verdict("inconclusive", "a narrower margin") == (
        "inconclusive (a narrower margin may decide)"
    )


def test_a_verdict_in_lines_has_what_would_decide_it_in_the_second():
    assert verdict_lines("reproduced", "") == ("reproduced",)
    lines = verdict_lines("inconclusive", "a narrower margin")
    assert lines == ("inconclusive", "a narrower margin may decide")
    lines = verdict_lines("inconclusive", MORE_SEEDS)
    assert lines[1] == "more seeds, declared before they are trained, may decide"
    assert verdict_lines("inconclusive", "a cause (that has one)")[1] == "a cause (that has one)"


@pytest.mark.parametrize(
    ("rounding", "text"), [(0.005, "1.60 ± 0.06"), (0.05, "1.6 ± 0.06"), (0.0, "1.60 ± 0.06")]
)
def test_a_published_mean_has_the_decimals_that_were_printed(rounding, text):
    assert published(PublishedMean(value=1.6, deviation=0.06, rounding=rounding)) == text


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (Interval(0.25, 0.05, 0.45, 3), ("both uncertain: +0.25 ± 0.20", "a difference")),
        (
            Interval(-0.25, -0.55, 0.05, 3),
            (f"both uncertain: {MINUS}0.25 ± 0.30", "no difference found"),
        ),
        (Interval(0.25, None, None, 1), ("both uncertain: +0.25", "one seed tells no spread")),
    ],
)
def test_a_difference_is_told_with_what_it_says(found, lines):
    assert difference(found) == lines
