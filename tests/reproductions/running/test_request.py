"""A request: which cells it wants, and the shards that several machines share them by."""

import dataclasses

import pytest
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.reproductions.running.request import RunRequest, shard, wanted_cells
from sgbench.results.store.store import Store


@pytest.fixture
def request_of(tmp_path):
    def make(**fields):
        return RunRequest(store=Store(tmp_path), **{"exhibit": "table1", **fields})

    return make


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 50])
def test_shards_are_disjoint_and_together_everything(request_of, parts):
    whole = wanted_cells(request_of())
    found = [wanted_cells(request_of(shard=(part + 1, parts))) for part in range(parts)]
    for cells in found:
        assert cells == [cell for cell in whole if cell in cells]  # in order
    flat = [cell.key for cells in found for cell in cells]
    assert len(flat) == len(set(flat))
    assert set(flat) == {cell.key for cell in whole}


def test_shards_are_of_about_one_size(request_of):
    sizes = [len(wanted_cells(request_of(seeds=100, shard=(i, 8)))) for i in range(1, 9)]
    mean = sum(sizes) / 8
    assert mean > 500
    assert all(abs(size - mean) < 5 * mean**0.5 for size in sizes)


def test_what_is_chosen_does_not_move_a_cell_to_another_shard(request_of):
    part = {cell.key for cell in wanted_cells(request_of(shard=(2, 5)))}
    some = wanted_cells(request_of(where=("rule=dni",), shard=(2, 5)))
    of_the_rule = {cell.key for cell in wanted_cells(request_of(where=("rule=dni",)))}
    assert {cell.key for cell in some} == part & of_the_rule


def test_all_machines_part_alike_whatever_data_they_have(request_of, monkeypatch):
    before = wanted_cells(request_of(shard=(1, 3)))
    monkeypatch.setattr(datasets, "data_hash", lambda *_, **__: "0" * 16)
    assert wanted_cells(request_of(shard=(1, 3))) == before


def test_there_may_be_more_shards_than_cells(request_of):
    one = request_of(where=("network=fcn,depth=3,rule=backprop,seed=0",))
    found = [wanted_cells(dataclasses.replace(one, shard=(i, 4))) for i in range(1, 5)]
    assert sorted(map(len, found)) == [0, 0, 0, 1]


@pytest.mark.parametrize("part", [(0, 3), (4, 3), (-1, 3), (1, 0)])
def test_a_part_that_is_none(part):
    with pytest.raises(UsageError, match=rf"--shard {part[0]}/{part[1]}: write I/N"):
        shard([], *part)
