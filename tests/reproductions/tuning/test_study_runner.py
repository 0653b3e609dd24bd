"""A study on its way: what is given up, what fails, and what is trained as one program."""

import dataclasses

import numpy
import pytest
from reference.runs import left_behind, stored
from reference.studies import SMALL, WHERE, StudyListener, states
from sgbench.bench import registry
from sgbench.bench.errors import UsageError
from sgbench.bench.training import loop
from sgbench.reproductions.running.plan import make_plan
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.reproductions.tuning import study_runner
from sgbench.results.store import study as studies
from sgbench.results.store.store import Store


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
    def planned(self, *_):
        pass

    progress = finished = stopping = planned


def test_a_diverged_seed_decides_its_trial(tuned, monkeypatch):
    real = loop.train

    def diverging(job, should_stop):
        outcomes = real(job, should_stop)
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

    def failing(job, should_stop):
        if job.cells[0].seed == 1:
            raise MemoryError("too large")
        return real(job, should_stop)

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

    with pytest.raises(UsageError, match="another sgbench tune"):
        tuned(listener=StudyListener(ended=meddle))


FOLDER_DATA = """
import numpy
from sgbench.bench.datasets import Data
from sgbench.bench.declarations import Dataset
DATASET = Dataset(
    name="mine", label="mine", kind="images", version=1, classes=10, shape=(1, 8, 8),
    examples=(96, 24), pixel_max=255,
)


def load(folder):
    images = numpy.load(folder / "images.npy")
    labels = numpy.arange(len(images)) % 10
    return Data(
        train_images=images[:96], train_labels=labels[:96], test_images=images[96:],
        test_labels=labels[96:], classes=10, pixel_max=255,
    )
"""


def test_own_data_are_looked_for_in_the_folder_that_is_named(tuned, tmp_path):
    images = numpy.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), dtype=numpy.uint8)
    (tmp_path / "data").mkdir()
    numpy.save(tmp_path / "data" / "images.npy", images)
    (tmp_path / "mine.py").write_text(FOLDER_DATA)
    registry.DATASETS.add_file(str(tmp_path / "mine.py"), "--dataset-file")
    try:
        _, _, heard = tuned(
            set=(*SMALL, "dataset=mine", "sg_units=8"), trials=1, seeds=1, fresh=1,
            space=("learning_rate=1e-3:1e-2:log",),
            options={"data_dir": str(tmp_path / "data")},
        )  # fmt: skip
    finally:
        registry.DATASETS.remove("mine")
    assert set(states(heard)) == {"complete"}


def test_trials_are_judged_at_evaluations_of_their_own_where_the_schedule_is_in_epochs(tuned):
    epochs = tuple(s for s in SMALL if "iterations" not in s and "evaluate" not in s)
    epochs = (*epochs, "iterations=9 epochs", "evaluate_every=1 epoch")
    _, store, heard = tuned(set=epochs, seeds=1, fresh=1)
    assert "pruned" in states(heard)
    for record in store.scan():
        if record.status == "pruned":
            assert record.iterations_done in (record.evaluate_every, 3 * record.evaluate_every)
