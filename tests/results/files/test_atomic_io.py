"""Durable writing: the order of its steps, and every step's failure or death."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest
from sgbench.bench.errors import StoreError
from sgbench.results.files import atomic_io
from sgbench.results.store.store import Store

HANDLES = Path("/proc/self/fd")


@pytest.mark.skipif(not HANDLES.is_dir(), reason="no /proc to tell a folder's handle by")
def test_the_data_is_synchronised_before_the_name_and_then_the_name(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, os.replace

    def note_fsync(handle):
        steps.append("folder" if (HANDLES / str(handle)).is_dir() else "file")
        fsync(handle)

    def note_replace(source, target):
        steps.append("replace")
        replace(source, target)

    monkeypatch.setattr(atomic_io.os, "fsync", note_fsync)
    monkeypatch.setattr(atomic_io.os, "replace", note_replace)
    atomic_io.write_atomic(tmp_path / "a", b"1")
    assert steps == ["file", "replace", "folder"]
    atomic_io.write_atomic(tmp_path / "new" / "folder" / "a", b"1")
    assert steps[3:] == ["folder", "folder", "file", "replace", "folder"]


def test_a_file_is_as_readable_as_others_that_the_user_makes(tmp_path):
    atomic_io.write_atomic(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"1")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def full(error):
    """Return an `open` whose files take two bytes, then fail: the disk is full."""

    @contextlib.contextmanager
    def open_full(*arguments):
        with open(*arguments) as file:

            def write(data):
                file.write(data[:2])
                raise error

            yield types.SimpleNamespace(write=write)

    return open_full


FAULTS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "another --store",
    errno.EACCES: "another --store",
}


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("step", ["mkdir", "open", "write", "fsync", "replace"])
def test_a_store_that_cannot_be_written_is_one_line_and_loses_nothing(
    make, tmp_path, monkeypatch, step, code
):
    store, old = Store(tmp_path / "store"), make.record()
    store.put(old)
    before = store.record_path(old.id, old.machine_class).read_bytes()
    error = OSError(code, os.strerror(code))

    def refuse(*_, **__):
        raise error

    if step == "mkdir":
        monkeypatch.setattr(atomic_io.Path, "mkdir", refuse)
    elif step == "open":
        monkeypatch.setattr(atomic_io, "open", refuse, raising=False)
    elif step == "write":
        monkeypatch.setattr(atomic_io, "open", full(error), raising=False)
    else:
        monkeypatch.setattr(atomic_io.os, step, refuse)
    again = make.record(outcome=make.outcome(error_rate=1.0))
    elsewhere = make.record(make.cell(seed=1))
    assert elsewhere.id[:2] != old.id[:2]
    for record in (elsewhere,) if step == "mkdir" else (again, elsewhere):
        with pytest.raises(StoreError) as caught:
            store.put(record)
        message = str(caught.value)
        assert caught.value.exit_code == 5
        assert all(part in message for part in (str(store.path), os.strerror(code), FAULTS[code]))
        assert "\n" not in message
    monkeypatch.undo()
    assert store.record_path(old.id, old.machine_class).read_bytes() == before
    assert list(Store(store.path).scan()) == [old]
    assert not list(store.path.rglob("*.tmp"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_is_refused(make, tmp_path):
    folder = tmp_path / "store"
    folder.mkdir(mode=0o555)
    with pytest.raises(StoreError, match="another --store"):
        Store(folder).put(make.record())


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_io.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_io.write_atomic(tmp_path / "a", b"1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_synchronises_no_folder_will_do(tmp_path, monkeypatch, code):
    def refuse(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic_io.os, "fsync", refuse)
    atomic_io.fsync_dir(tmp_path)


def test_a_failing_disk_is_not_taken_for_such_a_file_system(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(atomic_io.os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        atomic_io.fsync_dir(tmp_path)


DIE = """
import os, sys
from pathlib import Path
from sgbench.results.files import atomic_io
folder, step = Path(sys.argv[1]), int(sys.argv[2])
calls = 0
def dies(function):
    def call(*arguments):
        global calls
        if calls == step:
            os._exit(9)
        calls += 1
        return function(*arguments)
    return call
for name in ("fsync", "replace", "open"):
    setattr(os, name, dies(getattr(os, name)))
atomic_io.write_atomic(folder / "a", b"new" * 100_000)
print(calls, flush=True)
"""


def test_death_at_any_step_leaves_the_old_file_or_the_new_one(tmp_path):
    new, old, seen = b"new" * 100_000, b"old", []
    for step in range(9):
        (tmp_path / "a").write_bytes(old)
        command = [sys.executable, "-c", DIE, str(tmp_path), str(step)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        seen.append((tmp_path / "a").read_bytes())
        assert seen[-1] in (old, new)
        if answer.returncode == 0:
            break
        assert answer.returncode == 9, answer.stderr
    # Steps: file's fsync, replace, the folder's open and fsync; the fifth run lives.
    assert [data == new for data in seen] == [False, False, True, True, True]


def test_leftovers_of_a_killed_process_go_after_a_day(make, tmp_path):
    store, record = Store(tmp_path), make.record()
    folder = store.record_path(record.id, record.machine_class).parent
    folder.mkdir(parents=True)
    old, young = (folder / f".{name}.json.0123456789ab.tmp" for name in "ab")
    others = [folder / "draft.tmp", folder / ".a.0.tmp", tmp_path / "thesis" / old.name]
    others[-1].parent.mkdir()  # no folder of a store
    for path, age in ((old, 25), (young, 23), *((path, 99) for path in others)):
        path.write_bytes(b"{")
        os.utime(path, (time.time() - age * 3600,) * 2)
    assert list(store.scan()) == []
    assert old.exists()  # reading removes nothing
    store.put(record)
    assert not old.exists()
    assert all(path.exists() for path in (young, *others))
    assert list(store.scan()) == [record]
    assert store.warnings == []


def test_a_file_that_a_link_leads_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there")
    atomic_io.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"new"
    atomic_io.write_file(tmp_path / "other", b"1")
    assert (tmp_path / "other").read_bytes() == b"1"


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path):
    pipe, found = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    atomic_io.write_file(pipe, b"x" * 100)
    reader.join(10)
    assert found == [b"x" * 100]
    assert pipe.is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout here")
def test_what_a_stream_has_stays(tmp_path):
    """As of `sgbench export /dev/stdout --format csv | head`, and of `>> all.csv`."""
    code = (
        "from pathlib import Path\n"
        "from sgbench.results.files.atomic_io import write_file\n"
        "write_file(Path('/dev/stdout'), b'more')"
    )
    command = [sys.executable, "-c", code]
    piped = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert piped.stdout == b"more"
    (tmp_path / "all.csv").write_bytes(b"some, ")
    with open(tmp_path / "all.csv", "ab") as file:
        subprocess.run(command, stdout=file, check=True)
    assert (tmp_path / "all.csv").read_bytes() == b"some, more"
