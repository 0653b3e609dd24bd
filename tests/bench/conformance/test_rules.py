"""Every rule of the package and of examples/ passes all checks; which apply follows from RULE."""

from pathlib import Path

import pytest
from sgbench.bench import registry
from sgbench.bench.conformance.rules import check_rule
from sgbench.bench.conformance.subject import open_subject

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.py"))
QUICK = ("backprop", "bptt", "no_bprop")
EXPECTED = {"bp_lambda": {"unlocked", "zero_model"}, "forward_forward": {"one_pass"}}


def by_verdict(findings):
    found = {}
    for finding in findings:
        found.setdefault(finding.verdict, {})[finding.check] = finding.words
    return found


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in registry.RULES.builtin_names()
    ],
)
def test_rules_of_the_package(name):
    found = by_verdict(check_rule(name))
    assert found.get("fails", {}) == {}
    assert set(found.get("expected", {})) == EXPECTED.get(name, set())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_rules_of_the_examples(path):
    with open_subject(str(path)) as subject:
        found = by_verdict(subject.check(None))
    assert found.get("fails", {}) == {}
    assert "expected" not in found


def test_what_does_not_apply_says_why(own, sources):
    own(sources["backprop"], label_leak="the labels are drawn beside the image")
    found = by_verdict(check_rule("own"))
    assert found.get("fails", {}) == {}
    assert "drawn beside" in found["skipped"]["labels"]
    assert "objective" in found["skipped"]["objective"]
    assert "no M" in found["skipped"]["unlocked"]
    assert set(found["holds"]) >= {"runs", "replicas", "resumes", "masks"}


def test_a_failure_names_the_network(own, sources):
    wrong = sources["backprop"].replace("reversed(pullbacks)", "reversed(pullbacks[1:])")
    own(wrong)
    found = by_verdict(check_rule("own"))
    assert found["fails"]["writes_gradients"].startswith("cnn: ")
    assert "hidden0" in found["fails"]["writes_gradients"]
