"""Published records: a store that is read as any other, and cannot be written."""

from pathlib import Path

import pytest
import sgbench.results
from sgbench.bench.errors import StoreError
from sgbench.results.record import json_line
from sgbench.results.store.published import open_published, publish
from sgbench.results.store.store import Store


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_published_records_are_the_packages_and_can_only_be_read(make):
    store = open_published()
    assert store.path == Path(sgbench.results.__file__).parent / "published"
    assert {record.exhibit for record in store.scan()} >= {"table1", "table2", "p_update"}
    assert store.warnings == []
    with pytest.raises(StoreError, match="--store"):
        store.put(make.record())


def test_published_records_read_as_others_do(make, tmp_path):
    records = [*make.records(3), make.record(scale="demo"), make.record(machine_class="a GPU")]
    files = publish(records, tmp_path)
    assert files == [tmp_path / "table1.demo.jsonl", tmp_path / "table1.quick.jsonl"]
    store = Store(tmp_path, read_only=True)
    assert sorted(map(json_line, store.scan())) == sorted(map(json_line, records))
    assert len(store.get(records[0].id)) == 3
    assert store.exists(records[1].id)
    assert store.warnings == []


def test_the_same_records_publish_to_the_same_bytes(make, tmp_path):
    records = make.records(5)
    one = publish(records, tmp_path / "one")[0].read_bytes()
    other = publish(reversed(records), tmp_path / "other")[0].read_bytes()
    assert one == other
    assert one.count(b"\n") == 5


def test_published_records_cannot_be_written_over(make, tmp_path):
    publish(make.records(1), tmp_path)
    before = files_in(tmp_path)
    with pytest.raises(StoreError, match="--store"):
        Store(tmp_path, read_only=True).put(make.record())
    assert files_in(tmp_path) == before


def test_a_broken_published_line_is_named_and_left(make, tmp_path):
    records = make.records(3)
    path = publish(records, tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1][:100] + b"\n"
    path.write_bytes(b"".join(lines))
    store = Store(tmp_path, read_only=True)
    assert len(list(store.scan())) == 2
    assert "line 2" in store.warnings[0]
    assert path.read_bytes() == b"".join(lines)
    assert files_in(tmp_path) == [path]


def test_a_published_file_that_cannot_be_read_is_named(make, tmp_path):
    records = make.records(1)
    publish(records, tmp_path)
    (tmp_path / "table1.demo.jsonl").mkdir()
    store = Store(tmp_path, read_only=True)
    assert list(store.scan()) == records
    assert "table1.demo.jsonl cannot be read" in store.warnings[0]
