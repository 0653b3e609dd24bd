"""A gate's findings as JUnit XML: verdicts are elements that CI systems know."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.reports.console.gate import ORDER
from sgbench.reports.console.junit import junit
from sgbench.results.statistics.gate_finding import GateFinding


def found(verdict="pass", **fields):
    given = {"name": "fcn", "kind": "speed", "words": "within 1.05", **fields}
    return GateFinding(verdict=verdict, **given)


SLOW = found("regression", estimate=1.2134, low=1.19, high=1.23, p=2**-12, n=12, words="slower")


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
