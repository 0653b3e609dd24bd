"""What does not fit into memory: it fails by name, and what fits is trained."""

import dataclasses
import os

import pytest
from reference.programs import tiny_cell
from sgbench.bench.profiling import memory_estimate
from sgbench.reproductions.running import memory_fit
from sgbench.reproductions.running.memory_fit import find_memory_fit, workers_for
from sgbench.reproductions.running.plan import make_plan

SMALL, LARGE = tiny_cell("dni"), tiny_cell("dni", hidden_units=3000, batch_size=1000)
NEED = memory_estimate.needed(LARGE)
BESIDE = NEED // 4
"""What a process takes on a GPU beside its program."""


@pytest.fixture
def room(monkeypatch):
    """Find room for cells in a machine of four cores with so many bytes."""
    monkeypatch.setattr(memory_fit.hardware, "cores", lambda: 4)
    monkeypatch.setattr(memory_estimate, "OF_A_PROCESS", BESIDE)

    def find(cells, free, jobs=None, device="cpu", stack=False):
        monkeypatch.setattr(memory_estimate, "free", lambda _: free)
        plan = make_plan(cells, [], machine=None, stack=stack)
        return find_memory_fit(plan, jobs, device)

    return find


def seeds(cell, count):
    return [dataclasses.replace(cell, seed=seed) for seed in range(count)]


def test_what_fits_is_left_alone(room):
    found = room(seeds(SMALL, 9), 10**9)
    assert (found.workers, found.too_large, found.fitting) == (4, {}, list(range(9)))
    assert len(found.plan.programs) == 9


def test_nothing_to_do_needs_no_room(room):
    found = room([], 0)
    assert (found.workers, found.too_large, found.fitting) == (0, {}, [])


def test_a_cell_too_large_fails_by_need_and_room(room):
    found = room([*seeds(SMALL, 3), LARGE], NEED - 1, jobs=1)
    assert found.fitting == [1, 2, 3]  # the largest is the first of a plan
    (why,) = found.too_large.values()
    gib = f"{NEED / memory_estimate.GIB:.1f}"
    assert why.startswith(f"MemoryError: it needs about {gib} GiB, and {gib} GiB are free: batch")
    assert why.endswith(" would fit")
    assert "\n" not in why


def test_fewer_at_a_time_where_nobody_asked_for_more(room):
    cells = [LARGE, *seeds(SMALL, 3)]
    assert room(cells, int(2.5 * NEED)).workers == 2
    assert room(cells, int(1.5 * NEED)).workers == 1
    assert room(cells, int(1.5 * NEED)).too_large == {}
    assert room(cells, NEED - 1).workers == 4  # it fits with none


def test_the_number_that_was_asked_for_is_kept(room):
    found = room([LARGE, *seeds(SMALL, 3)], int(2.5 * NEED), jobs=3)
    assert found.workers == 3
    assert list(found.too_large) == [0]
    assert "for each of 3 at a time" in found.too_large[0]
    assert found.too_large[0].endswith("or fewer --jobs")


@pytest.mark.parametrize(
    ("share", "sizes"), [(8, [8]), (7.5, [4, 4]), (3, [3, 3, 2]), (1, [1] * 8)]
)
def test_a_stack_is_parted_until_it_fits(room, share, sizes):
    found = room(seeds(LARGE, 8), int(share * NEED) + BESIDE, device="cuda:0", stack=True)
    assert [len(program) for program in found.plan.programs] == sizes
    assert sorted(index for program in found.plan.programs for index in program) == list(range(8))
    assert found.too_large == {}
    assert found.workers == 1


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_stacks_share_a_gpu_as_memory_allows(room, workers):
    cells = [
        dataclasses.replace(cell, depth=depth) for depth in (4, 3, 5, 6) for cell in seeds(LARGE, 3)
    ]
    largest = 3 * max(memory_estimate.needed(cell) for cell in cells)
    for more, expected in ((0, workers), (-1, max(1, workers - 1))):
        free = workers * (largest + BESIDE) + more
        found = room(cells, free, device="cuda:0", stack=True)
        assert found.workers == expected
        assert found.too_large == {}
        whole = workers > 1 or more == 0
        assert ([len(program) for program in found.plan.programs] == [3] * 4) == whole


def test_as_many_share_a_gpu_as_were_asked_for(room):
    cells = [dataclasses.replace(cell, depth=d) for d in (4, 5) for cell in seeds(SMALL, 2)]
    assert room(cells, 9 * NEED, jobs=1, device="cuda:0", stack=True).workers == 1
    assert room(cells, 9 * NEED, jobs=8, device="cuda:0", stack=True).workers == 2


def test_a_stack_of_what_does_not_fit_alone_is_parted_and_fails(room):
    found = room(seeds(LARGE, 3), NEED - 1, device="cuda:0", stack=True)
    assert list(found.too_large) == [0, 1, 2]


@pytest.mark.parametrize(
    ("asked", "device", "jobs", "workers"),
    [
        *[(1, "cpu", 9, 1), (4, "cpu", 9, 4), (4, "cpu", 2, 2), (2, "cpu", 0, 1)],
        *[(None, "cpu", 1, 1), (6, "cuda:0", 9, 6), (None, "cuda:0", 9, memory_fit.SHARING)],
    ],
)
def test_workers_for(asked, device, jobs, workers, monkeypatch):
    monkeypatch.setattr(memory_fit.hardware, "cores", lambda: 16)
    assert workers_for(asked, device, jobs) == workers


def test_one_worker_a_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    assert workers_for(None, "cpu", 100) == 3
