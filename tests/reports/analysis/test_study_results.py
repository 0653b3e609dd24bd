"""The results of a study: its trials, its winner, and whether that is better on fresh seeds."""

import dataclasses
import statistics

import pytest
from sgbench.reports.analysis.study_results import LEVEL, command, study_results
from sgbench.reproductions.tuning.candidates import fresh_cells, trial_cells, untuned_params
from sgbench.reproductions.tuning.study_options import arms_of_study
from sgbench.results.statistics.expected_best import expected_best
from sgbench.results.store.study import Study

RATE = {"learning_rate": 1e-3}


@pytest.fixture
def verdict_of(make):
    """Return an arm's results, of errors of the two trials and, on fresh seeds, of both choices."""

    def results(trials=(9.0, 5.0), tuned=(5.0, 5.2, 5.1), own=(9.0, 9.1, 9.3), fresh=3, lost=()):
        study = Study(
            name="s", exhibit="table1", scale="demo", where="rule=backprop,network=fcn,depth=4",
            set=[], space={"learning_rate": "1e-05:0.01:log"}, trials=2, seeds=1, fresh=fresh,
            sampler="tpe", pruner="none",
        )  # fmt: skip
        (arm,) = arms_of_study(study)
        study = study.asking("backprop", untuned_params(arm)).asking("backprop", RATE)
        (arm,), records = arms_of_study(study), []
        for params, error in zip((untuned_params(arm), RATE), trials, strict=True):
            records += [make.record(cell, error) for cell in trial_cells(study, arm, params)]
        for params, errors in ((RATE, tuned), (None, own)):
            cells = fresh_cells(study, arm, params)
            records += [make.record(c, e) for c, e in zip(cells, errors, strict=False)]
            for status in lost if params == RATE else ():
                records[-1] = make.record(cells[-1], 99.0, status=status)
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
    assert "keep the untuned protocol" in found.verdict_words


@pytest.fixture
def lengths(make):
    """Return an arm's results on a curriculum, of the lengths on fresh seeds of both choices."""

    def results(tuned, own):
        study = Study(
            name="s", exhibit="table2", scale="demo", where="rule=bptt,dataset=copy,T=2",
            set=[], space={"learning_rate": "1e-05:0.01:log"}, trials=2, seeds=1,
            fresh=len(tuned), sampler="tpe", pruner="none",
        )  # fmt: skip
        (arm,) = arms_of_study(study)
        study = study.asking(arm.label, untuned_params(arm)).asking(arm.label, RATE)
        (arm,), records = arms_of_study(study), []
        for params, length, fresh in ((untuned_params(arm), 4, own), (RATE, 8, tuned)):
            records += [make.record(cell, length) for cell in trial_cells(study, arm, params)]
            cells = fresh_cells(study, arm, None if fresh is own else params)
            records += [make.record(c, e) for c, e in zip(cells, fresh, strict=True)]
        (found,) = study_results(study, records, importance=False).arms
        return found

    return results


def test_lengths_are_compared_by_an_exact_test(lengths):
    """Equal gains of a level have no spread, which a t-test needs."""
    found = lengths([8] * 5, [4] * 5)
    assert found.gain[1] == 2**-5
    assert (found.winner.number, found.verdict) == (1, "better")
    few = lengths([8] * 3, [4] * 3)
    assert (few.gain[1], few.verdict) == (2**-3, "keep")
    assert few.verdict_words.endswith("not better on fresh seeds (p = 0.12); 3 seeds are no test,"
                                      " --fresh 5 is")  # fmt: skip


def test_equal_gains_of_an_error_are_as_exact_as_the_images_are_many(verdict_of):
    found = verdict_of(tuned=(5.0, 5.0, 5.0), own=(9.0, 9.0, 9.0))
    assert 0 < found.gain[1] < LEVEL
    assert found.verdict == "better"


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_winner_that_loses_seeds_is_not_better_by_the_rest(verdict_of, status):
    found = verdict_of(lost=(status,))
    assert found.gain[1] < LEVEL
    assert found.verdict == "keep"
    assert found.verdict_words == (
        "keep the untuned protocol: trial 1 has no result of 1 of 3 fresh seeds, and those that"
        " are left are no fair sample"
    )
    none = dataclasses.replace(found, tuned=dataclasses.replace(found.tuned, values={}, lost=3))
    assert none.verdict == "keep"


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


def test_importances_are_shares(study, records):
    backprop, cdni = study_results(study, records).arms
    assert set(cdni.importances["fANOVA"]) == {"learning_rate", "sg_layers"}
    assert sum(cdni.importances["fANOVA"].values()) == pytest.approx(1)
    assert cdni.importances["fANOVA"]["learning_rate"] > 0.5
    assert sum(cdni.importances["MDI"].values()) == pytest.approx(1)
    assert set(backprop.importances["fANOVA"]) == {"learning_rate"}


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
