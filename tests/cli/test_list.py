"""`sgbench list` and `sgbench list records`."""

import dataclasses
import json

import pytest
from sgbench.bench.datasets import mnist
from sgbench.reproductions.exhibits import exhibit as exhibits


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_every_scale_is_listed_with_its_cells_and_data(sgbench):
    found = json_lines(sgbench("list", "--json").stdout)
    demo = {
        "exhibit": "table1",
        "scale": "demo",
        "title": exhibits.load("table1").title,
        "cells": 162,
        "seeds": 3,
        "data": {"digits": "bundled"},
    }
    assert any(demo.items() <= values.items() for values in found)
    quick = next(f for f in found if (f["exhibit"], f["scale"]) == ("table1", "quick"))
    assert quick["data"] == {"mnist": "missing", "cifar10": "missing"}
    text = sgbench("list").stdout
    assert "mnist (missing), cifar10 (missing)" in text
    assert "162 cells" in text
    assert "\x1b" not in text


def test_data_that_is_there_is_told(sgbench, tmp_path):
    for name in mnist.FILES:
        (tmp_path / name).write_bytes(b"not read by list")
    assert "mnist (ready)" in sgbench("list", "--data-dir", tmp_path).stdout
    assert "mnist (ready)" in sgbench("list", SGBENCH_DATA=str(tmp_path)).stdout


@pytest.fixture
def filled(store, make):
    """A store with a record a minute; the second is of a cell that failed."""
    made = []
    for minute, cell in enumerate(make.cells[:6]):
        status = {"status": "failed", "error": "it\nbroke"} if minute == 1 else {}
        found = dataclasses.replace(
            make.record(cell, **status), finished=f"2026-01-01T00:{minute:02}:00+00:00"
        )
        store.put(found)
        made.append(found)
    return store, made


def test_records_come_newest_first_with_what_show_takes(sgbench, filled):
    store, made = filled
    head, _, *rows = sgbench("list", "records", "--store", store.path).stdout.splitlines()
    assert head.split()[0] == "id"
    assert [row.split()[0] for row in rows] == [record.id[:8] for record in reversed(made)]
    for row, record in zip(rows, reversed(made), strict=True):
        assert f" {record.exhibit} " in row
        assert f" {record.dataset} {record.network} {record.depth} {record.rule} " in row
    assert rows[-2].endswith("failed: it broke")
    shown = sgbench("show", rows[0].split()[0], "--store", store.path)
    assert shown.exit_code == 0


def test_records_as_json(sgbench, filled):
    store, made = filled
    found = json_lines(sgbench("list", "records", "--store", store.path, "--json").stdout)
    assert [values["id"] for values in found] == [record.id for record in reversed(made)]
    failed = found[-2]
    assert (failed["status"], failed["error"], failed["test_error"]) == (
        "failed",
        "it\nbroke",
        None,
    )
    assert found[-1]["test_error"] == 12.5


def test_records_of_some_cells(sgbench, refused, filled):
    store, made = filled
    given = ("list", "records", "--store", store.path)
    found = sgbench(*given, "--where", "seed=1").stdout.splitlines()[2:]
    assert len(found) == sum(record.seed == 1 for record in made)
    line = refused(*given, "--where", "rule=cdni")
    assert "--where rule=cdni" in line
    assert made[0].rule in line


def test_published_records(sgbench):
    found = json_lines(sgbench("list", "records", "--published", "--json").stdout)
    assert len(found) > 100
    assert {"table1", "table2", "deep"} <= {values["exhibit"] for values in found}


def test_an_unknown_word_is_no_list(refused):
    assert "did you mean 'records'" in refused("list", "record")


def test_options_of_the_exhibits_are_not_those_of_records(refused):
    assert "--json is of the exhibits" in refused("list", "--json", "records")
