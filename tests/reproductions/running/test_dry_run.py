"""Dry runs: what a run would do is told from the store alone, or by a moment of training."""

import dataclasses

import pytest
from reference.runs import Listener
from sgbench.bench.errors import UsageError
from sgbench.bench.training import loop
from sgbench.reproductions.running import dry_run as dry_run_module
from sgbench.reproductions.running.dry_run import dry_run
from sgbench.reproductions.running.run import run


@pytest.fixture
def request_one(request_of):
    return request_of(where=("network=fcn,depth=3,rule=backprop,no_bprop",), seeds=2)


def test_it_changes_nothing_and_needs_no_training(request_one, monkeypatch):
    monkeypatch.setattr(loop, "train", None)
    seen = dry_run(request_one)
    assert (seen.plan.counts(), seen.workers, seen.seconds) == ({"missing": 4}, 1, None)
    assert list(request_one.store.scan()) == []


def test_what_is_done_is_told_and_its_speed_is_known_from_then_on(request_one):
    run(request_one, Listener())
    seen = dry_run(request_one)
    assert seen.plan.counts() == {"done": 4}
    assert (seen.seconds, seen.elsewhere, seen.checkpoints) == (0, {}, {})
    more = dry_run(dataclasses.replace(request_one, seeds=3))
    assert more.plan.counts() == {"done": 4, "missing": 2}
    assert more.seconds > 0


def test_measuring_times_each_shape_once(request_one, monkeypatch):
    monkeypatch.setattr(dry_run_module, "TIMING_SECONDS", 0.01)
    told = []
    seen = dry_run(request_one, measure=True, watch=lambda done, of: told.append((done, of)))
    assert told == [(0, 2), (1, 2)]  # two rules, whatever the seeds
    assert seen.seconds > 0
    assert seen.too_large == {}
    assert list(request_one.store.scan()) == []


def test_data_that_is_missing_is_told_where_it_measures(request_of, tmp_path):
    where = ("dataset=mnist,network=fcn,depth=3,rule=backprop",)
    request = request_of(scale="quick", where=where, data_dir=str(tmp_path))
    assert dry_run(request).plan.counts() == {"missing": 1}
    with pytest.raises(Exception, match="mnist") as caught:
        dry_run(request, measure=True)
    assert caught.value.exit_code == 2


def test_what_selects_nothing_is_refused(request_of):
    with pytest.raises(UsageError, match="--where depth=9"):
        dry_run(request_of(where=("depth=9",)))
