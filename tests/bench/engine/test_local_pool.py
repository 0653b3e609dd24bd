"""Workers on this machine give what one process gives, and lose nothing when they die."""

import ast
import contextlib
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from reference.engine import FakeClient, cells, run, statuses
from reference.jobs import DeadlyJob, LookingJob, job_of
from reference.programs import tiny_cell
from sgbench.bench.engine import dispatch, here, local_pool
from sgbench.bench.engine.dispatch import Stop
from sgbench.bench.engine.local_pool import TOPIC, LocalPool, StartError, open_local_pool
from sgbench.bench.errors import DataError


@pytest.fixture(autouse=True)
def workers_at_once(monkeypatch):
    """Have no job trained before there are workers."""
    monkeypatch.setattr(here, "START_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(30, "Read-only file system"), "OSError: [Errno 30] Read-only file system"),
        (TimeoutError("no answer\nafter 30 s"), "TimeoutError: no answer after 30 s"),
    ],
)
def test_workers_that_do_not_start_are_told_with_the_first_cause(monkeypatch, error, words):
    def fail(**options):
        try:
            raise error
        except OSError as cause:
            raise RuntimeError("Nanny failed to start.") from cause

    monkeypatch.setattr(local_pool, "_local_cluster", fail)
    with pytest.raises(StartError) as caught, open_local_pool(2):
        pass
    assert str(caught.value) == words


def test_what_fails_with_workers_that_have_started_is_no_failure_to_start(monkeypatch):
    monkeypatch.setattr(local_pool, "_local_cluster", lambda **_: contextlib.nullcontext())
    monkeypatch.setattr("distributed.Client", lambda *_, **__: contextlib.nullcontext())
    with pytest.raises(RuntimeError, match="mine"), open_local_pool(2):
        raise RuntimeError("mine")


class TestPool:
    def test_it_hears_how_far_jobs_are(self):
        client, heard = FakeClient("a"), []
        LocalPool(client).begin(Stop(), lambda *event: heard.append(event))
        client.topics[TOPIC]((0.0, (3, 20, {"error": 1.0})))
        assert heard == [(3, 20, {"error": 1.0})]

    def test_a_job_goes_to_the_worker_that_was_named_with_the_stop_to_look_at(self):
        client, stop = FakeClient("a", "b"), Stop(file="stop")
        pool, job = LocalPool(client), job_of(tiny_cell("backprop"))
        pool.begin(stop, lambda *_: None)
        assert set(pool.present()) == {"a", "b"}
        pool.submit(3, job, "b")
        ((_, arguments, options),) = client.submitted
        assert arguments == (3, job, stop)
        assert options == {"pure": False, "workers": ["b"]}

    def test_a_job_that_killed_its_workers_is_told_of_memory(self):
        pool, job = LocalPool(FakeClient()), job_of(tiny_cell("backprop"), tiny_cell("dni"))
        for reason, more in (
            ("KilledWorker: its worker died 4 times", r"; it needs about \S+ GiB, and .* are free"),
            ("TypeError: it cannot travel", ""),
        ):
            outcomes = pool.lost(job, "a", reason)
            assert [outcome.status for outcome in outcomes] == ["failed", "failed"]
            assert re.fullmatch(re.escape(reason) + more, outcomes[0].error)


def children():
    """The processes of workers, whatever else this process has started."""
    import psutil

    found = psutil.Process().children(recursive=True)
    return [child for child in found if any("spawn_main" in arg for arg in child.cmdline())]


def test_two_workers_give_what_one_gives_and_all_that_jobs_raise():
    jobs = [job_of(cell) for cell in cells()]
    odd = [job_of(cell, kind=LookingJob) for cell in cells(count=1)]
    inline = run(jobs)
    found = run([*jobs, *odd], workers=2)
    failed = found.pop(5)[0]
    assert found == inline
    assert failed.status == "failed"
    # The exception tells how a worker is set up.
    seen = ast.literal_eval(failed.error.partition(": ")[2])
    assert seen == {
        "threads": 1,
        "blocked": True,  # Ctrl-C is the driver's
        "environ": {"MALLOC_ARENA_MAX": "1"},
    }
    assert children() == []
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.slow
def test_what_the_user_is_to_mend_ends_a_run_of_workers():
    jobs = [job_of(cell) for cell in cells(count=2)]
    jobs.append(job_of(*jobs[0].cells, kind=LookingJob, error=DataError))
    with pytest.raises(DataError):
        run(jobs, workers=2)
    assert children() == []


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing(tmp_path):
    long = 4000  # a second or more each
    jobs = [
        job_of(cell, checkpoint=str(tmp_path / f"{index}.pt"), checkpoint_seconds=0.5)
        for index, cell in enumerate(cells(long, 4))
    ]
    killed = []

    def kill(index, iteration, point):  # once in every job, when it is on its way
        if index not in killed and iteration > long // 8:
            killed.append(index)
            for worker in children():
                worker.kill()

    ended = run(jobs, workers=2, progress=kill)
    assert killed
    assert ended == run([job_of(*job.cells) for job in jobs])


@pytest.mark.slow
def test_a_job_whose_worker_dies_once_is_done_again(tmp_path):
    plain = [job_of(cell) for cell in cells(count=3)]
    jobs = [*plain]
    jobs[1] = job_of(*jobs[1].cells, kind=DeadlyJob, grave=str(tmp_path / "grave"))
    assert run(jobs, workers=2) == run(plain)
    assert (tmp_path / "grave").exists()


@pytest.mark.slow
def test_a_job_that_kills_its_worker_every_time_fails_alone():
    plain = [job_of(cell) for cell in cells()]
    jobs = [*plain]
    jobs[2] = job_of(*jobs[2].cells, kind=DeadlyJob)
    ended, inline = run(jobs, workers=2), run(plain)
    failed = ended.pop(2)[0]
    assert failed.status == "failed"
    died, needed = failed.error.split("; ")
    assert died == "KilledWorker: its worker died 4 times"
    assert re.fullmatch(r"it needs about [\d.]+ GiB, and [\d.]+ GiB are free", needed)
    inline.pop(2)
    assert ended == inline


@pytest.mark.slow
def test_a_stop_saves_what_runs_and_begins_nothing(tmp_path):
    file, long = tmp_path / "stop", 100_000
    jobs = [
        job_of(cell, checkpoint=str(tmp_path / f"{index}.pt"))
        for index, cell in enumerate(cells(long))
    ]
    heard = set()

    def progress(index, iteration, point):
        heard.add(index)
        if len(heard) == 2:
            file.touch()

    ended = run(jobs, workers=2, stop=Stop(file=str(file)), progress=progress)
    assert statuses(ended) == {0: "timeout", 1: "timeout"}
    for index, outcomes in ended.items():
        assert 0 < outcomes[0].iterations_done < long
        assert (tmp_path / f"{index}.pt").exists()


DRIVER = textwrap.dedent("""
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from reference.jobs import job_of
    from sgbench.bench.engine import dispatch
    from sgbench.bench.engine.dispatch import Stop
    from reference.programs import tiny_cell

    if __name__ == "__main__":
        jobs = [job_of(tiny_cell("cdni", seed=seed, iterations=10**8)) for seed in range(3)]
        def progress(index, iteration, point):
            print(index, flush=True)
        dispatch.run(jobs, 2, Stop(), print, progress)
""")


@pytest.mark.slow
def test_workers_do_not_outlive_a_driver_that_is_killed(tmp_path):
    import psutil

    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, str(script), tests]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        driver.stdout.readline()  # training has begun
        workers = psutil.Process(driver.pid).children(recursive=True)
        assert len(workers) >= 2
        driver.kill()
        _, alive = psutil.wait_procs(workers, timeout=60)
    for worker in alive:
        worker.kill()
    assert alive == []


@pytest.mark.slow
def test_workers_take_jobs_that_come_of_others():
    jobs, ended = [job_of(cell) for cell in cells(12, 4)], {}

    def done(index, outcomes):
        ended[index] = outcomes[0].status
        return {0: jobs[2:3], 2: jobs[3:]}.get(index, ())

    dispatch.run(jobs[:2], 2, Stop(), done, lambda *_: None)
    assert ended == dict.fromkeys(range(4), "ok")


def test_settings_for_clusters_of_the_users_keep_no_worker_from_starting(monkeypatch):
    from dask import config

    own = {"distributed.comm.require-encryption": True, "distributed.admin.event-loop": "uvloop"}
    own |= {"distributed.worker.preload": ["no_such_module"], "temporary-directory": "/proc/none"}
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "abc")
    with config.set({**own, "distributed.comm.timeouts.connect": "abc"}):
        ended = run([job_of(cell) for cell in cells(count=2)], workers=2)
        assert {name: config.get(name) for name in own} == own  # theirs again
    assert statuses(ended) == {0: "ok", 1: "ok"}
