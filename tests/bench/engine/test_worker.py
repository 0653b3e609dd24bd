"""The remote worker's side: what it trains, what it refuses, and what is left of a stopped job."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
from reference.jobs import job_of, never, untimed
from reference.programs import random_data, tiny_cell
from sgbench.bench import datasets, hardware
from sgbench.bench.engine import worker
from sgbench.bench.engine.worker import Task, TaskResult
from sgbench.bench.engine.worker_info import fingerprint
from sgbench.bench.errors import UsageError
from sgbench.bench.nn import products
from sgbench.bench.training import loop

CELL = tiny_cell("dni", iterations=8, evaluate_every=4, precision="float32")
MODEL = hardware.device_model("cpu")


@pytest.fixture(autouse=True)
def look_at_every_step(monkeypatch):
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(loop, "_load", lambda dataset, data_dir, corpus: random_data())
    monkeypatch.delenv("SGBENCH_DATA", raising=False)


class FakeWorker:
    """Stands in for dask's worker, which trains the task `key`."""

    address, key = "tcp://far:1", "a task"

    def __init__(self, folder, threads=1):
        self.local_directory = str(folder / "scratch" / "worker-1")
        tasks = {self.key: SimpleNamespace(state="executing")}
        self.state = SimpleNamespace(nthreads=threads, tasks=tasks)
        self.heard, self.on = [], lambda iteration: None

    def get_current_task(self):
        return self.key

    def log_event(self, topic, event):
        self.heard.append((topic, event[0], event[1]))
        self.on(event[1])

    def left(self):
        """The files of checkpoints that are left."""
        return sorted(Path(self.local_directory).parent.rglob("*.pt"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    def begin(**options):
        fake = FakeWorker(tmp_path, **options)
        monkeypatch.setattr("distributed.get_worker", lambda: fake)
        return fake

    return begin


@pytest.fixture
def task_of(request):
    def make(run="a run", **changes):
        fields = {
            "run": f"{request.node.name} {run}",
            "index": 2,
            "job": job_of(CELL),
            "fingerprint": fingerprint({("digits", None): datasets.data_hash("digits")}),
            "backends": {MODEL: (products.available()[0], None)},
            "states": {},
        }
        return Task(**(fields | changes))

    return make


def test_it_gives_what_the_driver_would_give_and_leaves_nothing(here, task_of):
    fake, task = here(), task_of()
    result = worker.work(task)
    assert untimed(result.outcomes) == untimed(loop.train(task.job, never))
    assert (result.states, result.unknown, fake.left()) == ({}, None, [])
    assert fake.heard == [(task.run, 2, iteration) for iteration in range(8)]


def test_hardware_without_a_back_end_trains_nothing_and_says_who_it_is(here, task_of):
    fake = here()
    result = worker.work(task_of(backends={"Another processor": ("mkl", None)}))
    assert result.outcomes is None
    assert (result.unknown.address, result.unknown.key) == (fake.address, MODEL)
    assert fake.heard == []


@pytest.mark.parametrize(
    ("threads", "change", "words"),
    [
        (1, {"code": "other"}, "source code"),
        (1, {"torch": "1.0"}, "torch"),
        (1, {"data": {("digits", None): "0" * 16}}, "digits"),
        (2, {}, "--nthreads 1"),
    ],
)
def test_what_does_not_fit_the_driver_is_an_error_that_names_the_worker(
    here, task_of, threads, change, words
):
    fake, task = here(threads=threads), task_of()
    code = dataclasses.replace(task.fingerprint, **change)
    with pytest.raises(UsageError) as caught:
        worker.work(dataclasses.replace(task, fingerprint=code))
    assert str(caught.value).startswith(f"worker {fake.address}: ")
    assert words in str(caught.value)
    assert fake.heard == []


class TestStops:
    def test_a_job_of_a_run_that_was_stopped_is_not_begun(self, here, task_of):
        fake, task = here(), task_of()
        worker.stop(task.run)
        assert worker.work(task) == TaskResult()
        assert worker.work(task_of(run="another run")).outcomes is not None
        assert {topic for topic, _, _ in fake.heard} == {task_of(run="another run").run}

    def test_the_state_of_a_stopped_job_goes_back_and_the_next_run_goes_on_from_it(
        self, here, task_of
    ):
        fake, task = here(), task_of()
        fake.on = lambda iteration: iteration == 3 and worker.stop(task.run)
        cut = worker.work(task)
        assert [(o.status, o.iterations_done) for o in cut.outcomes] == [("timeout", 3)]
        assert list(cut.states) == list(task.job.ids)
        assert fake.left() == []
        machine = hardware.machine_class(cut.outcomes[0].machine)

        other = here()
        whole = worker.work(task_of(run="the next", states={machine: cut.states}))
        assert [iteration for _, _, iteration in other.heard] == list(range(3, 8))
        assert untimed(whole.outcomes) == untimed(loop.train(task.job, never))
        assert other.left() == []

    def test_a_state_of_another_machine_class_is_not_taken_up(self, here, task_of):
        fake = here()
        worker.work(task_of(states={"another class": {task_of().job.ids[0]: b"no state"}}))
        assert [iteration for _, _, iteration in fake.heard] == list(range(8))

    @pytest.mark.parametrize("known", ["gone", "cancelled"])
    def test_a_job_that_nobody_waits_for_stops_and_leaves_its_state(self, here, task_of, known):
        """Its driver was killed: whoever has the job next goes on from there."""
        fake = here()

        def forget(iteration):
            if iteration == 3 and known == "gone":
                fake.state.tasks.clear()
            elif iteration == 3:
                fake.state.tasks[fake.key].state = "cancelled"

        fake.on = forget
        assert worker.work(task_of()).outcomes[0].status == "timeout"
        assert len(fake.left()) == 1
        again = here()
        assert worker.work(task_of(run="the next")).outcomes[0].status == "ok"
        assert [iteration for _, _, iteration in again.heard] == list(range(3, 8))
        assert again.left() == []
