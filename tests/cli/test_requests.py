"""`status` and `run --dry-run`: what a run would do, told of the same cells by the same options."""

import json

import pytest

ONE = ("--jobs", "1", "--device", "cpu")


def test_a_dry_run_trains_nothing_and_keeps_nothing(sgbench, store, make):
    before = sorted(store.path.rglob("*"))
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path, "--dry-run", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["states"], found["to_run"], found["programs"]) == ({"missing": 3}, 3, 3)
    assert 0 < found["seconds"] < 60
    assert "1 program shape" in done.stderr
    assert sorted(store.path.rglob("*")) == before


def test_a_dry_run_tells_the_time_from_records(sgbench, store, make):
    for cell in make.cells:
        if cell.seed == 0:
            store.put(make.record(cell, machine_class=make.here(store), steps_per_second=100.0))
    done = sgbench("run", "table1", "--dry-run", *ONE, "--store", store.path, "--json")
    found = json.loads(done.stdout)
    updates = sum(cell.iterations for cell in make.cells if cell.seed != 0)
    assert found["seconds"] == pytest.approx(updates / 100 * 1.05)
    assert done.stderr == ""


def test_checkpoints_of_interrupted_cells_are_counted(sgbench, store, put, make):
    here = make.here(store)
    wanted = [c for c in make.cells if (c.network, c.rule) == ("fcn", "no_bprop") and c.depth < 5]
    records = [make.record(cell, machine_class=here) for cell in wanted]
    put(make.replace(records[0], status="timeout"), records[3])
    for record in records[:3]:
        path = store.checkpoint_path(record.id, here)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not read")
    store.checkpoint_path(records[4].id, "another machine").write_bytes(b"")
    given = ("--store", store.path, "--where", "network=fcn,rule=no_bprop,depth=3,4")
    for verb in (("status",), ("run", "--dry-run", "--device", "cpu")):
        found = json.loads(sgbench(*verb, "table1", *given, "--json").stdout)
        assert found["states"] == {"done": 1, "missing": 4, "timeout": 1}
        assert found["checkpoints"] == {"missing": 2, "timeout": 1}
        text = sgbench(*verb, "table1", *given).stdout
        assert "\n  missing         4  2 go on from their checkpoints\n" in text
        assert "\n  timeout         1  were cut short; 1 goes on from its checkpoint\n" in text


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--where", "network=fcn,rule=dni,depth>3"),
        ("--seeds", "1", "--shard", "1/2"),
        ("--set", "learning_rate=1e-3,1e-4", "--where", "network=fcn,depth=3,rule=backprop"),
    ],
)
def test_both_tell_of_the_same_cells(sgbench, store, put, make, options):
    known = [cell for cell in make.cells if cell.seed == 0]  # so that nothing is measured
    put(*(make.record(cell, machine_class=make.here(store)) for cell in known))
    given = ("table1", *options, "--store", store.path, "--device", "cpu", "--json")
    status = json.loads(sgbench("status", *given).stdout)
    dry = json.loads(sgbench("run", "--dry-run", *given).stdout)
    assert status["cells"] > 0
    for name in ("exhibit", "scale", "shard", "cells", "states", "to_run", "programs"):
        assert dry[name] == status[name]
