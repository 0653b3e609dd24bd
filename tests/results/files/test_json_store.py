"""JSON files in folders: no accident loses one or trips a reader."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sgbench.bench.cell import canonical_json
from sgbench.bench.errors import StoreError, UsageError
from sgbench.results.files import json_store as store_module
from sgbench.results.record import (
    SCHEMA_VERSION,
    json_line,
)
from sgbench.results.store import backend_file
from sgbench.results.store.published import publish
from sgbench.results.store.store import Store
from sgbench.results.timings import Timings


def file_of(store, record):
    return store.record_path(record.id, record.machine_class)


def reopened(store):
    return Store(store.path)


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_store_that_is_not_there_is_empty_and_stays_absent(tmp_path):
    store = Store(tmp_path / "a" / "b")
    assert list(store.scan()) == []
    assert store.get("0" * 16) == []
    assert not store.exists("0" * 16)
    assert not (tmp_path / "a").exists()


def test_a_record_replaces_that_of_its_machine_class_only(make, tmp_path):
    store = Store(tmp_path)
    failed = make.record(outcome=make.outcome(status="failed", error="out of memory"))
    elsewhere, done = make.record(machine_class="a GPU"), make.record()
    for record in (failed, elsewhere, done):
        store.put(record)
    assert sorted(store.get(done.id), key=json_line) == sorted([elsewhere, done], key=json_line)


def test_exists_and_get_know_only_whole_ids(make, tmp_path):
    store, record = Store(tmp_path), make.record()
    store.put(record)
    assert store.exists(record.id)
    for other in (record.id[:-1], record.id[:2], "", "*", "../../etc/passwd", "f" * 16):
        assert not store.exists(other)


def test_scan_is_in_the_order_of_names(make, tmp_path):
    store, records = Store(tmp_path), make.records(20)
    for record in records:
        store.put(record)
    assert [r.id for r in store.scan()] == sorted(r.id for r in records)


def test_other_files_are_not_taken_for_records(make, tmp_path):
    store, record = Store(tmp_path), make.record()
    store.put(record)
    folder = file_of(store, record).parent
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden.json").write_text("mine")
    (tmp_path / "records" / "README").write_text("mine")
    assert list(store.scan()) == [record]
    assert store.warnings == []
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.fixture
def two(make, tmp_path):
    """A store with two records: the first to be broken, the second to be unaffected."""
    store, (victim, bystander) = Store(tmp_path / "store"), make.records(2)
    store.put(victim)
    store.put(bystander)
    return store, victim, bystander


def assert_set_aside(store, victim, bystander):
    path = file_of(store, victim)
    data = path.read_bytes()
    fresh = reopened(store)
    assert list(fresh.scan()) == [bystander]
    assert len(fresh.warnings) == 1
    assert str(path) in fresh.warnings[0]
    assert "\n" not in fresh.warnings[0]
    assert not path.exists()
    assert [file.read_bytes() for file in files_in(store.path / "broken")] == [data]
    assert list(reopened(fresh).scan()) == [bystander]
    fresh.put(victim)  # its cell was missing; it is run again
    assert reopened(store).get(victim.id) == [victim]


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_record_is_set_aside(two, fraction):
    path = file_of(two[0], two[1])
    data = path.read_bytes()
    path.write_bytes(data[: int(fraction * len(data))])
    assert_set_aside(*two)


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 4096,
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"checksum": 1, "record": {}}',
        b'{"checksum": "x"}',
        b"[" * 100_000,
        b'{"checksum": "x", "record": {"a": NaN}}',
        b'{"checksum": "x", "record": {"a": 1e999}}',
    ],
)
def test_what_never_was_a_record_is_set_aside(two, data):
    file_of(two[0], two[1]).write_bytes(data)
    assert_set_aside(*two)


def test_a_hand_edited_record_is_set_aside(two):
    path = file_of(two[0], two[1])
    text = path.read_text()
    assert '"test_error":2.5' in text
    path.write_text(text.replace('"test_error":2.5', '"test_error":1.5'))
    assert_set_aside(*two)


def test_a_record_with_its_checksum_but_not_of_the_schema_is_set_aside(two):
    path = file_of(two[0], two[1])
    values = json.loads(path.read_text())["record"] | {"test_error": "2.5"}
    path.write_bytes(body_of(values))
    assert_set_aside(*two)


def test_a_record_under_anothers_name_is_set_aside(two):
    store, victim, bystander = two
    file_of(store, victim).write_bytes(file_of(store, bystander).read_bytes())
    assert_set_aside(*two)


def test_a_record_that_was_reformatted_only_is_read(two):
    store, victim, _ = two
    path = file_of(store, victim)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    assert store.get(victim.id) == [victim]
    assert store.warnings == []


def test_a_broken_record_counts_as_missing_for_get(two):
    store, victim, _ = two
    file_of(store, victim).write_bytes(b"{")
    assert store.get(victim.id) == []
    assert not store.exists(victim.id)
    assert len(store.warnings) == 1


def body_of(values):
    checksum = hashlib.sha256(canonical_json(values).encode()).hexdigest()
    return json.dumps({"checksum": checksum, "record": values}).encode()


def test_a_record_of_a_newer_schema_stays_and_is_reported_once(two):
    store, victim, bystander = two
    path = file_of(store, victim)
    newer = body_of({**victim.to_dict(), "schema": SCHEMA_VERSION + 1, "extra": 1})
    path.write_bytes(newer)
    assert list(store.scan()) == [bystander]
    assert store.get(victim.id) == []
    assert len(store.warnings) == 1
    assert str(path) in store.warnings[0]
    assert "newer" in store.warnings[0]
    assert path.read_bytes() == newer
    store.put(victim)  # takes its name, but does not destroy it
    assert store.get(victim.id) == [victim]
    assert [file.read_bytes() for file in files_in(store.path / "broken")] == [newer]


def test_what_cannot_be_moved_is_reported_and_ignored(two, monkeypatch):
    store, victim, bystander = two
    file_of(store, victim).write_bytes(b"{")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store_module.os, "replace", refuse)
    assert list(store.scan()) == [bystander]
    assert len(store.warnings) == 1
    assert "ignored" in store.warnings[0]
    assert file_of(store, victim).read_bytes() == b"{"


def test_a_file_that_cannot_be_read_is_reported_and_ignored(two, monkeypatch):
    store, victim, bystander = two
    denied, read_bytes = file_of(store, victim), Path.read_bytes

    def read(path):
        if path == denied:
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert list(store.scan()) == [bystander]
    assert "Permission denied" in store.warnings[0]


def test_a_record_written_anew_while_the_broken_one_is_moved_stays(two, monkeypatch):
    store, victim, _ = two
    path, replace = file_of(store, victim), os.replace
    path.write_bytes(b"{")

    def put_meanwhile(source, target):
        monkeypatch.setattr(store_module.os, "replace", replace)
        Store(store.path).put(victim)
        replace(source, target)

    monkeypatch.setattr(store_module.os, "replace", put_meanwhile)
    store.get(victim.id)
    assert reopened(store).get(victim.id) == [victim]
    assert files_in(store.path / "broken") == []


def test_a_file_that_vanishes_while_the_store_is_read_is_nothing(two):
    store, victim, bystander = two
    before = Store(store.path)
    listed = {folder: before._list(folder) for folder in store.path.rglob("*")}
    before._list = lambda folder: listed.get(folder, ["records"])
    file_of(store, victim).unlink()
    assert list(before.scan()) == [bystander]
    assert before.warnings == []


def test_a_read_only_store_moves_nothing(two):
    store, victim, bystander = two
    file_of(store, victim).write_bytes(b"{")
    only_read = Store(store.path, read_only=True)
    assert list(only_read.scan()) == [bystander]
    assert "ignored" in only_read.warnings[0]
    assert file_of(store, victim).read_bytes() == b"{"


@pytest.mark.parametrize("below", ["", "inside"])
def test_a_store_that_is_a_file_is_refused(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="not a folder") as caught:
        Store(tmp_path / "file" / below)
    assert caught.value.exit_code == 5
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_listed_is_refused(two, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store_module.os, "listdir", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        list(two[0].scan())


WRITE = """
import sys
from sgbench.results.store.store import Store
source, target = Store(sys.argv[1], read_only=True), Store(sys.argv[2])
records = list(source.scan())
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    for record in records:
        target.put(record)
        print(record.id, flush=True)
"""


def writer(source, target, rounds):
    command = [sys.executable, "-c", WRITE, str(source), str(target), str(rounds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_the_same_store_at_once(make, tmp_path):
    records = make.records(30)
    publish(records[:20], tmp_path / "one")
    publish(records[10:], tmp_path / "other")
    writers = [writer(tmp_path / name, tmp_path / "store", 3) for name in ("one", "other")]
    for process in writers:  # both have started: go
        process.stdin.write("\n")
        process.stdin.flush()
    for process in writers:
        assert len(process.communicate()[0].split()) == 60
        assert process.returncode == 0
    store = Store(tmp_path / "store")
    assert sorted(map(json_line, store.scan())) == sorted(map(json_line, records))
    assert store.warnings == []
    assert len(files_in(store.path)) == 30


@pytest.mark.parametrize("announced", [1, 7, 40])
def test_kill_9_loses_no_announced_record(make, tmp_path, announced):
    records = make.records(50)
    publish(records, tmp_path / "source")
    process = writer(tmp_path / "source", tmp_path / "store", 10**6)
    process.stdin.write("\n")
    process.stdin.flush()
    seen = {process.stdout.readline().strip() for _ in range(announced)}
    process.kill()
    seen |= set(process.communicate()[0].split())
    store = Store(tmp_path / "store")
    found = list(store.scan())
    assert store.warnings == []
    assert seen <= {record.id for record in found}
    assert all(record in records for record in found)


# rules that are not registered


def test_records_of_an_unregistered_rule_are_counted_and_left_out(make, own_rule, tmp_path):
    store, own = Store(tmp_path), make.records(2)
    with own_rule() as rule:
        mine = [make.record(make.own_cell(rule, strength=n / 2)) for n in range(3)]
        for record in (*own, *mine):
            store.put(record)
        assert len(list(store.scan_known())) == 5
        assert store.warnings == []
    assert sorted(r.id for r in store.scan_known()) == sorted(r.id for r in own)
    list(store.scan_known())
    (warning,) = store.warnings
    for word in (str(tmp_path), "3 records", "rule mine", "--rule-file"):
        assert word in warning
    assert len(list(store.scan())) == 5


# opened for reading


@pytest.mark.parametrize("kind", [Store, Timings])
@pytest.mark.parametrize("there", ["nothing", "an empty folder", "another folder"])
def test_what_is_no_store_is_refused_where_one_is_read(tmp_path, kind, there):
    path = tmp_path / "typo"
    if there != "nothing":
        path.mkdir()
    if there == "another folder":
        (path / "notes.txt").write_text("mine")
    before = files_in(tmp_path)
    with pytest.raises(UsageError) as caught:
        kind.existing(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert {"--store", "--published"} <= set(message.replace(",", " ").split())
    assert files_in(tmp_path) == before
    assert path.exists() == (there != "nothing")


def test_any_file_of_a_store_makes_a_folder_one(make, tmp_path):
    record = make.record()
    writers = {
        "records": lambda folder: Store(folder).put(record),
        "machine": lambda folder: backend_file.write(Store(folder), "x", {"torch": "2"}),
        "published": lambda folder: publish([record], folder),
    }
    for name, write in writers.items():
        write(tmp_path / name)
        for kind in (Store, Timings):
            assert kind.existing(tmp_path / name).path == tmp_path / name
    assert list(Store.existing(tmp_path / "records").scan()) == [record]
    assert not Store.existing(tmp_path / "records").read_only
    assert Store.existing(tmp_path / "records", read_only=True).read_only


def test_a_file_is_no_store_to_read_either(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="not a folder"):
        Store.existing(tmp_path / "file")


def test_what_could_not_be_read_again_is_not_stored(make, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "MOST_BYTES", 100)
    with pytest.raises(StoreError, match=r"can be read; evaluate less often \(evaluate_every\)$"):
        Store(tmp_path).put(make.record())
    assert list(Store(tmp_path).scan()) == []
