"""The pool of remote workers: who is there, what they are given, and what comes of their answers.

Whole runs by a scheduler's workers are in `tests/reproductions/running/test_remote_executor.py`.
"""

import dataclasses
import threading
from collections import deque

import pytest
from reference.engine import FakeClient
from reference.jobs import job_of
from reference.programs import tiny_cell
from sgbench.bench import hardware
from sgbench.bench.engine import dask_client, dispatch, remote_pool, worker
from sgbench.bench.engine.dispatch import RetryJobError, Stop
from sgbench.bench.engine.remote_pool import RemotePool
from sgbench.bench.engine.worker import TaskResult
from sgbench.bench.engine.worker_info import Fingerprint, WorkerInfo
from sgbench.bench.training import loop

CODE = Fingerprint(release="1", code="a", torch="2.13", data={("digits", None): "x"})
MACHINE = dataclasses.replace(
    hardware.describe("cpu", 1, "mkl", 1e-7), device="A processor elsewhere"
)
STRANGER = WorkerInfo(
    address="tcp://b:1",
    host="tcp://b",
    threads=1,
    device="cpu",
    model="Another processor",
    matmuls=("mkl",),
    free=2**30,
    bfloat16=False,
    fingerprint=CODE,
)


@pytest.fixture(autouse=True)
def ask_every_time(monkeypatch):
    monkeypatch.setattr(dask_client, "COUNT_SECONDS", 0.0)


@pytest.fixture
def told():
    """What the pool has told its caller."""
    return {"kept": [], "met": [], "said": []}


@pytest.fixture
def pool_of(told):
    def make(client, **changes):
        fields = {
            "client": client,
            "fingerprint": CODE,
            "backends": {"A processor elsewhere": ("mkl", 1e-7)},
            "machine": lambda address, job: dataclasses.replace(MACHINE, device=f"of {address}"),
            "states": lambda job: {"a class": {"an id": b"its state"}},
            "store_checkpoint": lambda *given: told["kept"].append(given),
            "on_new_worker": told["met"].append,
            "notify": told["said"].append,
        }
        pool = RemotePool(**(fields | changes))
        pool.begin(Stop(), lambda *_: None)
        return pool

    return make


def distribution(jobs, pool):
    return dispatch._Distribution(jobs, deque(range(len(jobs))), pool, lambda *_: None)


@pytest.fixture
def job():
    return job_of(tiny_cell("backprop"))


class TestPresence:
    @pytest.mark.parametrize(("most", "count"), [(None, 3), (2, 2), (5, 3)])
    def test_no_more_jobs_are_begun_than_were_asked_for(self, pool_of, job, most, count):
        client = FakeClient("a", "b", "c")
        pool = pool_of(client, max_jobs=most)
        assert list(pool.present()) == ["a", "b", "c"]
        work = distribution([job] * 5, pool)
        work.fill()
        work.fill()
        assert len(work.running) == len(client.submitted) == count

    def test_a_worker_that_joins_takes_no_job_from_another(self, pool_of, job):
        client = FakeClient("b", "c")
        work = distribution([job] * 5, pool_of(client, max_jobs=2))
        work.fill()
        client.workers = ["a", "b", "c"]
        work.drop_lost_workers()
        work.fill()
        assert {one.address for one in work.running.values()} == {"b", "c"}
        assert not work.deaths

    def test_it_is_said_once_that_nobody_is_left_and_once_that_one_has_come(self, pool_of, told):
        client = FakeClient("a")
        pool = pool_of(client)
        for there in (["a"], [], [], ["b"], ["b", "c"]):
            client.workers = there
            assert list(pool.present()) == there
        assert told["said"] == ["no worker is left; waiting for one", "a worker has come"]


class TestTasks:
    def test_a_job_travels_with_all_that_a_worker_needs(self, pool_of, job):
        client = FakeClient("a")
        pool = pool_of(client)
        pool.submit(4, job, "a")
        pool.backends["more"] = ("mkl", None)
        ((function, (task,), options),) = client.submitted
        assert function is worker.work
        assert options == {"pure": False, "workers": ["a"]}
        assert (task.run, task.index, task.job) == (pool.run, 4, job)
        assert (task.fingerprint, task.states) == (CODE, {"a class": {"an id": b"its state"}})
        assert task.backends == {"A processor elsewhere": ("mkl", 1e-7)}  # as it was then

    def test_two_runs_have_topics_of_their_own(self, pool_of):
        one, other = FakeClient(), FakeClient()
        pools = pool_of(one), pool_of(other)
        assert [set(one.topics), set(other.topics)] == [{pool.run} for pool in pools]
        assert pools[0].run != pools[1].run

    def test_it_hears_how_far_jobs_are(self, pool_of):
        client, heard = FakeClient(), []
        pool = pool_of(client)
        pool.begin(Stop(), lambda *event: heard.append(event))
        client.topics[pool.run]((0.0, (1, 20, None)))
        assert heard == [(1, 20, None)]


class TestAnswers:
    def test_a_stranger_is_met_once_and_its_job_is_submitted_again(self, pool_of, job, told):
        pool = pool_of(FakeClient())
        with pytest.raises(RetryJobError):
            pool.outcomes(job, TaskResult(unknown=STRANGER))
        assert told["met"] == [STRANGER]
        pool.backends[STRANGER.key] = ("mkl", None)
        with pytest.raises(RetryJobError):
            pool.outcomes(job, TaskResult(unknown=STRANGER))
        assert told["met"] == [STRANGER]

    def test_the_state_of_a_stopped_job_is_put_by_with_its_machine_class(self, pool_of, job, told):
        outcomes = loop.failed(job, "stopped", MACHINE)
        result = TaskResult(outcomes=outcomes, states={job.ids[0]: b"state"})
        found = pool_of(FakeClient()).outcomes(job, result)
        assert found == outcomes
        assert told["kept"] == [(job.ids[0], hardware.machine_class(MACHINE), b"state")]

    def test_nothing_is_put_by_where_there_is_no_state(self, pool_of, job, told):
        pool, outcomes = pool_of(FakeClient()), loop.failed(job, "it broke", MACHINE)
        assert pool.outcomes(job, TaskResult(outcomes=outcomes)) == outcomes
        assert pool.outcomes(job, TaskResult()) is None
        assert told["kept"] == []

    def test_a_lost_job_has_failed_on_the_machine_that_had_it_last(self, pool_of, job):
        (outcome,) = pool_of(FakeClient()).lost(job, "tcp://b:1", "KilledWorker: 4 times")
        assert (outcome.status, outcome.error) == ("failed", "KilledWorker: 4 times")
        assert outcome.machine.device == "of tcp://b:1"


def test_workers_are_told_to_stop_until_the_run_has_ended(pool_of, monkeypatch):
    """Those that come in the place of dead ones too; one that goes meanwhile is no error."""
    monkeypatch.setattr(remote_pool, "STOP_SECONDS", 0.0)
    ended = threading.Event()

    class Stopping(FakeClient):
        def run(self, function, *arguments, on_error):
            self.submitted.append((function, arguments, on_error))
            if len(self.submitted) == 2:
                raise OSError("it has gone")
            if len(self.submitted) == 3:
                self.status = "closed"
                ended.set()

    client = Stopping()
    pool = pool_of(client)
    pool.stop()
    assert ended.wait(30)
    assert client.submitted == [(worker.stop, (pool.run,), "ignore")] * 3
