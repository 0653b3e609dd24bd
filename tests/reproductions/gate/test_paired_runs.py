"""Both builds train the same cells, in stores of their own, under one deadline."""

import time

import pytest
from planted.checkouts import checkout
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.schema import Gated
from sgbench.reproductions.gate.builds import builds
from sgbench.reproductions.gate.paired_runs import PairedRuns
from sgbench.reproductions.running.backend import choose_backend
from sgbench.results.store.store import Store

WHERE = "network=fcn,depth=3,rule=backprop,sg_layers=none"


@pytest.fixture
def both(tmp_path):
    for name in ("before", "after"):
        checkout(tmp_path / name)
    return tmp_path / "before", tmp_path / "after"


@pytest.fixture
def runs_of(tmp_path):
    def make(pair, seconds=300, **gated):
        machine = Store(tmp_path / "machine")
        choose_backend(machine, "cpu")
        return PairedRuns(
            exhibit=exhibits.load("table1"),
            argument="table1",
            gated=Gated(kind="correctness", scale="demo", where=(WHERE,), **gated),
            builds=pair,
            machine=machine,
            folder=tmp_path / "work",
            device="cpu",
            deadline=time.monotonic() + seconds,
        )

    return make


def test_both_builds_train_the_cells_with_the_same_seeds_and_changes(both, runs_of):
    with builds(*map(str, both), allow_dirty=True) as pair:
        runs = runs_of(pair, set=("iterations=4", "batch_size=16"))
        baseline, candidate = runs.train(2, ["iterations=2"])
    assert not runs.cut_short
    assert [cell.seed for cell in runs.cells()] == [0]
    for records in (baseline, candidate):
        assert sorted(r.seed for r in records) == [0, 1]
        assert {(r.iterations, r.batch_size) for r in records} == {(2, 16)}
    assert {r.key: r.test_error for r in baseline} == {r.key: r.test_error for r in candidate}


def test_the_deadline_ends_training_and_is_told(both, runs_of):
    with builds(*map(str, both)) as pair:
        runs = runs_of(pair, seconds=0, set=("iterations=100000",))
        runs.train(1)
    assert runs.cut_short


def test_a_build_that_cannot_run_the_exhibit_is_named(both, runs_of):
    (both[1] / "reproductions/exhibits/table1.toml").unlink()
    with builds(*map(str, both), allow_dirty=True) as pair, pytest.raises(UsageError) as caught:
        runs_of(pair, set=("iterations=2",)).train(1)
    assert "the candidate" in str(caught.value)
    assert "table1" in str(caught.value)
