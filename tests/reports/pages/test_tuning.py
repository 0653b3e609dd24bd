"""A study's report, from made-up records: what it says is what they hold."""

import csv
import dataclasses
import io
import json
import math
import statistics

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.study_results import command, study_results
from sgbench.reports.pages.tuning import build
from sgbench.reports.pages.tuning_page import outcome_lines
from sgbench.reproductions.tuning.candidates import fresh_cells, trial_cells
from sgbench.reproductions.tuning.study_options import loaded
from sgbench.results.statistics.expected_best import expected_best
from sgbench.results.study import Study

RATES = (1e-4, 3e-4, 1e-3, 2e-3, 1e-2, 4e-3, 5e-4, 7e-3)


def declared(**changes):
    values = {
        "name": "made-up", "exhibit": "table1", "scale": "demo",
        "where": "rule=backprop,cdni,network=fcn,depth=4", "set": ["sg_scale=10"],
        "space": {"learning_rate": "1e-05:0.01:log", "sg_layers": "0:2"}, "trials": len(RATES),
        "seeds": 2, "fresh": 3, "sampler": "tpe", "pruner": "none",
    }  # fmt: skip
    study = Study(**(values | changes))
    for arm in loaded(study):
        for n, rate in enumerate(RATES):
            params = {"learning_rate": rate}
            if arm.label == "cdni":
                params["sg_layers"] = n % 3
            study = study.asking(arm.label, params)
    return study


def error(cell):
    """Best at 2e-3; a hidden layer more of M is little."""
    return 2 + abs(math.log10(cell.learning_rate / 2e-3)) + 0.02 * (cell.sg_layers or 0)


@pytest.fixture
def study():
    return declared()


@pytest.fixture
def records(make, study):
    found = []
    for arm in loaded(study):
        for n, params in enumerate(study.asked[arm.label]):
            for cell in trial_cells(study, arm, params):
                status = {6: "pruned", 7: "diverged"}.get(n, "ok")
                found.append(make.record(cell, error(cell) + cell.seed / 10, status=status))
        best = {"learning_rate": 2e-3} | ({"sg_layers": 0} if arm.label == "cdni" else {})
        for params, worse in ((best, 0.0), (None, 1.5)):
            found += [
                make.record(cell, 2.0 + worse + cell.seed / 10 * (1 + worse / 10))
                for cell in fresh_cells(study, arm, params)
            ]
    return found


def test_values_are_means_over_seeds_and_the_winner_the_best_complete_trial(study, records):
    backprop, cdni = study_results(study, records).arms
    assert [trial.state for trial in backprop.trials] == ["complete"] * 6 + ["pruned", "diverged"]
    assert (backprop.winner.number, cdni.winner.number) == (3, 3)
    assert backprop.winner.value == pytest.approx(2.05)
    assert backprop.trials[7].value == 100.0
    assert backprop.trials[6].value == backprop.trials[6].points[-1][1]


def test_the_winner_is_held_against_the_protocol_as_it_is(study, records):
    backprop, _ = study_results(study, records).arms
    assert [*backprop.tuned.values] == [2, 3, 4]
    assert backprop.tuned.interval.mean == pytest.approx(2.3)
    assert backprop.untuned.interval.mean == pytest.approx(3.845)
    interval, p = backprop.gain
    assert (interval.mean, interval.n) == (pytest.approx(-1.545), 3)
    assert p < 0.001


@pytest.mark.parametrize("elsewhere", ["a", "zzz"])
def test_pairs_are_of_the_machines_that_the_trials_were_run_on(study, records, elsewhere):
    other = [
        dataclasses.replace(r, machine_class=elsewhere, test_error=r.test_error + 50)
        for r in records
        if r.split == "test"
    ]
    for both in ([*records, *other], [*other, *records]):
        assert study_results(study, both).arms[0].gain == study_results(study, records).arms[0].gain
    only = study_results(study, [r for r in records if r.split != "test"] + other).arms[0]
    assert only.untuned.interval.mean == pytest.approx(53.845)


def test_costs_are_those_of_the_records(study, records):
    backprop, _ = study_results(study, records).arms
    mine = [r for r in records if r.rule == "backprop" and r.split == "validation"]
    assert backprop.iterations == sum(r.iterations_done for r in mine)
    assert backprop.seconds == pytest.approx(11.0 * len(mine))


def test_the_curve_is_the_expected_best(study, records):
    backprop, _ = study_results(study, records).arms
    values = [trial.value for trial in backprop.trials]
    assert backprop.curve == expected_best(values)
    assert backprop.curve[0] == pytest.approx(statistics.fmean(values))


def test_the_page(study, records):
    report = build(study_results(study, records), ("md", "csv", "png"))
    page = report.files["tune-made-up.md"].decode()
    for words in ("# Study made-up", "## Outcome", "## Cost", "## Best trials", "## Importance"):
        assert words in page
    assert "backprop: sg\\_layers does not apply" in page
    assert "sgbench run table1 --scale demo --where" in page
    for kind in ("history", "budget", "slices", "importance"):
        assert f"(tune-made-up-{kind}.png)" in page
        assert report.files[f"tune-made-up-{kind}.png"].startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(report.files["tune-made-up.csv"].decode())))
    assert len(rows) == 2 * len(RATES)
    assert {row["state"] for row in rows} == {"complete", "pruned", "diverged"}
    assert [float(row["learning_rate"]) for row in rows[: len(RATES)]] == list(RATES)
    budget = list(csv.DictReader(io.StringIO(report.files["tune-made-up-budget.csv"].decode())))
    assert [int(row["trials"]) for row in budget] == [*range(1, 9)] * 2


def test_importances_are_shares(study, records):
    backprop, cdni = study_results(study, records).arms
    assert set(cdni.importances["fANOVA"]) == {"learning_rate", "sg_layers"}
    assert sum(cdni.importances["fANOVA"].values()) == pytest.approx(1)
    assert cdni.importances["fANOVA"]["learning_rate"] > 0.5
    assert sum(cdni.importances["MDI"].values()) == pytest.approx(1)
    assert set(backprop.importances["fANOVA"]) == {"learning_rate"}


def test_a_single_field_has_no_importance(study, records):
    single = dataclasses.replace(
        study,
        where=study.where.replace("backprop,cdni", "backprop"),
        set=[],
        space={"learning_rate": study.space["learning_rate"]},
        asked={"backprop": study.asked["backprop"]},
    )
    tuned = study_results(single, records)
    (told,) = tuned.arms
    assert told.winner is not None
    assert told.importances == {}
    report = build(tuned, ("md", "png"))
    assert "## Importance" not in report.files["tune-made-up.md"].decode()
    assert "tune-made-up-importance.png" not in report.files


def test_the_same_records_give_the_same_bytes(study, records):
    first = build(study_results(study, records))
    second = build(study_results(study, records[::-1]))
    assert first.text == second.text
    assert first.files == second.files
    assert {name.rpartition(".")[2] for name in first.files} == {"md", "csv", "png", "svg", "pdf"}


def test_a_study_without_records_is_told_too(study):
    tuned = study_results(study, ())
    report = build(tuned, ("md", "csv", "png"))
    assert "8 trials open" in report.text
    assert not any(name.endswith(".png") for name in report.files)
    assert "  no trial is complete" in outcome_lines(tuned)
    none = study_results(Study(**{**json.loads(json.dumps(_values(study))), "asked": {}}), ())
    assert build(none, ("md", "png")).files


def _values(study):
    return {name: getattr(study, name) for name in study.__slots__}


def test_an_unknown_format_is_refused(study):
    with pytest.raises(UsageError, match="did you mean 'png'"):
        build(study_results(study, ()), ("pgn",))


def test_the_command_has_what_the_winner_has(study, records):
    _, cdni = study_results(study, records).arms
    words = command(study, cdni.arm, cdni.winner)
    assert words[:6] == ["sgbench", "run", "table1", "--scale", "demo", "--where"]
    assert [words[n + 1] for n, word in enumerate(words) if word == "--set"] == [
        "sg_scale=10.0",
        "learning_rate=0.002",
        "sg_layers=0",
    ]
    assert words[-2:] == ["--seeds", "5"]
