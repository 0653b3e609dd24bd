"""What the figures of a study say of it."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.figures.titles import tuning as titles


@pytest.fixture
def results(study, records):
    return study_results(study, records)


def test_the_default_is_that_of_the_seeds_it_was_trained_anew_with(results):
    (arm, *_) = results.arms
    value, tested = titles.default(arm)
    assert tested
    assert value == pytest.approx(sum(arm.untuned.values.values()) / 3)
    assert "test error on other seeds" in titles.defaults_said(results)


def test_a_trial_of_the_default_comes_before(results):
    (arm, *_) = results.arms
    own = titles.untuned_params(arm.arm)
    trial = replace(arm.trials[0], params=own, state="complete", value=4.5)
    tried = replace(arm, trials=(trial, *arm.trials[1:]))
    assert titles.default(tried) == (4.5, False)
    given_up = replace(arm, trials=(replace(trial, state="pruned"), *arm.trials[1:]))
    assert titles.default(given_up)[1]
    both = replace(results, arms=[tried, *results.arms[1:]])
    assert "on the same seeds, or" in titles.defaults_said(both)


def test_the_title_has_what_was_won_on_fresh_seeds(results):
    said = titles.gain(results)
    for arm in results.arms:
        assert arm.verdict == "better"
        tuned, untuned = arm.tuned.interval.mean, arm.untuned.interval.mean
        label = titles.label(arm)
        assert f"{label} {tuned:.2f} against {untuned:.2f} % (better)" in said
    (arm, *_) = results.arms
    kept = replace(results, arms=[replace(arm, tuned=arm.untuned)])
    assert "no significant gain" in titles.gain(kept)


def test_nothing_is_said_before_the_winners_are_trained_anew(results):
    arms = [replace(arm, tuned=None) for arm in results.arms]
    assert titles.gain(replace(results, arms=arms)) == ""


def test_a_field_is_the_most_important_only_where_it_has_most_everywhere(results):
    (arm, *_) = results.arms
    most = {"fANOVA": {"learning_rate": 0.8, "sg_layers": 0.2}, "MDI": {"learning_rate": 0.6}}
    shown = [replace(arm, importances=most)]
    assert titles.most_important(shown, results).startswith("The learning rate makes most")
    assert "60%" in titles.most_important(shown, results)
    less = replace(arm, importances=most | {"MDI": {"learning_rate": 0.4, "sg_layers": 0.6}})
    assert titles.most_important([less], results) == ""
