"""Outcomes and evaluations in words."""

import pytest
from reference.reports import cells_of
from sgbench.reports.console.terminal import evaluation, outcome
from sgbench.reproductions.exhibits.exhibit import expand, load


def test_an_outcome_is_on_one_line_without_control_characters(make):
    cell = expand(load("table1"), "demo")[0]
    assert "\n" not in outcome(make.record(cell, status="failed", reason="one\ntwo\x1b[31m"))
    assert outcome(make.record(cell, 1.5)) == "  1.50 % error, 100 steps/s"
    assert outcome(make.record(cell, 1.5, status="diverged")).startswith("diverged: ")


def test_an_outcome_is_in_the_words_of_its_measure(table2, make):
    def words(value, **fields):
        (cell,) = cells_of(table2, "demo", seeds=1, **fields)
        return outcome(make.record(cell, value)).strip()

    assert words(39, dataset="repeat_copy", T=2, rule="dni") == "39 T_task solved, 100 steps/s"
    assert words(0, dataset="copy", T=2, rule="bptt") == "0 T_task solved, 100 steps/s"
    text = {"dataset": "descriptions", "T": 4, "rule": "dni_aux"}
    assert words(2.345678, **text) == "2.346 bits per character, 100 steps/s"
    (cell,) = cells_of(table2, "demo", seeds=1, **text)
    lost = make.record(cell, 2.0, status="diverged", reason="loss not finite at iteration 8")
    assert outcome(lost) == "diverged: loss not finite at iteration 8"


def test_an_outcome_has_both_results(two_networks, make):
    record = make.record(expand(two_networks, "demo", seeds=1)[0], 31.0)
    assert "3.10 % of A's counts wrong,  31.00 % of B's counts wrong" in outcome(record)


@pytest.mark.parametrize(
    ("exhibit", "point", "words"),
    [
        ("table1", {"error": 12.3456}, "12.35 % error"),
        ("table1", {"error": None}, "no result"),
        ("two_networks", {"error_a": 1.0, "error_b": 2.0}, "1.00 % of A's counts wrong, 2.00 % of"),
    ],
)
def test_an_evaluation_is_told_as_results_are(exhibit, point, words):
    assert evaluation(expand(load(exhibit), "demo")[0], point).startswith(words)
