"""Jobs in this process: which are trained here, and what is left for workers."""

import contextlib
import dataclasses

import pytest
from reference.engine import cells, run
from reference.jobs import job_of, stopping_at, untimed
from reference.programs import tiny_cell
from sgbench.bench.engine import dispatch, here, local_pool
from sgbench.bench.engine.dispatch import Stop
from sgbench.bench.engine.local_pool import StartError
from sgbench.bench.source_files import ExternalFile
from sgbench.bench.training import loop


@pytest.fixture
def opened(monkeypatch):
    """The numbers of workers that were started; none can be."""
    numbers = []

    @contextlib.contextmanager
    def refuse(workers):
        numbers.append(workers)
        raise StartError("OSError: [Errno 30] Read-only file system")
        yield

    monkeypatch.setattr(local_pool, "open_local_pool", refuse)
    return numbers


def test_a_quick_plan_starts_no_workers_and_gives_what_one_process_gives(opened):
    jobs = [job_of(cell) for cell in cells()]
    assert run(jobs, workers=2) == run(jobs)
    assert opened == []


def test_a_long_plan_is_for_workers(opened):
    jobs = [job_of(dataclasses.replace(cell, iterations=10**7)) for cell in cells(count=2)]
    left = here.train_quick(jobs, 2, Stop(), lambda *_: pytest.fail("trained"), lambda *_: None)
    assert list(left) == [0, 1]


def test_a_file_of_the_users_may_end_its_process_so_it_is_for_workers():
    mine = ExternalFile(kind="rule", name="mine", path="mine.py", text="")
    jobs = [job_of(cell, external_files=(mine,)) for cell in cells(count=2)]
    left = here.train_quick(jobs, 2, Stop(), lambda *_: pytest.fail("trained"), lambda *_: None)
    assert list(left) == [0, 1]


def test_a_plan_that_takes_longer_goes_on_from_its_checkpoint(monkeypatch, tmp_path):
    """Here with workers that cannot start, so in this process again."""
    monkeypatch.setattr(here, "START_SECONDS", 0.05)
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)  # however fast the machine is, it is asked
    monkeypatch.setattr(here, "_seconds", lambda job: 0.0)
    long = 1500
    jobs = [
        job_of(cell, checkpoint=str(tmp_path / f"{index}.pt"))
        for index, cell in enumerate(cells(long, 2))
    ]
    ended, seen = {}, []
    left = here.train_quick(jobs, 2, Stop(), ended.__setitem__, lambda *_: None)
    assert list(left) == [0, 1]
    assert ended == {}
    assert (tmp_path / "0.pt").exists()
    found = run(jobs, progress=lambda index, iteration, point: seen.append((index, iteration)))
    assert min(iteration for index, iteration in seen if index == 0) > 0
    assert found == run([job_of(*job.cells) for job in jobs])


def test_jobs_that_come_of_others_are_trained_here_too(opened):
    jobs, ended = [job_of(cell) for cell in cells(count=4)], []

    def done(index, outcomes):
        ended.append((index, outcomes[0].status))
        return {0: jobs[2:3], 2: jobs[3:]}.get(index, ())

    dispatch.run(jobs[:2], 2, Stop(), done, lambda *_: None)
    assert ended == [(index, "ok") for index in range(4)]
    assert opened == []


def test_a_stop_leaves_nothing_for_workers(tmp_path, opened):
    (tmp_path / "stop").touch()
    assert run([job_of(cell) for cell in cells()], 2, Stop(file=str(tmp_path / "stop"))) == {}
    assert opened == []


def test_where_workers_cannot_start_all_is_trained_here_and_it_is_said(monkeypatch, opened):
    monkeypatch.setattr(here, "START_SECONDS", 0.0)
    jobs, ended, told = [job_of(cell) for cell in cells(count=4)], {}, []

    def done(index, outcomes):
        ended[index] = outcomes[0].status
        return jobs[3:] if index == 0 else ()

    dispatch.run(jobs[:3], 2, Stop(), done, lambda *_: None, notify=told.append)
    assert ended == dict.fromkeys(range(4), "ok")
    assert opened == [2]
    (line,) = told
    assert "workers cannot start here (OSError: [Errno 30] Read-only file system)" in line
    assert "--jobs 1" in line


def stack(count):
    """Cells that one program can train: they differ in their seeds."""
    common = {"iterations": 12, "evaluate_every": 12, "precision": "float32"}
    return [tiny_cell("cdni", seed=seed, **common) for seed in range(count)]


def apart(job, *parts):
    """What these parts of a job give, each by itself: products of a stack round by its size."""
    return untimed(o for some in parts for o in loop.train(job.of(some), lambda *_: False))


def test_a_stack_that_memory_is_too_short_for_is_halved(monkeypatch):
    job, train, sizes = job_of(*stack(5)), loop.train, []
    wanted = apart(job, [0, 1], [2], [3, 4])

    def short(job, should_stop):
        sizes.append(len(job.cells))
        if len(job.cells) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return train(job, should_stop)

    monkeypatch.setattr(loop, "train", short)
    found = run([job])
    assert sizes == [5, 2, 3, 1, 2]
    assert found[0] == wanted


def test_a_cell_that_memory_is_too_short_for_has_failed_alone(monkeypatch):
    train = loop.train

    def short(job, should_stop):
        if job.cells[0].seed == 0:
            raise MemoryError
        return train(job, should_stop)

    monkeypatch.setattr(loop, "train", short)
    found = run([job_of(*stack(3))])[0]
    assert [one.status for one in found] == ["failed", "ok", "ok"]
    assert found[0].error.startswith("MemoryError: it needs about")


def test_cells_of_other_stacks_go_on_from_where_each_is(monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
    few, began = stack(4), []
    wanted = apart(job_of(*few), [0, 1], [2], [3])
    files = tuple(str(tmp_path / f"{r}.pt") for r in range(4))
    job = dataclasses.replace(job_of(*few), checkpoints=files)
    for some, stop in (([0, 1], 3), ([2], 5)):  # the last one has not begun
        loop.train(job.of(some), stopping_at(stop))
    train = loop.train

    def noting(part, should_stop):
        def stop(iteration, point):
            began[-1] = iteration if began[-1] is None else began[-1]
            return should_stop(iteration, point)

        began.append(None)
        return train(part, stop)

    monkeypatch.setattr(loop, "train", noting)
    outcomes = here.attempt(job, Stop(), lambda *_: None)
    assert began == [3, 5, 0]
    assert untimed(outcomes) == wanted
