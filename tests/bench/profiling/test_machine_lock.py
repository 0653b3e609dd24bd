"""One timing at a time: who holds the lock is said, and the dead hold nothing."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.profiling import machine_lock

HOLD = """
import pathlib, sys, time
from sgbench.bench.profiling import machine_lock
machine_lock.FOLDER = pathlib.Path(sys.argv[1])
with machine_lock.machine_lock("sgbench time table1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_lock, "FOLDER", tmp_path)


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    env = {**os.environ, "TMPDIR": "/var/tmp"}  # as batch systems give each job its own
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_one_is_told_who_holds_it(holder):
    with pytest.raises(UsageError) as caught, machine_lock.machine_lock("another"):
        raise AssertionError("two at a time")
    line = str(caught.value)
    assert f"process {holder.pid} (sgbench time table1), since " in line
    assert time.strftime("%Y-%m-%dT") in line
    assert caught.value.exit_code == 2


def test_a_killed_holder_does_not_block(holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert machine_lock.lock_file().exists()
    with machine_lock.machine_lock("mine"):
        held = json.loads(machine_lock.lock_file().read_text())
        assert (held["pid"], held["command"]) == (os.getpid(), "mine")


def test_it_is_let_go_at_the_end_and_after_an_error():
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), machine_lock.machine_lock("failing"):
            raise ZeroDivisionError
    with (
        machine_lock.machine_lock("one"),
        pytest.raises(UsageError),
        machine_lock.machine_lock("two"),
    ):
        pass


def test_others_can_lock_the_same_file():
    with machine_lock.machine_lock("one"):
        pass
    assert machine_lock.lock_file().stat().st_mode & 0o666 == 0o666


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_lock_that_does_not_say_whose_it_is(text, monkeypatch):
    with machine_lock.machine_lock("one"):
        machine_lock.lock_file().write_text(text)
        with pytest.raises(UsageError) as caught, machine_lock.machine_lock("two"):
            pass
    assert str(caught.value).startswith("another process times")


def test_a_file_that_cannot_be_opened(tmp_path):
    machine_lock.lock_file().mkdir()
    with pytest.raises(UsageError, match="cannot be opened"), machine_lock.machine_lock("one"):
        pass


def test_without_a_folder_of_all_it_is_in_that_of_the_users(tmp_path, monkeypatch):
    assert machine_lock.lock_file().parent == tmp_path
    monkeypatch.setattr(machine_lock, "FOLDER", tmp_path / "none")
    monkeypatch.setattr(machine_lock.tempfile, "gettempdir", lambda: str(tmp_path / "own"))
    assert machine_lock.lock_file() == tmp_path / "own" / "sgbench-timing.lock"
