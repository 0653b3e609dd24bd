"""The numbers behind a report as CSV."""

import csv
import io

import pytest
from reference.speeds import of_backprop_and_dni, timings
from sgbench.reports.analysis.costs.cost_to_accuracy import reached
from sgbench.reports.analysis.costs.speeds import speeds
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reports.tables.csv import (
    budget_csv,
    claims_csv,
    cost_csv,
    places_csv,
    rounded,
    speeds_csv,
    trials_csv,
)
from sgbench.reproductions.exhibits.exhibit import load


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def columns(text):
    return text.splitlines()[0].split(",")


def test_a_rule_s_own_numbers_are_columns_where_the_rule_is(table1, table2, make):
    exhibit = load("bp_lambda")
    some = make.grid(exhibit, "demo", lambda cell: cell.seed == 0)
    selection = select(exhibit, "demo", some)
    found = lines(places_csv(selection, places(selection)))
    assert {line["bp_lambda"] for line in found} == {"0.0", "0.25", "0.5", "0.75", "1.0"}
    for other, own in ((table1, set()), (table2, {"aux_weight"})):
        selection = select(other, "demo", [])
        names = set(columns(places_csv(selection, places(selection))))
        assert names & {"bp_lambda", "aux_weight"} == own


def test_the_axes_of_the_grid_are_columns(make):
    exhibit = load("sg_scale")
    selection = select(exhibit, "demo", [])
    found = lines(places_csv(selection, places(selection)))
    assert {line["sg_scale"] for line in found} == {"1.0", "10.0", "100.0", "1000.0", "10000.0"}
    assert {line["exhibit"] for line in found} == {"sg_scale"}


def test_a_claim_tells_the_fields_that_its_sides_share(table1, make):
    selection = select(table1, "demo", [])
    found = lines(claims_csv(selection, claims(selection)))
    grows = next(line for line in found if line["claim"] == "dni-grows")
    assert (grows["dataset"], grows["rule"], grows["depth"]) == ("digits", "dni", "")


def test_timings_and_times_to_an_error_have_a_line_each():
    found = speeds(timings())
    assert len(lines(speeds_csv(found))) == len(found)
    _, records = of_backprop_and_dni()
    (first, *_) = lines(cost_csv(reached(records, [])))
    assert (first["rule"], first["quantity"], first["target"]) == ("backprop", "error", "4.0")
    assert (first["flops"], first["bytes"]) == ("", "")  # it was not timed


def test_trials_and_budgets_have_a_line_each(study, records):
    results = study_results(study, records)
    trials, budget = lines(trials_csv(results)), lines(budget_csv(results))
    assert len(trials) == sum(len(arm.trials) for arm in results.arms)
    assert float(trials[0]["value"]) == pytest.approx(results.arms[0].trials[0].value)
    assert [line["trials"] for line in budget][:3] == ["1", "2", "3"]
    assert columns(budget_csv(study_results(study, []))) == columns(budget_csv(results))


def test_numbers_have_no_digits_that_differ_by_the_versions_of_libraries():
    one, other = {"p": 0.1 + 0.2, "values": (1 / 3, 7)}, {"p": 0.3, "values": (0.333333333333, 7)}
    assert rounded(one) == rounded(other) == {"p": 0.3, "values": [0.333333333, 7]}
    assert rounded({"n": 2**60, "word": "x", "none": None}) == {
        "n": 2**60,
        "word": "x",
        "none": None,
    }
