"""The engine: the same outcomes whatever the workers, and none lost whatever happens to them."""

import ast
import dataclasses
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from reference.jobs import DeadlyJob, LookingJob, job_of, never, untimed
from reference.programs import random_data, tiny_cell
from sgbench.bench.engine import dispatch
from sgbench.bench.engine.dispatch import Stop
from sgbench.bench.errors import DataError, UsageError
from sgbench.bench.training import loop

RULES = [("no_bprop", None), ("backprop", None), ("dni", 1), ("cdni", 0), ("cdni", 2)]


def cells(iterations=12, count=5):
    """Small cells, on digits where workers load the data."""
    common = {"iterations": iterations, "evaluate_every": iterations, "precision": "float32"}
    return [
        tiny_cell(rule, "fcn" if number % 2 else "cnn", sg_layers=sg_layers, **common)
        for number, (rule, sg_layers) in enumerate((RULES * count)[:count])
    ]


def run(jobs, workers=1, stop=None, progress=lambda *_: None):
    """Run jobs; return {index: outcomes without times} in the order in which they ended."""
    ended = {}

    def done(index, outcomes):
        assert index not in ended
        ended[index] = untimed(outcomes)

    dispatch.run(jobs, workers, stop or Stop(), done, progress)
    return ended


def statuses(ended):
    return {index: outcomes[0].status for index, outcomes in sorted(ended.items())}


class TestInline:
    @pytest.fixture(autouse=True)
    def small_data(self, monkeypatch):
        monkeypatch.setattr(loop, "_load", lambda dataset, data_dir, corpus: random_data())
        monkeypatch.setattr(loop, "LOOK_SECONDS", 0.0)

    def test_in_order_each_as_if_alone(self):
        jobs = [job_of(cell) for cell in cells()]
        ended = run(jobs)
        assert list(ended) == [0, 1, 2, 3, 4]
        for index, job in enumerate(jobs):
            assert ended[index] == untimed(loop.train(job, never))

    def test_jobs_that_come_of_others_are_numbered_on(self):
        jobs, ended = [job_of(cell) for cell in cells(3, 4)], []

        def done(index, outcomes):
            ended.append((index, outcomes[0].status))
            return {0: jobs[2:3], 2: jobs[3:]}.get(index)

        dispatch.run(jobs[:2], 1, Stop(), done, lambda *_: None)
        assert ended == [(0, "ok"), (1, "ok"), (2, "ok"), (3, "ok")]

    def test_a_job_pauses_where_it_is_asked_to_and_goes_on(self, tmp_path):
        (cell,) = cells(8, 1)
        cell = dataclasses.replace(cell, evaluate_every=2)
        job = dataclasses.replace(job_of(cell), checkpoint=str(tmp_path / "one.pt"))
        want = untimed(loop.train(job_of(cell), never))
        for at in (2, 2, 6):  # the second time it is there already
            (paused,) = run([dataclasses.replace(job, pause_at=at)])[0]
            assert (paused.status, paused.iterations_done) == ("partial", at)
            assert [point.iteration for point in paused.curve] == list(range(2, at + 1, 2))
        assert run([job])[0] == want
        assert run([dataclasses.replace(job_of(cell), pause_at=8)])[0] == want

    def test_nothing_to_do(self):
        assert run([]) == {}
        assert run([], workers=2) == {}

    def test_progress(self):
        heard = []
        run([job_of(cell) for cell in cells(3, 2)], progress=lambda *event: heard.append(event))
        assert [event[:2] for event in heard] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
        assert heard[0][2] is None
        assert all(event[2] is None or event[2]["iteration"] <= event[1] for event in heard)

    @pytest.mark.parametrize("error", [RuntimeError("a\n  b"), ZeroDivisionError(), MemoryError()])
    def test_a_program_that_raises_has_failed_and_the_others_go_on(self, monkeypatch, error):
        real, jobs = loop.train, [job_of(cell) for cell in cells(count=3)]

        def broken(job, look):
            if job is jobs[1]:
                raise error
            return real(job, look)

        monkeypatch.setattr(loop, "train", broken)
        ended = run(jobs)
        assert statuses(ended) == {0: "ok", 1: "failed", 2: "ok"}
        message = ended[1][0].error
        assert message.startswith(type(error).__name__)
        assert "\n" not in message

    def test_every_replica_of_a_program_that_raises_has_failed(self):
        pair = [tiny_cell("dni", seed=seed) for seed in (1, 2)]
        ended = run([job_of(*pair, kind=LookingJob)])
        assert [outcome.status for outcome in ended[0]] == ["failed", "failed"]

    @pytest.mark.parametrize("error", [DataError, UsageError])
    def test_what_the_user_is_to_mend_ends_the_run(self, error):
        jobs = [job_of(cell) for cell in cells(count=3)]
        jobs[1] = job_of(*jobs[1].cells, kind=LookingJob, error=error)
        ended = {}
        with pytest.raises(error):
            dispatch.run(jobs, 1, Stop(), ended.__setitem__, lambda *_: None)
        assert list(ended) == [0]

    def test_what_the_caller_raises_is_no_failed_program(self):
        def full(index, outcomes):
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            dispatch.run(
                [job_of(cell) for cell in cells(count=2)], 1, Stop(), full, lambda *_: None
            )

    def test_an_interrupt_is_no_failed_program(self):
        def interrupt(*event):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run([job_of(cell) for cell in cells()], progress=interrupt)

    def test_a_deadline_that_has_passed(self):
        assert run([job_of(cell) for cell in cells()], stop=Stop(deadline=time.time() - 1)) == {}

    def test_a_stop_file_ends_the_running_program_and_begins_no_other(self, tmp_path):
        file = tmp_path / "stop"
        paths = (str(tmp_path / f"{number}.pt") for number in range(5))
        jobs = [job_of(cell, checkpoint=path) for cell, path in zip(cells(), paths, strict=True)]

        def progress(index, iteration, point):
            if (index, iteration) == (1, 5):
                file.touch()

        ended = run(jobs, stop=Stop(file=str(file)), progress=progress)
        assert statuses(ended) == {0: "ok", 1: "timeout"}
        assert ended[1][0].iterations_done == 5
        file.unlink()
        assert run(jobs[1:2])[0] == run([job_of(*jobs[1].cells)])[0]

    def test_when_a_stop_is_asked(self, tmp_path):
        file = tmp_path / "stop"
        assert not Stop().asked()
        assert not Stop(file=str(file), deadline=time.time() + 60).asked()
        assert Stop(file=str(file), deadline=time.time() - 60).asked()
        file.touch()
        assert Stop(file=str(file)).asked()
        assert Stop(file=str(file), deadline=time.time() + 60).asked()


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
