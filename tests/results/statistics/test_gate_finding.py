"""Findings: what becomes of them as JSON and as an exit code."""

import json
import math

import pytest
from sgbench.results.statistics.gate_finding import GateFinding, exit_code


def found(verdict):
    return GateFinding(name="x", kind="speed", verdict=verdict, words="")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["pass"], 0),
        (["pass", "incomparable"], 0),
        (["pass", "inconclusive"], 3),
        (["pass", "missing"], 3),
        (["incomparable", "incomparable"], 3),
        ([], 3),
        (["pass", "regression", "inconclusive"], 1),
        (["changed", "missing"], 1),
    ],
)
def test_exit_code(verdicts, code):
    assert exit_code([found(verdict) for verdict in verdicts]) == code


def test_to_dict_is_json_without_nan():
    finding = GateFinding(
        name="x", kind="speed", verdict="pass", words="", estimate=1.5, p=math.nan, high=math.inf
    )
    values = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
    assert values["estimate"] == 1.5
    assert (values["p"], values["high"], values["low"]) == (None, None, None)
    assert list(values)[:4] == ["name", "kind", "verdict", "words"]
