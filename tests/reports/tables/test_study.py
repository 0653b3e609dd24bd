"""The tables of a study."""

from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.tables.study import (
    cost_table,
    importance_table,
    outcome_table,
    trials_table,
)


def texts(table):
    """The texts of each row by its stub."""
    return {stub: [" ".join(one.lines) for one in entries] for stub, entries in table.rows}


def test_the_outcome_holds_the_winner_against_the_protocol(study, records):
    found = texts(outcome_table(study_results(study, records)))
    best, tuned, untuned, difference, p, verdict = found[("backprop",)]
    assert best == "2.05"
    assert tuned.startswith("2.30 ± ")
    assert tuned.endswith(" (3)")
    assert untuned.startswith(("3.84 ± ", "3.85 ± "))
    assert difference.startswith("-1.5")
    assert (p, verdict) == ("< 0.001", "better")


def test_costs_are_of_trials_and_apart_of_what_was_retrained(study, records):
    results = study_results(study, records)
    found = texts(cost_table(results))[("backprop",)]
    assert found[:4] == ["6", "1", "1", "0"]
    assert found[4] == f"{results.arms[0].iterations:,}"
    assert found[5].endswith(" %")


def test_the_best_trials_come_first(study, records):
    found = trials_table(study_results(study, records))
    backprop = [(stub[1], entries) for stub, entries in found.rows if stub[0] == "backprop"]
    assert backprop[0][0] == "3"
    values = [float(entries[0].lines[0]) for _, entries in backprop]
    assert values == sorted(values)
    assert len(values) == 5
    assert backprop[0][1][1].lines == ("learning_rate=0.002",)


def test_what_was_not_searched_has_no_importance(study, records):
    found = texts(importance_table(study_results(study, records)))
    assert found[("sg_layers",)][:2] == ["-", "-"]  # of backprop
    assert all(text != "-" for text in found[("learning_rate",)])


def test_without_records_everything_is_a_dash(study):
    results = study_results(study, [])
    assert texts(outcome_table(results))[("backprop",)] == ["-"] * 6
    assert trials_table(results).rows == ()
