"""Tuning: ordinary records, nothing lost at any moment, the test set left alone until the end."""

import dataclasses
import functools

import pytest
from reference.runs import left_behind, stored
from sgbench.bench.errors import UsageError
from sgbench.bench.training import loop
from sgbench.reproductions.running.plan import make_plan
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.reproductions.tuning import study_runner
from sgbench.reproductions.tuning.optuna_adapter import STARTUP, Optimizer, rungs
from sgbench.reproductions.tuning.optuna_export import export, importances
from sgbench.reproductions.tuning.search import RunOptions
from sgbench.reproductions.tuning.study_options import (
    StudyOptions,
    declare,
    loaded,
    opened,
    resumed,
)
from sgbench.reproductions.tuning.trials import RecordIndex, derive
from sgbench.reproductions.tuning.tune import tune
from sgbench.results import study as studies
from sgbench.results.store.store import Store

SMALL = ("iterations=18", "evaluate_every=2", "hidden_units=8", "batch_size=16")
SPACE = ("learning_rate=1e-5:0.1:log", "sg_layers=0:1", "sg_units=4,8")
WHERE = ("rule=dni,network=fcn,depth=3",)


class Listener:
    """Takes down what it hears."""

    def __init__(self, **on):
        self.trials, self.retrained, self.begun, self.on = [], [], None, on

    def begins(self, study, arms, there, workers):
        self.begun = (there, workers)

    def ended(self, arm, trial, leading):
        self.trials.append((arm.label, trial, leading))
        self.on.get("ended", lambda *_: None)(arm, trial)

    def retraining(self, arm, trial):
        self.retrained.append((arm.label, trial.number))
        self.on.get("retraining", lambda *_: None)()

    def stopping(self, number):
        pass


@pytest.fixture
def asked():
    def make(**changes):
        values = {
            "exhibit": "table1", "where": WHERE, "set": SMALL, "space": SPACE, "trials": 6,
            "seeds": 2, "fresh": 2, "study": "s",
        }  # fmt: skip
        return StudyOptions(**(values | changes))

    return make


@pytest.fixture
def tuned(tmp_path, asked):
    """Tune in the store of a name; returns the study, its store and what was heard."""

    def go(store="store", listener=None, options=None, **changes):
        source, heard = Store(tmp_path / store), listener or Listener()
        study = opened(source, declare(asked(**changes))[0])
        given = {"store": source, "device": "cpu", "jobs": 1} | (options or {})
        heard.summary = tune(study, RunOptions(**given), heard)
        return studies.load(source, study.name), source, heard

    return go


def states(heard):
    return [trial.state for _, trial, _ in heard.trials]


def test_a_study(tuned):
    study, store, heard = tuned()
    assert (heard.summary.left, heard.summary.interrupted) == (False, None)
    assert heard.begun == (0, 1)
    assert [trial.number for _, trial, _ in heard.trials] == list(range(6))
    assert set(states(heard)) == {"complete", "pruned"}
    assert len(study.asked["dni"]) == 6
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


def test_rungs_are_evaluations_three_times_apart(asked):
    (arm,) = loaded(declare(asked())[0])
    assert rungs(arm.cell, "hyperband") == (2, 6)
    assert rungs(dataclasses.replace(arm.cell, iterations=400, evaluate_every=50), "halving") == (
        50,
        150,
    )
    quick = dataclasses.replace(arm.cell, iterations=1000, evaluate_every=200)
    assert rungs(quick, "median") == (200, 600)
    assert rungs(quick, "none") == ()
    assert rungs(dataclasses.replace(arm.cell, iterations=2), "hyperband") == ()


class TestPruning:
    def test_what_is_given_up_keeps_its_curve_and_is_no_result(self, tuned):
        _, _, heard = tuned()
        pruned = [trial for _, trial, _ in heard.trials if trial.state == "pruned"]
        assert pruned
        for trial in pruned:
            for record in trial.records:
                assert record.status == "pruned"
                assert record.validation_error is None
                at = record.iterations_done
                assert at in (2, 6)
                assert [point["iteration"] for point in record.curve] == list(range(2, at + 1, 2))
                assert record.error.startswith(f"given up at iteration {at} of 18 by study s: ")
            assert trial.iterations in (4, 12)
            assert trial.value == trial.points[-1][1]

    def test_nothing_is_given_up_without_a_pruner(self, tuned):
        _, store, heard = tuned(pruner="none")
        assert states(heard) == ["complete"] * 6
        assert {r.iterations_done for r in store.scan()} == {18}

    def test_a_pause_changes_no_bit(self, tuned, asked):
        """A trial that came through its rungs is what an ordinary run gives."""
        _, store, heard = tuned()
        _, trial, _ = next(one for one in heard.trials if one[1].state == "complete")
        sets = [f"{k}={v}" for k, v in trial.params.items()]
        request = RunRequest(
            exhibit="table1", where=(f"{WHERE[0]},sg_layers={trial.params['sg_layers']}",),
            set=(*SMALL, *sets, "split=validation"), seeds=2, device="cpu", jobs=1,
            store=Store(store.path.parent / "plain"),
        )  # fmt: skip
        run(request, Quiet())
        plain = stored(request.store)
        assert len(plain) == 2
        assert plain == {id_: stored(store)[id_] for id_ in plain}

    def test_a_run_does_not_take_it_for_done(self, tuned):
        _, store, heard = tuned()
        _, trial, _ = next(one for one in heard.trials if one[1].state == "pruned")
        cells = [record.cell for record in trial.records]
        plan = make_plan(cells, store.scan(), machine=None)
        assert plan.counts() == {"pruned": 2}
        assert len(plan.programs) == 2


class Quiet:
    def planned(self, plan, workers):
        pass

    progress = finished = stopping = planned


class Killed(BaseException):
    """What no part of sgbench catches."""


def test_killed_at_every_write_it_goes_on_to_the_same_end(tuned, monkeypatch):
    """Before and after each write of a record, a study's file or a checkpoint."""
    from sgbench.bench.training import checkpoint
    from sgbench.results.store import json_store

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


def test_the_file_is_made_again_from_the_records(tuned, asked):
    study, store, heard = tuned()
    studies.study_path(store, "s").write_bytes(b"torn")
    again = opened(store, declare(asked())[0], rebuild=True)
    assert sorted(map(str, again.asked["dni"])) == sorted(map(str, study.asked["dni"]))
    studies.study_path(store, "s").unlink()
    assert opened(store, declare(asked())[0], rebuild=True) == again
    studies.save(store, again)
    (arm,) = loaded(again)
    known = RecordIndex(store.scan())
    found = {
        derive(n, params, study_runner.trial_cells(again, arm, params), known).value
        for n, params in enumerate(again.asked["dni"])
    }
    assert found == {trial.value for _, trial, _ in heard.trials}


def test_records_of_another_protocol_are_no_trials(tuned, asked):
    _, store, _ = tuned()
    other = declare(asked(set=("iterations=20", *SMALL[1:])))[0]
    assert opened(store, dataclasses.replace(other, name="o"), rebuild=True).asked == {"dni": []}


class TestResume:
    def test_needs_nothing_but_the_name(self, tuned, asked):
        study, store, _ = tuned()
        assert resumed(store, StudyOptions(exhibit="table1", study="s")) == study
        more = resumed(store, StudyOptions(exhibit="table1", study="s", trials=99))
        assert more == dataclasses.replace(study, trials=99)

    def test_refuses_what_differs(self, tuned):
        _, store, _ = tuned()
        with pytest.raises(UsageError, match="its seeds is 2 there, not 5; give another name by"):
            resumed(store, StudyOptions(exhibit="table1", study="s", seeds=5))
        with pytest.raises(UsageError, match="no such study"):
            resumed(store, StudyOptions(exhibit="table1", study="t"))

    def test_another_declaration_is_another_study(self, tuned):
        tuned()
        with pytest.raises(UsageError, match="study s is another one: its seeds is 2 there, not 1"):
            tuned(seeds=1)


def test_a_time_limit_leaves_the_rest_for_the_next_run(tuned, monkeypatch):
    want, want_store, _ = tuned("undisturbed")
    import time

    now, seen = time.time, []

    def late(arm, trial):
        seen.append(trial)
        if len(seen) == 3:
            monkeypatch.setattr(time, "time", lambda: now() + 3601)

    _, store, heard = tuned(listener=Listener(ended=late), options={"time_limit": 3600.0})
    monkeypatch.setattr(time, "time", now)
    assert heard.summary.left
    assert len(heard.trials) == 3
    study, store, heard = tuned()
    assert not heard.summary.left
    assert study == want
    assert stored(store) == stored(want_store)


def test_a_diverged_seed_decides_its_trial(tuned, monkeypatch):
    real = loop.train

    def diverging(job, look):
        outcomes = real(job, look)
        if job.cells[0].seed == 0 and job.cells[0].sg_layers == 0:
            return [dataclasses.replace(o, status="diverged", error="it did") for o in outcomes]
        return outcomes

    monkeypatch.setattr(loop, "train", diverging)
    _, store, heard = tuned()
    bad = [trial for _, trial, _ in heard.trials if trial.params["sg_layers"] == 0]
    assert bad
    for trial in bad:
        assert (trial.state, trial.value) == ("diverged", 100.0)
        assert [record.seed for record in trial.records] == [0]
    assert left_behind(store) == []


def test_a_trial_that_fails_is_told_and_tried_again_when_asked(tuned, monkeypatch):
    real = loop.train

    def failing(job, look):
        if job.cells[0].seed == 1:
            raise MemoryError("too large")
        return real(job, look)

    monkeypatch.setattr(loop, "train", failing)
    _, _, heard = tuned(trials=2, pruner="none")
    assert states(heard) == ["failed"] * 2
    assert heard.retrained == []
    assert {t.value for _, t, _ in heard.trials} == {None}
    monkeypatch.setattr(loop, "train", real)
    _, _, heard = tuned(trials=2, pruner="none")
    assert heard.trials == []
    _, _, heard = tuned(trials=2, pruner="none", options={"retry": ("failed",)})
    assert states(heard) == ["complete"] * 2


def test_trials_that_differ_in_replica_axes_are_one_program_where_that_pays(tuned, monkeypatch):
    """As on a GPU, in float64 on the CPU: asked for at once, and the same numbers."""
    same = {
        "set": (*SMALL, "precision=float64"), "space": ("learning_rate=1e-4:1e-2:log",),
        "where": ("rule=dni,network=fcn,depth=3,sg_layers=1",), "trials": 4, "pruner": "none",
        "sampler": "random",
    }  # fmt: skip
    alone = tuned("alone", **same)
    monkeypatch.setattr(study_runner, "stacks", lambda device: True)
    together = tuned("together", **same)
    assert together[0].asked == alone[0].asked
    trials = [r for r in together[1].scan() if r.split == "validation"]
    assert {r.replicas for r in trials} == {8}
    want = stored(alone[1])
    for record in trials:
        found = record.validation_loss
        assert found == pytest.approx(want[record.id].validation_loss, rel=1e-6)


def test_a_stack_is_given_up_only_as_a_whole(tuned, monkeypatch):
    monkeypatch.setattr(study_runner, "stacks", lambda device: True)
    _, store, heard = tuned(trials=9, space=("learning_rate=1e-5:1e-1:log",),
                            where=("rule=dni,network=fcn,depth=3,sg_layers=0",))  # fmt: skip
    first = [trial.state for _, trial, _ in heard.trials if trial.number < 8]
    assert first == ["complete"] * 8
    assert left_behind(store) == []


def test_another_tuner_on_the_same_study_is_noticed(tuned, tmp_path):
    def meddle(arm, trial):
        store = Store(tmp_path / "store")
        studies.save(store, studies.load(store, "s").asking("dni", {"learning_rate": 0.01}))

    with pytest.raises(UsageError, match="another sgbench tune runs it"):
        tuned(listener=Listener(ended=meddle))


@pytest.mark.parametrize("sampler", ["tpe", "random", "gp"])
def test_every_sampler_goes_on_where_it_stopped(tuned, sampler):
    small = {"seeds": 1, "fresh": 1, "sampler": sampler, "where": ("rule=dni,network=fcn,depth=3",)}
    want, _, _ = tuned("whole", trials=12, **small)
    tuned("parts", trials=10, **small)
    study, _, _ = tuned("parts", trials=12, **small)
    assert study.asked == want.asked
    rates = {params["learning_rate"] for params in study.asked["dni"]}
    assert len(rates) > STARTUP  # a sampler may come back to an end of the range


@pytest.mark.parametrize("pruner", ["halving", "median", "none"])
def test_every_pruner(tuned, pruner):
    learning = ("iterations=54", "evaluate_every=3", "hidden_units=32", "batch_size=64")
    _, _, heard = tuned(trials=10, seeds=1, fresh=1, pruner=pruner, set=learning,
                        space=("learning_rate=1e-5:0.1:log",),
                        where=("rule=backprop,network=fcn,depth=3",))  # fmt: skip
    assert set(states(heard)) <= {"complete", "pruned"}
    assert ("pruned" in states(heard)) == (pruner != "none")


def test_tpe_learns_from_what_it_is_told(asked):
    """On a made-up objective its later trials are better than chance."""
    study = declare(asked(space=("learning_rate=1e-5:0.1:log",), trials=60, pruner="none",
                          where=("rule=dni,network=fcn,depth=3,sg_layers=0",)))[0]  # fmt: skip
    from math import log10

    from sgbench.reproductions.tuning.trials import Trial

    (arm,) = loaded(study)
    optimizer, values = Optimizer(study, arm), []
    for number in range(60):
        params = optimizer.ask(number)
        values.append(abs(log10(params["learning_rate"]) + 2.5))
        blank = {"points": (), "iterations": 0, "seconds": 0.0, "records": ()}
        optimizer.tell(
            Trial(number=number, params=params, state="complete", value=values[-1], **blank)
        )
    late = sorted(values[30:])
    assert late[len(late) // 2] < 0.5  # of chance it is about 1


def test_importances_and_the_exported_storage(tuned, tmp_path):
    import optuna

    study, _, heard = tuned(trials=10, seeds=1, pruner="none")
    (arm,) = loaded(study)
    trials = [trial for _, trial, _ in heard.trials]
    found = importances(arm, trials)
    assert set(found) == {"fANOVA", "MDI"}
    for shares in found.values():
        assert set(shares) == {"learning_rate", "sg_layers"}  # sg_units: not of all trials
        assert sum(shares.values()) == pytest.approx(1)
    assert importances(arm, trials[:3]) == {}
    for name in ("study.db", "study.log"):
        export(study, [(arm, trials)], tmp_path / name)
        storage = f"sqlite:///{tmp_path / name}"
        if name.endswith(".log"):
            file = optuna.storages.journal.JournalFileBackend(str(tmp_path / name))
            storage = optuna.storages.JournalStorage(file)
        read = optuna.load_study(study_name="s/dni", storage=storage)
        assert [t.params for t in read.trials] == study.asked["dni"]
        assert [t.value for t in read.trials] == [t.value for t in trials]
        assert read.trials[0].intermediate_values == dict(trials[0].points)
        with pytest.raises(UsageError, match="there already"):
            export(study, [(arm, trials)], tmp_path / name)
    with pytest.raises(UsageError, match="cannot be written"):
        export(study, [(arm, trials)], tmp_path / "no" / "where.db")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "--trials 0 must be between 1"),
        ({"seeds": 0}, "--seeds 0 must be between 1"),
        ({"fresh": 0}, "--fresh 0 must be between 1"),
        ({"sampler": "tpa"}, "did you mean 'tpe'"),
        ({"pruner": "hyper"}, "--pruner 'hyper'"),
        ({"where": ("rule=dni,network=fcn,depth=3,sg_layers=1",)}, "--where fixes sg_layers"),
        ({"set": ("learning_rate=0.1",)}, "--set fixes learning_rate"),
        ({"where": ("seed=0",)}, "--where seed"),
        ({"set": ("split=test",)}, "--set split"),
        ({"study": "a/b"}, "--study 'a/b'"),
        ({"scale": "pepar"}, "did you mean 'paper'"),
        ({"exhibit": "tabel1"}, "did you mean 'table1'"),
        ({"space": ("T=1:5",)}, "none of T applies"),
        ({"set": ("si_units=4",)}, "--set si_units applies to no cell"),
    ],
)
def test_a_declaration_that_does_not_fit(asked, changes, words):
    with pytest.raises(UsageError, match=words):
        declare(asked(**changes))


def test_the_exhibits_own_space_less_what_is_fixed(asked):
    study, notes = declare(
        asked(space=(), where=("rule=dni,network=fcn,depth=3,sg_layers=1",), study=None)
    )
    assert list(study.space) == ["learning_rate", "sg_units", "sg_scale"]
    assert notes == ["sg_layers is not searched: --where fixes it"]
    assert study.name == "table1-demo-dni-digits-fcn-3"


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
    objective = loaded(studies.load(store, "s"))[0].objective
    assert objective.minimize == (exhibit != "table2")
    values = [t.value for _, t, _ in heard.trials if t.state == "complete"]
    assert heard.trials[-1][2].value == (min if objective.minimize else max)(values)
    fresh = [r for r in store.scan() if r.seed == 1]
    assert len(fresh) == 2
    assert all(objective.tested_of(record) is not None for record in fresh)


@pytest.mark.slow
def test_trials_run_side_by_side(tuned):
    _, store, heard = tuned(options={"jobs": 2})
    assert heard.begun == (0, 2)
    assert sorted(trial.number for _, trial, _ in heard.trials) == list(range(6))
    assert left_behind(store) == []
    assert not heard.summary.left
