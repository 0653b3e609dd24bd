"""Stores with records of a rule that is not registered: every verb that reads one goes on."""

import json

import pytest
from reference.own_rules import registered
from sgbench.results.store.store import Store


@pytest.fixture
def mixed(store, make, tmp_path):
    """A store with a record of backprop, and two of a rule whose file was not given."""
    cell = next(cell for cell in make.cells if cell.rule == "backprop")
    with registered(tmp_path) as rule:
        mine = [cell.replace(rule=rule, strength=strength) for strength in (1.0, 2.0)]
        for one in (cell, *mine):
            store.put(make.record(one))
    return store


def left_out(done):
    """The one line that says what was left out."""
    (line,) = [line for line in done.stderr.splitlines() if "left out" in line]
    for word in ("2 records", "rule mine", "--rule-file"):
        assert word in line
    return line


def test_the_report_leaves_them_out(sgbench, mixed, make):
    done = sgbench("report", "table1", "--store", mixed.path, "--format", "csv")
    assert done.exit_code == 0, done.output
    assert f"cells: 1 of {len(make.cells)} run" in done.stdout
    left_out(done)


def test_stale_records_are_listed_without_them(sgbench, mixed):
    done = sgbench("status", "--stale", "--store", mixed.path)
    assert done.exit_code == 0, done.output
    assert "mine" not in done.stdout
    left_out(done)


def test_the_plan_goes_past_them(sgbench, mixed):
    done = sgbench("status", "table1", "--store", mixed.path, "--json")
    assert done.exit_code == 0, done.output
    few = ("--where", "network=fcn,depth=3,rule=backprop")  # each network takes a moment to time
    done = sgbench("run", "table1", *few, "--store", mixed.path, "--dry-run")
    assert done.exit_code == 0, done.output


def test_prune_keeps_them(sgbench, mixed):
    done = sgbench("prune", "--store", mixed.path)
    assert done.exit_code == 0, done.output
    left_out(done)
    assert len(list(Store(mixed.path).scan())) == 3


def test_export_and_merge_take_them_along(sgbench, mixed, tmp_path):
    assert sgbench("merge", mixed.path, "--into", tmp_path / "all").exit_code == 0
    done = sgbench("export", "--format", "jsonl", "-", "--store", tmp_path / "all")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["hyperparameters"].get("strength", 0.0) for row in rows) == [0.0, 1.0, 2.0]


def test_all_records_are_listed_and_those_that_where_picks(sgbench, mixed):
    done = sgbench("list", "records", "--store", mixed.path)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("mine") == 2
    done = sgbench("list", "records", "--store", mixed.path, "--where", "rule=backprop", "--json")
    (row,) = map(json.loads, done.stdout.splitlines())
    assert row["rule"] == "backprop"
    left_out(done)


def test_a_data_set_that_is_not_registered_is_shown_too(sgbench, store, make):
    record = make.record(make.cells[0])
    store.put(make.replace(record, dataset="fashion", dataset_source="0" * 16))
    for verb in (("show", record.id), ("list", "records"), ("list", "records", "--json")):
        done = sgbench(*verb, "--store", store.path)
        assert done.exit_code == 0, done.output
        assert "fashion" in done.stdout
        assert "12.5" in done.stdout


def test_show_tells_all_that_is_known_of_one(sgbench, mixed):
    record = next(r for r in mixed.scan() if r.hyperparameters == {"strength": 2.0})
    done = sgbench("show", record.id, "--store", mixed.path)
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines()]
    shown = {row[0]: row[1] for row in rows if len(row) > 1}
    assert (shown["rule"], float(shown["strength"])) == ("mine", 2.0)
    assert "aux_weight" not in shown


def test_a_report_says_nothing_of_what_other_exhibits_lack(sgbench, mixed):
    done = sgbench("report", "deep", "--store", mixed.path, "--format", "csv")
    assert done.exit_code == 0, done.output
    assert "left out" not in done.stderr
