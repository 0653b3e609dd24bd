"""What came of trials, from records alone, and a lost study made again from them."""

import dataclasses

import pytest
from reference.speeds import record
from reference.studies import SMALL
from sgbench.bench.errors import StoreError
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.tuning.candidates import trial_cells
from sgbench.reproductions.tuning.study_options import arms_of_study, declare, open_study
from sgbench.reproductions.tuning.trials import RecordIndex, best, derive, rebuilt
from sgbench.results.store import study as studies
from sgbench.results.tuning_objective import objective_of


def test_the_file_is_made_again_from_the_records(tuned, asked):
    study, store, heard = tuned()
    studies.study_path(store, "s").write_bytes(b"torn")
    again = open_study(store, declare(asked())[0], rebuild=True)
    assert again == study  # the trials in their order, many in a second
    studies.study_path(store, "s").unlink()
    assert open_study(store, declare(asked())[0], rebuild=True) == again
    studies.save(store, again)
    (arm,) = arms_of_study(again)
    known = RecordIndex(store.scan())
    found = {
        derive(n, params, trial_cells(again, arm, params), known).value
        for n, params in enumerate(again.asked["dni"])
    }
    assert found == {trial.value for _, trial, _ in heard.trials}


def test_trials_are_in_the_order_they_began_whichever_ended_first(tuned, asked):
    study, _, heard = tuned()
    (arm,) = arms_of_study(study)
    records = [record for _, trial, _ in heard.trials for record in trial.records]
    late = "2026-01-02T00:00:00.000000+00:00"
    records = [
        dataclasses.replace(r, finished=late, train_seconds=100.0 - n, evaluation_seconds=0.0)
        for n, r in enumerate(records)
    ]
    declared = dataclasses.replace(study, asked={})
    assert rebuilt(declared, [arm], records) == study
    assert rebuilt(declared, [arm], records[::-1]) == study
    broken = [dataclasses.replace(records[0], finished="today"), *records[1:]]
    with pytest.raises(StoreError, match=f"{records[0].id}: finished='today' is no time"):
        rebuilt(declared, [arm], broken)


def test_records_of_another_protocol_are_no_trials(tuned, asked):
    _, store, _ = tuned()
    other = declare(asked(set=("iterations=20", *SMALL[1:])))[0]
    assert open_study(store, dataclasses.replace(other, name="o"), rebuild=True).asked == {
        "dni": []
    }


def test_the_protocol_as_it_is_comes_first_again(tuned, asked):
    """As in a study that was begun, even where it is outside the space or its records are lost."""
    study, store, heard = tuned()
    own = study.asked["dni"][0]
    assert own["sg_units"] == 128  # the space has 4 and 8
    studies.study_path(store, "s").unlink()
    (declared, _) = declare(asked())
    assert open_study(store, declared, rebuild=True).asked["dni"][0] == own
    (arm,) = arms_of_study(study)
    records = [r for r in store.scan() if r.id not in {x.id for x in heard.trials[0][1].records}]
    assert rebuilt(dataclasses.replace(declared, trials=6), [arm], records).asked["dni"][0] == own
    without = rebuilt(dataclasses.replace(declared, trials=5), [arm], records).asked["dni"]
    assert own not in without  # all trials of an earlier sgbench are there: none is added
    assert len(without) == 5


def test_the_best_trial_is_the_first_of_the_lowest_errors(tuned):
    _, _, heard = tuned()
    trials, objective = [trial for _, trial, _ in heard.trials], objective_of("digits")
    assert {trial.state for trial in trials} >= {"complete"}
    values = (3.0, 2.0, 2.0)
    some = [
        dataclasses.replace(trials[0], number=n, state="complete", value=value)
        for n, value in enumerate(values)
    ]
    pruned = dataclasses.replace(some[0], number=9, state="pruned", value=0.5)
    assert best([*some, pruned], objective).number == 1
    assert best([pruned], objective) is None
    for trial in (pruned, dataclasses.replace(some[0], value=None)):
        with pytest.raises(ValueError, match=f"trial {trial.number} is {trial.state}"):
            _ = trial.result


def test_a_record_that_lacks_the_objective_is_an_error_that_names_it(tuned):
    """It is not left out of the mean, which would be that of fewer seeds."""
    study, _, heard = tuned()
    (arm,) = arms_of_study(study)
    trial = next(trial for _, trial, _ in heard.trials if trial.state == "complete")
    cells = trial_cells(study, arm, trial.params)
    broken = dataclasses.replace(trial.records[0], validation_error=None)
    known = RecordIndex([broken, *trial.records[1:]])
    with pytest.raises(StoreError) as caught:
        derive(trial.number, trial.params, cells, known)
    for word in (broken.id, "validation error", "remove"):
        assert word in str(caught.value)


def test_a_seed_that_ended_by_itself_keeps_its_lowest_error():
    """The others may still train when it has ended."""
    cells = [c for c in expand(load("beyond"), "demo") if c.rule == "fa" and c.patience][:2]
    cells = [dataclasses.replace(cell, split="validation") for cell in cells]
    records = []
    for cell, errors in zip(cells, ([9.0, 5.0, 6.0], [8.0, 7.0, 9.0, 3.0]), strict=True):
        curve = [(n, float(n), error) for n, error in enumerate(errors, 1)]
        records.append(record(cell, curve, error_rate=min(errors)))
    trial = derive(0, {}, cells, RecordIndex(records))
    assert trial.points == ((1, 8.5), (2, 6.0), (3, 6.0), (4, 4.0))
    assert (trial.state, trial.value) == ("complete", 4.0)
