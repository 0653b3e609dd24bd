"""Timing runs: the distinct programs of an exhibit, what fits into memory, and their ids."""

import dataclasses

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.timing_run import (
    TimingRequest,
    blocks,
    id_of,
    memory_of,
    split_to_fit,
)
from sgbench.results.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_programs_are_the_distinct_ones(store):
    request = TimingRequest(exhibit="table1", store=store, replicas=(1, 4, 1))
    found = blocks(request)
    assert {(p[0].dataset, p[0].network) for block in found for p in block} == {
        (d, n) for d in ("mnist", "cifar10") for n in ("fcn", "cnn")
    }
    assert all(len({(p[0].dataset, p[0].network) for p in block}) == 1 for block in found)
    programs = [p for block in found for p in block]
    assert len(programs) == 2 * len({id_of(p[:1]) for p in programs})
    assert [c.seed for c in programs[1]] == [0, 1, 2, 3]
    swept = blocks(TimingRequest(exhibit="sg_scale", store=store))
    assert len({c.sg_scale for c in expand(load("sg_scale"), "quick")}) > 1
    assert len(swept[0]) == len({id_of((c,)) for c in expand(load("sg_scale"), "quick")})


def test_a_block_too_large_for_the_memory_is_parted_by_sizes(store):
    (block, *_) = blocks(TimingRequest(exhibit="table1", store=store))
    needed = {d: memory_of([p for p in block if p[0].depth == d]) for d in (3, 4, 5, 6)}
    whole = split_to_fit(block, memory_of(block))
    assert [sorted(part, key=block.index) for part in whole] == [block]
    parts = split_to_fit(block, needed[6])
    assert sorted((program for part in parts for program in part), key=block.index) == block
    assert len(parts) > 1
    assert all(memory_of(part) <= needed[6] for part in parts)
    depths = [{program[0].depth for program in part} for part in parts]
    assert sum(map(len, depths)) == 4  # none is in two parts
    with pytest.raises(UsageError, match="with depth=6 need about"):
        split_to_fit(block, needed[6] - 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rounds": 2}, "--rounds 2 must be at least"),
        ({"replicas": (1, 0)}, "--replicas 0 must be between"),
        ({"replicas": (1000,)}, "--replicas 1000 must be between"),
        ({"where": ("depth=9",)}, "--where depth=9"),
        ({"exhibit": "tabel1"}, "did you mean 'table1'"),
    ],
)
def test_a_request_that_cannot_be_is_refused_before_anything_is_timed(store, changes, words):
    request = dataclasses.replace(TimingRequest(exhibit="table1", store=store), **changes)
    with pytest.raises(UsageError, match=words):
        blocks(request)


def test_an_id_is_of_what_the_time_depends_on():
    cells = expand(load("table1"), "demo", seeds=1)
    first = cells[0]
    same = [first.replace(seed=5), first.replace(learning_rate=1e-4, iterations=7, drops=[])]
    assert {id_of((cell,)) for cell in (first, *same)} == {id_of((first,))}
    others = [first.replace(hidden_units=5), first.replace(batch_size=5)]
    assert id_of((first,)) not in {id_of((cell,)) for cell in others}
    assert id_of((first, first.replace(seed=1))) != id_of((first,))
