"""A study's report: what it says is what the records hold."""

import csv
import dataclasses
import io
import json

import pytest
from reference.study_records import RATES
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.console.study_outcome import outcome_lines
from sgbench.reports.pages.report import FORMATS
from sgbench.reports.pages.tuning import build
from sgbench.results.store.study import Study

MINUS = "\N{MINUS SIGN}"


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


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(study, records):
    first = build(study_results(study, records))
    second = build(study_results(study, records[::-1]))
    assert first.text == second.text
    assert first.files == second.files
    assert {name.rpartition(".")[2] for name in first.files} == set(FORMATS) - {"json"}


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
