"""The store: what goes in comes out, and no accident loses a record or trips a reader."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sgbench.bench.cell import canonical_json
from sgbench.bench.errors import StoreError
from sgbench.results.record import (
    NEW_IN_2,
    NEW_IN_3,
    POINT_TYPES,
    POINTS_IN_2,
    POINTS_IN_3,
    SCHEMA_VERSION,
    SOLVED_TYPES,
    STATUSES,
    TYPES,
    NewerSchemaError,
    RecordError,
    json_line,
)
from sgbench.results.store import json_store as store_module
from sgbench.results.store.store import PUBLISHED, Store, decode, encode, publish

ids = st.text("0123456789abcdef", min_size=16, max_size=16)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = {int: st.integers(-(2**63), 2**63 - 1), float: finite, str: st.text(), bool: st.booleans()}
values |= {type(None): st.none(), list: st.lists(st.none() | finite, max_size=3)}


def value_of(kinds):
    return st.one_of(*(values[kind] for kind in sorted(kinds, key=str)))


solved = st.fixed_dictionaries({name: value_of(kinds) for name, kinds in SOLVED_TYPES.items()})
points = st.fixed_dictionaries(
    {name: value_of(kinds) for name, kinds in POINT_TYPES.items()}
    | {"updates": st.none() | st.lists(st.integers(0, 10**9), max_size=3)}
)
contents = st.fixed_dictionaries(
    {
        **{name: value_of(kinds) for name, kinds in TYPES.items() if name != "schema"},
        "id": ids,
        "exhibit": st.sampled_from(["table1", "sg_scale"]),
        "scale": st.sampled_from(["demo", "paper"]),
        "status": st.sampled_from(STATUSES),
        "drops": st.lists(finite, max_size=3).map(tuple),
        "evaluate_at": st.none() | st.lists(finite, max_size=3).map(tuple),
        "curve": st.lists(points, max_size=3),
        "progression": st.lists(solved, max_size=3),
    }
)


def file_of(store, record):
    return store.record_path(record.id, record.machine_class)


def reopened(store):
    return Store(store.path)


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


# what goes in comes out


@given(contents)
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking 60 fields takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_record_comes_back_as_it_was(make, content):
    record = dataclasses.replace(make.record(), **content)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        store.put(record)
        for found in (store.get(record.id), list(reopened(store).scan())):
            assert found == [record]
            assert json_line(found[0]) == json_line(record)
        publish([record], Path(folder, "published"))
        assert list(Store(Path(folder, "published"), read_only=True).scan()) == [record]
        assert store.warnings == []


def test_a_store_that_is_not_there_is_empty_and_stays_absent(tmp_path):
    store = Store(tmp_path / "a" / "b")
    assert list(store.scan()) == []
    assert store.get("0" * 16) == []
    assert not store.exists("0" * 16)
    assert not (tmp_path / "a").exists()


def test_records_lie_where_the_layout_says(make, tmp_path):
    store, record = Store(tmp_path / "store"), make.record()
    store.put(record)
    short = hashlib.sha256(record.machine_class.encode()).hexdigest()[:8]
    path = tmp_path / "store" / "records" / record.id[:2] / f"{record.id}.{short}.json"
    assert files_in(store.path) == [path]
    body = json.loads(path.read_text())
    assert body["record"] == record.to_dict()
    assert body["checksum"] == hashlib.sha256(canonical_json(body["record"]).encode()).hexdigest()


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


def test_paths_beside_the_records(tmp_path):
    store = Store(tmp_path)
    one = store.checkpoint_path("a" * 16, "x")
    assert one.parent == tmp_path / "checkpoints"
    assert one != store.checkpoint_path("a" * 16, "y")
    assert store.machine_file("x").parent == tmp_path / "machines"
    assert store.machine_file("x") != store.machine_file("y")


def test_checkpoints_are_of_a_machine_or_of_any(tmp_path):
    store = Store(tmp_path)
    assert store.checkpoints("x") == store.checkpoints(None) == set()
    for id_, machine in (("a" * 16, "x"), ("b" * 16, "x"), ("c" * 16, "y")):
        path = store.checkpoint_path(id_, machine)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not read")
    (path.parent / f".{path.name}.1.tmp").write_bytes(b"being written")
    assert store.checkpoints("x") == {"a" * 16, "b" * 16}
    assert store.checkpoints("y") == {"c" * 16}
    assert store.checkpoints("z") == set()
    assert store.checkpoints(None) == {"a" * 16, "b" * 16, "c" * 16}


# broken files


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


def test_no_prefix_of_a_record_is_a_record(make):
    data = encode(make.record(outcome=make.outcome(curve=[])))
    for length in range(len(data) - 1):  # all that the last byte adds is the end of the line
        with pytest.raises(RecordError):
            decode(data[:length])


def test_no_flipped_bit_changes_a_record(make):
    record = make.record(outcome=make.outcome(curve=[]))
    data = encode(record)
    for position in range(len(data)):
        for bit in (position % 8, (position + 3) % 8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            try:
                found = decode(bytes(flipped))
            except NewerSchemaError:
                pytest.fail("a damaged record was taken for one of a newer schema")
            except RecordError:
                continue
            assert found == record  # 1e-07 may have become 1E-07


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


def test_a_record_of_the_first_schema_is_read_and_left_as_it_is(make, tmp_path):
    """Its checksum is of what was written then."""
    store, record = Store(tmp_path), make.record()
    store.put(record)
    newer, newer_points = {*NEW_IN_2, *NEW_IN_3}, {*POINTS_IN_2, *POINTS_IN_3}
    old = {name: value for name, value in record.to_dict().items() if name not in newer}
    del old["progression"]
    old["schema"] = 1
    old["curve"] = [
        {name: value for name, value in point.items() if name not in newer_points}
        for point in old["curve"]
    ]
    written = body_of(old)
    file_of(store, record).write_bytes(written)
    assert list(reopened(store).scan()) == [record]
    assert store.get(record.id) == [record]
    assert store.warnings == []
    assert file_of(store, record).read_bytes() == written


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


# the store cannot be used


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


def test_a_number_that_is_not_finite_is_not_stored(make, tmp_path):
    record = dataclasses.replace(make.record(), test_error=float("nan"))
    with pytest.raises(RecordError, match="finite"):
        Store(tmp_path / "store").put(record)
    assert not (tmp_path / "store").exists()


def test_a_record_that_could_not_be_read_back_is_not_stored(make, tmp_path):
    record = dataclasses.replace(make.record(), depth=4.0)
    with pytest.raises(RecordError, match=r"depth=4\.0"):
        Store(tmp_path / "store").put(record)


# published records


def test_published_records_are_those_of_the_package():
    assert (
        Store.published().path == PUBLISHED == Path(store_module.__file__).parents[1] / "published"
    )
    store = Store.published()
    list(store.scan())
    assert store.warnings == []


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
    with pytest.raises(StoreError, match="published"):
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


# several processes

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
