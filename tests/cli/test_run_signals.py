"""`sgbench run` that is interrupted: what is kept, and that the same command goes on."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time

import pytest
from click.testing import CliRunner
from sgbench.bench.errors import UsageError
from sgbench.cli import main
from sgbench.results.store.store import Store

ONE = ("--jobs", "1", "--device", "cpu")
LONG = (
    "--where",
    "network=fcn,depth=3,rule=backprop,seed=0,1",
    "--set",
    "iterations=6000",
)  # seconds, so that a signal finds it training


def records(store):
    return {record.id: record for record in store.scan()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of `LONG`, run without interruption."""

    store = Store(tmp_path_factory.mktemp("whole"))
    done = CliRunner().invoke(main, ["run", "table1", *LONG, *ONE, "--store", str(store.path)])
    assert done.exit_code == 0, done.output
    return records(store)


def same_machine(store, whole, make):
    """Give a new store the choice of back-end that `whole` was run with."""
    from sgbench.bench import hardware
    from sgbench.results.store import backend_file

    record = next(iter(whole.values()))
    values = {"matmul": record.matmul, "matmul_error": record.matmul_error}
    backend_file.write(
        store, hardware.device_model("cpu"), {"torch": hardware.torch_release(), **values}
    )


def same(found, others, make):
    """Tell whether two sets of records are the same but for times."""
    one, other = ({k: make.comparable(r) for k, r in x.items()} for x in (found, others))
    return one == other


def wait_for(process, words):
    """Read the process's stderr until a line has `words`."""
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    pytest.fail(f"it ended with {process.wait()}: {''.join(seen)}")


@pytest.mark.parametrize(
    ("number", "jobs", "wait"), [(2, "1", 0.3), pytest.param(15, "2", 1.5, marks=pytest.mark.slow)]
)
def test_a_signal_keeps_what_is_done_and_the_same_command_goes_on(
    start, sgbench, store, make, whole, number, jobs, wait
):
    same_machine(store, whole, make)
    line = ("run", "table1", *LONG, "--device", "cpu", "--store", store.path, "--jobs", jobs)
    process = start(*line)
    wait_for(process, "2 of 2 cells to run")
    time.sleep(wait)
    process.send_signal(number)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 128 + number, errors
    assert output == ""
    last = errors.splitlines()[-1]
    assert last.startswith("sgbench: interrupted: table1, scale custom: ")
    assert " left, stored in " in last
    assert last.endswith(f"; go on with: sgbench {' '.join(map(str, line))}")
    assert "Traceback" not in errors
    kept = list(store.path.glob("checkpoints/*"))
    seen = json.loads(sgbench("status", *line[1:-2], "--json").stdout)
    assert seen["checkpoints"] == ({"missing": len(kept)} if kept else {})
    assert sgbench(*line[:-1], "1").exit_code == 0
    assert same(records(store), whole, make)
    assert list(store.path.glob("checkpoints/*")) == []


def test_a_second_signal_ends_at_once(start, store, whole, make):
    same_machine(store, whole, make)
    line = ("run", "table1", *LONG, "--jobs", "2", "--device", "cpu", "--store", store.path)
    process = start(*line)
    wait_for(process, "2 of 2 cells to run")
    process.send_signal(signal.SIGINT)
    wait_for(process, "stopping")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted: " in errors.splitlines()[-1]


def test_sigterm_before_training_is_one_line(sgbench, monkeypatch):
    def wait(request, watch, *, say):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("sgbench.reproductions.running.run.run", wait)
    done = sgbench("run", "table1")
    assert done.exit_code == 143
    assert done.stderr == "sgbench: interrupted: nothing was run; go on with: sgbench run table1\n"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_no_record(start, sgbench, store, make, whole):
    same_machine(store, whole, make)
    dice = random.Random(0)
    line = ("run", "table1", *LONG, "--device", "cpu", "--store", store.path)
    kept = {}
    for _ in range(5):
        process = start(*line, "--jobs", "2")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.stderr.readline()  # that training begins, or that nothing is left to do
            process.wait(timeout=dice.uniform(0.0, 6.0))
        process.kill()
        process.communicate()
        found = records(store)
        assert store.warnings == []
        assert kept.keys() <= found.keys()
        kept = found
    assert sgbench(*line, "--jobs", "1").exit_code == 0
    assert same(records(store), whole, make)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
@pytest.mark.parametrize("under_nohup", [False, True])
def test_a_terminal_that_goes_away_ends_a_run(sgbench, monkeypatch, under_nohup):
    def wait(request, watch, *, say):
        os.kill(os.getpid(), signal.SIGHUP)
        raise UsageError("it went on")

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if under_nohup else signal.SIG_DFL)
    monkeypatch.setattr("sgbench.reproductions.running.run.run", wait)
    try:
        assert sgbench("run", "table1").exit_code == (2 if under_nohup else 129)
    finally:
        signal.signal(signal.SIGHUP, before)
