"""Stores that verbs read: damaged ones, missing ones, and files in their place."""

import hashlib
import json

import pytest
from sgbench.bench.cell import canonical_json


def test_broken_records_are_named_and_set_aside(sgbench, store, put, make):
    _, records = put(*map(make.record, make.cells[:3]))
    paths = [store.record_path(r.id, r.machine_class) for r in records]
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[: len(whole) // 2])
    paths[1].write_bytes(paths[1].read_bytes().replace(b'"test_error":12.5', b'"test_error":1.5'))
    done = sgbench("export", "--format", "jsonl", "-", "--store", store.path)
    assert done.exit_code == 0
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [records[2].id]
    warnings = done.stderr.splitlines()
    assert len(warnings) == 2
    for path, line in zip(paths[:2], sorted(warnings), strict=False):
        assert line.startswith("sgbench: warning: ")
        assert "moved to" in line
        assert not path.exists()
    assert sgbench("status", "table1", "--store", store.path).stderr == ""


def test_a_newer_schema_is_named_and_left_in_place(sgbench, store, put, make):
    _, (record,) = put(make.record(make.cells[0]))
    path = store.record_path(record.id, record.machine_class)
    values = {**record.to_dict(), "schema": 99}
    text = canonical_json(values)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"checksum":"{checksum}","record":{text}}}\n')
    done = sgbench("status", "table1", "--store", store.path, "--json")
    assert json.loads(done.stdout)["states"] == {"missing": len(make.cells)}
    assert "newer than this sgbench reads" in done.stderr
    assert path.exists()


READING = [
    "report table1",
    "export x.csv",
    "show 12",
    "list records",
    "prune --yes",
    "status --stale",
    "report throughput",
    "report tune",
]


@pytest.mark.parametrize("line", [*READING, "status table1", "run table1"])
def test_a_store_that_is_a_file(refused, tmp_path, line):
    (tmp_path / "file").write_text("")
    assert "file" in refused(*line.split(), "--store", "file", code=5)
    assert "is not a folder" in refused(*line.split(), SGBENCH_STORE="file/below", code=5)


@pytest.mark.parametrize("line", READING)
def test_a_folder_that_is_no_store(refused, tmp_path, line):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("")
    for given in (("--store", "typo"), ("--store", "other"), ()):
        told = refused(*line.split(), *given)
        assert (given[1] if given else ".sgbench") in told
        assert "--store" in told


@pytest.mark.parametrize("line", READING)
def test_one_source_is_read(refused, line):
    if "prune" not in line:  # it removes
        told = refused(*line.split(), "--store", "x", "--published")
        assert "--store" in told
        assert "--published" in told
