"""`sgbench reproduce`: its order, what it says before, going on, and its end."""

import json

import pytest
from sgbench.results.store.store import Store

SMALL = (
    *("reproduce", "table1", "deep", "--device", "cpu", "--jobs", "1"),
    *("--where", "network=fcn,depth=3,6,rule=backprop,no_bprop"),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Train every cell for a moment only, and time none."""
    from sgbench.bench.profiling import synthetic_data

    monkeypatch.setattr(synthetic_data, "step_seconds", lambda cell, *rest: 0.001)


@pytest.fixture
def small(tmp_path):
    """An exhibit of one's own that trains in a moment, with a claim."""
    file = tmp_path / "small.toml"
    file.write_text(EXHIBIT, encoding="utf-8")
    return str(file)


EXHIBIT = """
title = "A small one"
source = "a test"

[protocol]
split = "test"
iterations = 20
batch_size = 64
learning_rate = 0.001
drops = []
drop_factor = 0.1
evaluate_every = 10
precision = "float32"
hidden_units = 8

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [2, 3]
rule = ["backprop", "no_bprop"]

[scales.demo]
description = "a moment"
seeds = 3

[[claims]]
name = "bprop-is-better"
text = "backprop's error is below that of no_bprop"
source = "a test"
kind = "below"
each = ["dataset", "network", "depth"]
where = { depth = 3 }
left = { rule = "backprop" }
right = { rule = "no_bprop" }
"""


def values(sgbench, *arguments):
    done = sgbench(*arguments, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_dry_run_tells_the_order_and_trains_nothing(sgbench, store, small):
    options = ("reproduce", small, "--store", store.path, "--device", "cpu")
    done = sgbench(*options, "--dry-run", "--time-limit", "1h")
    assert done.exit_code == 0, done.output
    assert "in 1 h" in done.stdout
    assert "order" in done.stdout.splitlines()
    assert sum("small: digits fcn" in line for line in done.stdout.splitlines()) == 8
    assert list(store.scan()) == []


def test_two_seeds_of_each_come_first_the_cheap_ones_before(sgbench, store, small):
    found = values(sgbench, "reproduce", small, "--store", store.path, "--device", "cpu")
    (exhibit,) = found["exhibits"]
    assert (exhibit["cells"], exhibit["to_run"], found["first"]) == (12, 12, 8)
    assert {cell["seed"] for cell in found["order"][:8]} == {0, 1}
    assert {cell["seed"] for cell in found["order"][8:]} == {2}
    assert exhibit["undecided"] == exhibit["questions"] == 5  # four places and a claim
    ends = [cell["end"] for cell in found["order"]]
    assert ends == sorted(ends) or found["workers"] > 1


def test_what_a_time_is_enough_for_is_told_for_each_exhibit(sgbench, store, small):
    options = ("reproduce", small, "--store", store.path, "--device", "cpu", "--jobs", "1")
    whole = values(sgbench, *options)
    half = whole["order"][5]["end"] + 1e-6
    found = values(sgbench, *options, "--time-limit", f"{half:f}s")
    assert found["exhibits"][0]["reached"] == 6
    assert whole["exhibits"][0]["reached"] == 12


def test_all_is_trained_and_reported_and_the_next_run_has_nothing_to_do(
    sgbench, store, small, tmp_path
):
    options = ("reproduce", small, "--store", store.path, "--device", "cpu", "--jobs", "1")
    done = sgbench(*options)
    assert done.exit_code == 0, done.output
    records = list(store.scan())
    assert len(records) == 12
    assert {(r.exhibit, r.scale, r.status) for r in records} == {("small", "demo", "ok")}
    assert "12 run" in done.stdout or "12 of 12 run" in done.stdout
    (page,) = (tmp_path / "report").glob("*.html")
    assert "A small one" in page.read_text(encoding="utf-8")
    first, *_ = (line for line in done.stderr.splitlines() if line.lstrip().startswith("1/"))
    assert " seed 0 " in first or " seed 1 " in first
    again = sgbench(*options)
    assert again.exit_code == 0
    assert "nothing is left to train" in again.stderr
    assert {r.finished for r in store.scan()} == {r.finished for r in records}


def test_cells_that_are_left_end_it_with_3(sgbench, store, small, monkeypatch):
    from sgbench.bench.training import loop

    train = loop.train

    def stopped(job, look):
        return train(job, look if job.cells[0].seed == 0 else lambda *_: True)

    monkeypatch.setattr(loop, "train", stopped)
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
    options = ("reproduce", small, "--store", store.path, "--device", "cpu", "--jobs", "1")
    done = sgbench(*options, "--time-limit", "1h")
    assert done.exit_code == 3, done.output
    there = sum(record.status == "ok" for record in store.scan())
    assert there == 4
    line = done.stderr.splitlines()[-1]
    assert f"{12 - there} cells left" in line
    assert f"sgbench reproduce {small}" in line


def test_a_cell_that_two_exhibits_have_is_trained_once(sgbench, store):
    found = values(sgbench, *SMALL, "--store", store.path)
    ids = [cell["id"] for cell in found["order"]]
    assert len(ids) == len(set(ids))
    cells = sum(one["cells"] for one in found["exhibits"])
    assert len(ids) < cells
    assert sum(one["to_run"] for one in found["exhibits"]) == len(ids)


def test_exhibits_without_such_cells_are_left_out_and_all_of_them_an_error(sgbench, store, refused):
    found = values(sgbench, "reproduce", "--where", "network=lstm", "--store", store.path)
    assert [one["exhibit"] for one in found["exhibits"]] == ["table2"]
    rules = ("--where", "rule=bptt,no_bprop", "--store", store.path)
    found = values(sgbench, "reproduce", "table1", "table2", "deep", *rules)
    assert [one["exhibit"] for one in found["exhibits"]] == ["table1", "table2"]
    line = refused("reproduce", "--where", "network=lstm,depth=3", "--store", store.path)
    assert "--where" in line
    assert "quick" in refused("reproduce", "--scale", "quik", "--store", store.path)
    assert "table1" in refused("reproduce", "tabel1", "--store", store.path)


def test_exhibits_that_a_rule_of_ones_own_does_not_fit_are_left_out(sgbench, store, make, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(make.own_rule("mine"), encoding="utf-8")
    rules = ("--rule-file", file, "--where", "rule=mine", "--store", store.path)
    found = values(sgbench, "reproduce", "table1", "table2", *rules)
    assert [one["exhibit"] for one in found["exhibits"]] == ["table1"]


def test_cells_without_data_are_left_out_and_named(sgbench, store, refused):
    options = ("reproduce", "table1", "--scale", "quick", "--device", "cpu", "--store", store.path)
    found = values(sgbench, *options)
    assert set(found["without_data"]) == {"mnist", "cifar10"}
    assert found["order"] == []
    done = sgbench(*options)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].endswith(": sgbench data fetch cifar10 mnist")
    named = sgbench(*options, "--data-dir", "no data")
    fetch = "sgbench data fetch cifar10 mnist --data-dir 'no data'"
    assert named.stderr.splitlines()[-1].endswith(f": {fetch}")


def test_a_failed_cell_ends_with_4_and_the_way_to_retry(sgbench, store, small, monkeypatch):
    from sgbench.bench.training import loop

    train = loop.train

    def failing(job, look):
        if job.cells[0].seed == 2:
            raise ArithmeticError("no way")
        return train(job, look)

    monkeypatch.setattr(loop, "train", failing)
    done = sgbench("reproduce", small, "--store", store.path, "--device", "cpu", "--jobs", "1")
    assert done.exit_code == 4, done.output
    assert "--retry failed" in done.stderr.splitlines()[-1]
    assert sum(r.status == "failed" for r in Store(store.path).scan()) == 4
    again = sgbench("reproduce", small, "--store", store.path, "--device", "cpu", "--jobs", "1")
    assert again.exit_code == 4  # nothing is left to train, and not all is done
    assert "--retry failed" in again.stderr.splitlines()[-1]


def test_json_is_for_dry_runs(refused):
    assert "--dry-run" in refused("reproduce", "--json")
