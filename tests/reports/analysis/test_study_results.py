"""The verdict of a study: the winner is better than the protocol as it is, or that is kept."""

import dataclasses

import pytest
from sgbench.reports.analysis.study_results import LEVEL, study_results
from sgbench.reproductions.tuning.candidates import fresh_cells, own_choice, trial_cells
from sgbench.reproductions.tuning.study_options import loaded
from sgbench.results.study import Study

RATE = {"learning_rate": 1e-3}


@pytest.fixture
def verdict_of(make):
    """Return an arm's results, of errors of the two trials and, on fresh seeds, of both choices."""

    def results(trials=(9.0, 5.0), tuned=(5.0, 5.2, 5.1), own=(9.0, 9.1, 9.3), fresh=3):
        study = Study(
            name="s", exhibit="table1", scale="demo", where="rule=backprop,network=fcn,depth=4",
            set=[], space={"learning_rate": "1e-05:0.01:log"}, trials=2, seeds=1, fresh=fresh,
            sampler="tpe", pruner="none",
        )  # fmt: skip
        (arm,) = loaded(study)
        study = study.asking("backprop", own_choice(arm)).asking("backprop", RATE)
        (arm,), records = loaded(study), []
        for params, error in zip((own_choice(arm), RATE), trials, strict=True):
            records += [make.record(cell, error) for cell in trial_cells(study, arm, params)]
        for params, errors in ((RATE, tuned), (None, own)):
            cells = fresh_cells(study, arm, params)
            records += [make.record(c, e) for c, e in zip(cells, errors, strict=False)]
        (found,) = study_results(study, records, importance=False).arms
        return found

    return results


def test_a_winner_that_the_test_shows_to_be_better(verdict_of):
    found = verdict_of()
    assert found.gain[1] < LEVEL
    assert (found.verdict, found.unchanged) == ("better", False)
    assert "trial 1" in found.verdict_words


@pytest.mark.parametrize("own", [(5.1, 5.0, 5.2), (4.0, 4.1, 4.2)], ids=["as good", "better"])
def test_a_winner_of_luck_is_not_taken(verdict_of, own):
    found = verdict_of(own=own)
    assert found.gain[1] >= LEVEL
    assert (found.verdict, found.unchanged) == ("keep", False)
    assert "keep the protocol as it is" in found.verdict_words


def test_the_protocol_as_it_is_may_win(verdict_of):
    found = verdict_of(trials=(5.0, 9.0))
    assert (found.verdict, found.unchanged, found.winner.number) == ("keep", True, 0)
    assert "best of 2 trials" in found.verdict_words


def test_one_fresh_seed_shows_nothing(verdict_of):
    found = verdict_of(tuned=(1.0,), own=(9.0,), fresh=1)
    assert found.verdict == "keep"
    assert "--fresh" in found.verdict_words


@pytest.mark.parametrize("lacking", [{"own": (9.0, 9.1)}, {"own": ()}, {"tuned": (5.0,)}])
def test_there_is_no_verdict_before_all_fresh_seeds_are_trained(verdict_of, lacking):
    found = verdict_of(**lacking)
    assert (found.verdict, found.verdict_words) == (None, "")


def test_there_is_no_verdict_where_no_pair_trained(make, verdict_of):
    found = verdict_of()
    lost = dataclasses.replace(found.untuned, values={}, lost=3)
    assert dataclasses.replace(found, untuned=lost).verdict is None
