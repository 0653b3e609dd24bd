"""The lines that end a study."""

from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.console.study_outcome import outcome_lines


def test_an_arm_has_its_trials_its_best_and_the_command(study, records):
    lines = outcome_lines(study_results(study, records), ["--store", "x"])
    trials, best, tested, verdict, command = lines[:5]
    assert trials.startswith("backprop: 8 trials (6 complete, 1 pruned, 1 diverged), ")
    assert " updates, " in trials
    assert best == "  best is trial 3: 2.05 % validation error, learning_rate=0.002"
    assert tested.startswith("  test error on fresh seeds: 2.30 ± ")
    assert verdict.startswith("  trial 3 is better than the untuned protocol")
    assert command.startswith("  sgbench run table1 --scale demo --where ")
    assert command.endswith(" --store x")
    assert lines[5].startswith("cdni: 8 trials")


def test_an_arm_without_a_complete_trial_says_so(study):
    assert "  no trial is complete" in outcome_lines(study_results(study, ()))
