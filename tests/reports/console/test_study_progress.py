"""The progress of a study: a line per trial on stderr, and trials and arms as JSON values."""

import dataclasses
import json

import pytest
from reference.studies import study
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.console.study_progress import StudyLines, study_values, trial_values
from sgbench.reproductions.tuning.candidates import untuned_params
from sgbench.reproductions.tuning.study_options import arms_of_study
from sgbench.reproductions.tuning.trials import Trial

DECLARED = study(
    where="rule=backprop,dni,network=fcn,depth=3,sg_layers=none,1",
    space={"learning_rate": "1e-05:0.01:log", "sg_units": "64,128"},
    trials=5,
)
TRIAL = Trial(
    number=3, params={"learning_rate": 1e-3}, state="complete", value=7.25, points=((40, 7.25),),
    iterations=80, seconds=1.0, records=(),
)  # fmt: skip


@pytest.fixture
def arms():
    return arms_of_study(DECLARED)


def test_the_beginning_tells_trials_arms_and_what_does_not_apply(capsys, arms):
    StudyLines(DECLARED, None).begins(DECLARED, arms, 2, 4)
    out, err = capsys.readouterr()
    assert out == ""
    head, *rest = err.splitlines()
    for words in ("5 trials", "backprop", "dni", "2 of them done", "4 cells at a time"):
        assert words in head
    assert [line for line in rest if line.startswith(f"{arms[0].label}: ") and "sg_units" in line]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "7.25"),
        ({"state": "pruned"}, "given up at 40"),
        ({"state": "pruned", "points": (), "value": None}, "given up"),
        ({"state": "diverged", "value": 100.0}, "diverged"),
        ({"state": "failed", "value": None}, "failed"),
    ],
)
def test_a_trial_ends_on_one_line(capsys, arms, changes, words):
    lines = StudyLines(DECLARED, None)
    lines.begins(DECLARED, arms, 0, 1)
    capsys.readouterr()
    lines.ended(arms[0], dataclasses.replace(TRIAL, **changes), TRIAL)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.split()[0] == "1/10"
    for text in (words, f"{arms[0].label} 3", "learning_rate=0.001", "best 7.25 by trial 3"):
        assert text in line


def test_the_protocol_as_it_is_is_marked(capsys, arms):
    lines, own = StudyLines(DECLARED, None), untuned_params(arms[0])
    lines.ended(arms[0], dataclasses.replace(TRIAL, params=own), None)
    lines.ended(arms[0], TRIAL, None)
    lines.retraining(arms[0], dataclasses.replace(TRIAL, params=own))
    lines.retraining(arms[0], TRIAL)
    marked = ["the untuned protocol" in line for line in capsys.readouterr().err.splitlines()]
    assert marked == [True, False, True, True]


def test_values_reach_whoever_asks_for_them(capsys, arms):
    heard = []
    StudyLines(DECLARED, heard.append).ended(arms[0], TRIAL, None)
    (values,) = heard
    assert values == trial_values(DECLARED, arms[0], TRIAL)
    assert json.loads(json.dumps(values)) == values
    assert (values["trial"], values["params"], values["value"]) == (3, TRIAL.params, 7.25)


def test_an_arm_without_records_has_no_verdict():
    declared = dataclasses.replace(DECLARED, where="rule=backprop,network=fcn,depth=3")
    (values,) = study_values(study_results(declared, (), importance=False))
    assert (values["arm"], values["trials"]) == ("backprop", 0)
    assert (values["best"], values["p"], values["verdict"], values["command"]) == (None,) * 4
