"""A gate's findings on a terminal and as JUnit XML."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.reports.console.gate import ORDER, estimate, gate_text, summary
from sgbench.reports.console.junit import junit
from sgbench.results.comparison.verdict import Finding


def found(verdict="pass", **fields):
    given = {"name": "fcn", "kind": "speed", "words": "within 1.05", **fields}
    return Finding(verdict=verdict, **given)


SLOW = found("regression", estimate=1.2134, low=1.19, high=1.23, p=2**-12, n=12, words="slower")
LEAK = found(
    "changed", kind="correctness", unit="points", estimate=-3.21, low=-4.0, high=-2.0, words="low"
)


def test_the_worst_comes_first_and_all_are_counted():
    text = gate_text([found(name="b"), found("incomparable"), LEAK, found(name="a"), SLOW])
    first = [line.split()[0] for line in text.splitlines()[1:6]]
    assert first == ["REGRESSION", "CHANGED", "incomparable", "pass", "pass"]
    assert text.endswith("\n\n1 regression, 1 changed, 1 incomparable, 2 pass\n")
    assert text.index(" b ") < text.index(" a ")  # those alike stay in their order


def test_a_line_has_the_estimate_its_interval_and_the_reason():
    (line,) = (line for line in gate_text([SLOW]).splitlines() if "REGRESSION" in line)
    said = " ".join(line.split())
    assert said == "REGRESSION speed fcn 1.213 [1.190, 1.230] 0.00024 12 slower"


def test_columns_are_aligned():
    lines = gate_text([SLOW, found(name="a long name", p=0.5, n=6)]).splitlines()
    assert lines[1].index("slower") == lines[2].index("within")


def test_estimates():
    assert estimate(SLOW) == "1.213 [1.190, 1.230]"
    assert estimate(LEAK) == "-3.21 [-4, -2] points"
    assert estimate(found(estimate=1.0)) == "1.000"
    assert estimate(found()) == ""


def test_nothing():
    assert gate_text([]) == "nothing to compare\n"
    assert summary([]) == ""


def test_a_name_cannot_break_a_line():
    assert "\x1b" not in gate_text([found(name="a\x1b[1m\nb")])
    assert len(gate_text([found(name="a\nb")]).splitlines()) == 4


# JUnit


@pytest.mark.parametrize(
    ("verdict", "element"),
    [
        ("pass", None),
        ("regression", "failure"),
        ("changed", "failure"),
        ("missing", "error"),
        ("inconclusive", "skipped"),
        ("incomparable", "skipped"),
    ],
)
def test_elements(verdict, element):
    root = ET.fromstring(junit([found(verdict, words="a reason")]))
    (case,) = root.iter("testcase")
    elements = {child.tag: child for child in case}
    assert {"failure", "error", "skipped"} & elements.keys() == ({element} if element else set())
    if element:
        assert elements[element].get("message") == f"{verdict}: a reason"
        assert elements[element].get("type") == verdict


def test_counts_and_numbers():
    root = ET.fromstring(junit([found(v) for v in ORDER] + [SLOW], suite="a suite"))
    counts = {"tests": "7", "failures": "3", "errors": "1", "skipped": "2", "name": "a suite"}
    assert root.attrib == counts
    assert root.find("testsuite").attrib == counts
    last = root.findall(".//testcase")[-1]
    assert (last.get("classname"), last.get("name")) == ("sgbench.speed", "fcn")
    values = {p.get("name"): p.get("value") for p in last.iter("property")}
    assert values == {
        "estimate": "1.2134",
        "low": "1.19",
        "high": "1.23",
        "unit": "ratio",
        "p": str(2**-12),
        "n": "12",
    }


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_text_is_escaped(name, words):
    text = junit([found("regression", name=name, words=words)])
    (case,) = ET.fromstring(text.encode()).iter("testcase")
    kept = name.translate({0x09: " ", 0x0A: " ", 0x0D: " "})
    if kept.isprintable():
        assert case.get("name") == name
