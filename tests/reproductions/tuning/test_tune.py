"""Tuning: ordinary records, nothing lost at any moment, the test set left alone until the end."""

import dataclasses
import functools

import pytest
from reference.runs import left_behind, stored
from reference.studies import StudyListener, states
from sgbench.bench.training import loop
from sgbench.reproductions.tuning.study_options import arms_of_study
from sgbench.results.store import study as studies


def test_a_study(tuned):
    study, store, heard = tuned()
    assert (heard.summary.left, heard.summary.interrupted) == (False, None)
    assert heard.begun == (0, 1)
    assert [trial.number for _, trial, _ in heard.trials] == list(range(6))
    assert set(states(heard)) == {"complete", "pruned"}
    assert len(study.asked["dni"]) == 6
    own = {"sg_layers": 2, "learning_rate": 3e-3, "sg_units": 128}
    assert (heard.trials[0][1].number, heard.trials[0][1].params) == (0, own)
    assert left_behind(store) == []
    records = list(store.scan())
    fresh = [r for r in records if r.split == "test"]
    assert sorted((r.seed, r.scale) for r in fresh) == [(2, "custom")] * 2 + [(3, "custom")] * 2
    assert {r.seed for r in records if r.split == "validation"} == {0, 1}
    assert {r.exhibit for r in records} == {"table1"}
    best = heard.trials[-1][2]
    values = [t.value for _, t, _ in heard.trials if t.state == "complete"]
    assert best.value == min(values)
    assert heard.retrained == [("dni", best.number)]
    assert {r.learning_rate for r in fresh} == {best.params["learning_rate"], 3e-3}


def test_a_trials_value_is_the_mean_of_its_seeds_on_the_validation_split(tuned):
    _, _, heard = tuned()
    for _, trial, _ in heard.trials:
        assert len(trial.records) == 2
        assert all(r.test_error is None for r in trial.records)
        if trial.state == "complete":
            assert trial.value == sum(r.validation_error for r in trial.records) / 2
            assert trial.points[-1] == (18, trial.value)
            assert trial.iterations == 36


def test_the_protocol_as_it_is_counts_for_the_exhibit(tuned):
    _, store, _ = tuned(set=(), trials=1, seeds=1, fresh=1, space=("learning_rate=1e-3:1e-2:log",),
                        where=("rule=backprop,network=fcn,depth=3",))  # fmt: skip
    scales = {r.scale for r in store.scan() if r.split == "test" and r.learning_rate == 3e-3}
    assert scales == {"demo"}


class Untouchable:
    """Test data that nobody may look at."""

    def __getattr__(self, name):
        raise AssertionError(f"the test data was looked at: {name}")

    def __len__(self):
        raise AssertionError("the test data was looked at")


def test_the_test_data_is_not_touched_before_a_winner_is_known(tuned, monkeypatch):
    real = loop._load

    def poisoned(*source):
        nobody = {"test_images": Untouchable(), "test_labels": Untouchable()}
        return dataclasses.replace(real(*source), **nobody)

    monkeypatch.setattr(loop, "_load", poisoned)
    _, store, heard = tuned()
    assert set(states(heard)) == {"complete", "pruned"}
    for record in store.scan():  # and it would have been noticed
        if record.split == "test":
            assert record.status == "failed"
        else:
            assert record.status in ("ok", "pruned")


class Killed(BaseException):
    """What no part of sgbench catches."""


def test_killed_at_every_write_it_goes_on_to_the_same_end(tuned, monkeypatch):
    """Before and after each write of a record, a study's file or a checkpoint."""
    from sgbench.bench.training import checkpoint
    from sgbench.results.files import json_store

    few = {"trials": 4, "seeds": 1, "fresh": 1}
    want_study, want_store, _ = tuned("undisturbed", **few)
    want = stored(want_store)
    places = [(json_store, "write_atomic"), (studies, "write_atomic"), (checkpoint, "save")]
    real = {place: getattr(*place) for place in places}
    writes = [0, 0]

    def counted(place, *arguments):
        writes[0] += 1
        if writes[0] == writes[1]:
            raise Killed
        real[place](*arguments)
        writes[0] += 1
        if writes[0] == writes[1]:
            raise Killed

    for place in places:
        monkeypatch.setattr(*place, functools.partial(counted, place))
    kills = 0
    for n in range(1, 1000, 3):
        writes[:] = [0, n]
        try:
            tuned("killed", **few)
        except Killed:
            kills += 1
        else:
            break
        writes[:] = [0, 0]
    study, store, _ = tuned("killed", **few)
    assert kills > 5
    assert study == want_study
    assert stored(store) == want
    assert left_behind(store) == []


def test_what_is_done_is_not_trained_again(tuned, monkeypatch):
    tuned()
    monkeypatch.setattr(loop, "train", None)
    _, _, heard = tuned()
    assert (heard.trials, heard.begun, heard.summary.left) == ([], None, False)


def test_more_trials_go_on_as_if_they_had_been_asked_for_at_once(tuned):
    want, _, _ = tuned("whole", trials=9)
    tuned("parts", trials=4)
    study, _, heard = tuned("parts", trials=9)
    assert study.asked == want.asked
    assert heard.begun[0] == 4


def test_arms_have_the_same_budget_and_each_its_winner(tuned):
    study, _, heard = tuned(where=("rule=backprop,cdni,network=fcn,depth=3",), seeds=1)
    assert {label: len(asked) for label, asked in study.asked.items()} == {"backprop": 6, "cdni": 6}
    assert all(set(params) == {"learning_rate"} for params in study.asked["backprop"])
    assert {label for label, _ in heard.retrained} == {"backprop", "cdni"}


def test_a_time_limit_leaves_the_rest_for_the_next_run(tuned, monkeypatch):
    want, want_store, _ = tuned("undisturbed")
    import time

    now, seen = time.time, []

    def late(arm, trial):
        seen.append(trial)
        if len(seen) == 3:
            monkeypatch.setattr(time, "time", lambda: now() + 3601)

    _, store, heard = tuned(listener=StudyListener(ended=late), options={"time_limit": 3600.0})
    monkeypatch.setattr(time, "time", now)
    assert heard.summary.left
    assert len(heard.trials) == 3
    study, store, heard = tuned()
    assert not heard.summary.left
    assert study == want
    assert stored(store) == stored(want_store)


@pytest.mark.parametrize(
    ("exhibit", "where", "small", "space"),
    [
        (
            "table2", "dataset=copy,rule=dni,T=2",
            ("iterations=6", "evaluate_every=2", "hidden_units=4", "sg_units=4", "batch_size=4"),
            ("learning_rate=1e-4:1e-2:log", "sg_factor=0.1:1"),
        ),
        (
            "two_networks", "rule=dni",
            ("iterations=2", "evaluate_every=1", "hidden_units=4", "sg_units=4", "batch_size=4"),
            ("learning_rate=1e-4:1e-2:log",),
        ),
    ],
)  # fmt: skip
def test_other_results_than_errors(tuned, exhibit, where, small, space):
    """The longest task is to be large; of two networks the mean of both errors counts."""
    _, store, heard = tuned(exhibit=exhibit, where=(where,), set=small, space=space, trials=2,
                            seeds=1, fresh=1)  # fmt: skip
    objective = arms_of_study(studies.load(store, "s"))[0].objective
    assert objective.minimize == (exhibit != "table2")
    values = [t.value for _, t, _ in heard.trials if t.state == "complete"]
    assert heard.trials[-1][2].value == (min if objective.minimize else max)(values)
    fresh = [r for r in store.scan() if r.seed == 1]
    assert len(fresh) == (1 if heard.trials[-1][2].number == 0 else 2)
    assert all(objective.test_result(record) is not None for record in fresh)


@pytest.mark.slow
def test_trials_run_side_by_side(tuned):
    _, store, heard = tuned(options={"jobs": 2})
    assert heard.begun == (0, 2)
    assert sorted(trial.number for _, trial, _ in heard.trials) == list(range(6))
    assert left_behind(store) == []
    assert not heard.summary.left
