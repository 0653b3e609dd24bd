"""Disks that are full or read-only, folders with very many records, files damaged anywhere."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest
from faults.harness import Tally, frugal, patient, times
from sgbench.results.record import NewerSchemaError, RecordError
from sgbench.results.store.published import open_published
from sgbench.results.store.store import Store, decode, encode

pytestmark = pytest.mark.slow


def records(count):
    """So many records, alike but for the seed and the ids."""
    one = next(r for r in open_published().scan() if r.status == "ok")
    one = dataclasses.replace(one, curve=one.curve[:1])
    for seed in range(count):
        yield dataclasses.replace(one, seed=seed, id=f"{seed * 7919 % 2**64:016x}")


def read(data):
    """Return what is read of bytes, None where that is refused: as damaged, not as too new."""
    try:
        return decode(bytes(data))
    except NewerSchemaError:
        pytest.fail("a damaged record was taken for one of a newer schema")
    except RecordError:
        return None


def test_a_record_damaged_anywhere(tmp_path):
    """In a store beside another, which goes on; nothing damaged is read, all of it is kept."""
    victim, bystander = records(2)
    data, store = encode(victim), Store(tmp_path)
    store.put(bystander)
    path = store.record_path(victim.id, victim.machine_class)
    path.parent.mkdir(exist_ok=True)
    step = max(1, round(len(data) / times(len(data), 40)))
    broken = store.path / "broken"

    def assert_set_aside(damaged):
        path.write_bytes(damaged)
        fresh = Store(tmp_path)
        found = list(fresh.scan())
        if victim in found:  # 1e-07 may have become 1E-07
            assert decode(damaged) == victim
            return
        assert found == [bystander]
        assert len(fresh.warnings) == 1
        (kept,) = broken.iterdir()
        assert kept.read_bytes() == damaged
        kept.unlink()

    with Tally("record truncated at a byte") as tally:
        for length in range(0, len(data) - 1, step):  # the last byte is the line's end
            assert_set_aside(data[:length])
            tally()
    with Tally("record with a bit flipped") as tally:
        for at in range(0, len(data), step):
            for bit in (at % 8, (at + 3) % 8):
                flipped = bytearray(data)
                flipped[at] ^= 1 << bit
                assert read(flipped) in (None, victim)
                tally()
            assert_set_aside(bytes(flipped))


def test_what_is_no_file_of_a_record(tmp_path):
    """A pipe would keep its reader waiting, a sparse file of a tebibyte take all memory."""
    one, store = next(records(1)), Store(tmp_path)
    store.put(one)
    folder = store.record_path(one.id, one.machine_class).parent
    os.mkfifo(folder / f"{'0' * 16}.00000000.json")
    (folder / f"{'1' * 16}.00000000.json").mkdir()
    with open(folder / f"{'2' * 16}.00000000.json", "wb") as file:
        file.truncate(2**40)
    with Tally("pipes, folders and endless files in the place of records") as tally:
        with patient(), frugal():
            assert list(store.scan()) == [one]
        assert len(store.warnings) == 3
        tally(3)


def test_very_many_records(tmp_path):
    count, store = times(100_000, 1000), Store(tmp_path)
    for record in records(count):
        path = store.record_path(record.id, record.machine_class)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(record))  # without fsync, which `put` is measured with elsewhere
    with Tally("records read from one store") as tally, frugal():
        found = sum(1 for _ in Store(tmp_path).scan())
        tally(found, count - found)
        assert found == count
        more = next(records(1))
        assert store.get(more.id) == [more]
        store.put(dataclasses.replace(more, test_error=1.0))
        assert store.get(more.id)[0].test_error == 1.0
    in_one = {path.parent for path in (tmp_path / "records").rglob("*.json")}
    assert len(in_one) <= 256


WRITER = """
import json, os, sys
from pathlib import Path
from sgbench.bench.errors import StoreError
from sgbench.results.store.store import Store
source, target, kind, size = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
wanted = list(Store(source).scan())
if kind == "tmpfs":
    assert os.system(f"mount -t tmpfs -o size={size} none {target}") == 0
else:
    import resource
store, safe, refused = Store(target / "store"), [], []
for number, record in enumerate(wanted):
    if kind == "limit" and number == len(wanted) // 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), resource.RLIM_INFINITY))
    if kind == "tmpfs" and size == "64m" and number == len(wanted) // 2:
        assert os.system(f"mount -o remount,ro {target}") == 0
    try:
        store.put(record)
        safe.append(record)
    except StoreError as error:
        refused.append(str(error))
lost = len(safe) - sum(record in safe for record in Store(target / "store").scan())
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
else:
    assert os.system(f"mount -o remount,rw,size=64m {target}") == 0
for record in wanted:
    Store(target / "store").put(record)
again = Store(target / "store")
whole = sorted(r.id for r in again.scan()) == sorted(r.id for r in wanted)
left = [p.name for p in target.rglob("*.tmp")]
print(json.dumps([len(safe), len(refused), refused[0], lost, whole, again.warnings, left]))
"""
FAULTS = {
    "full": ("tmpfs", "256k", "No space left on device; free some space"),
    "read-only": (
        "tmpfs",
        "64m",
        "Read-only file system; make it writable or give another --store",
    ),
    "limited": ("limit", "1000", "File too large; make it writable or give another --store"),
}


def in_a_namespace(command):
    """Return the command that may mount, or None where that is not allowed here."""
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*inside, "true"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return [*inside, *command]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_takes_no_more(tmp_path, fault):
    kind, size, words = FAULTS[fault]
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
    count = 100
    for record in records(count):
        Store(tmp_path / "source").put(record)
    command = [
        sys.executable,
        "-c",
        WRITER,
        str(tmp_path / "source"),
        str(tmp_path / "target"),
        kind,
        size,
    ]
    if kind == "tmpfs":
        command = in_a_namespace(command)
        if command is None:
            pytest.skip("no file system may be mounted here")
    with Tally(f"records put on a disk that is {fault}") as tally:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        safe, refused, message, lost, whole, warnings, left = json.loads(done.stdout)
        assert safe + refused == count
        assert min(safe, refused) > 0
        assert message.endswith(words)
        assert "\n" not in message
        tally(refused, lost)
        assert lost == 0
        assert whole
        assert warnings == left == []
