"""Runs that lose their store, their clock or their memory, or have too little time."""

import json
import re
import resource
import shutil
import subprocess
import sys
import time

import pytest
from faults.harness import Tally, times
from sgbench.bench import hardware
from sgbench.bench.nn import products
from sgbench.bench.training import loop
from sgbench.reproductions.running import backend
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.results.store.store import Store

pytestmark = pytest.mark.slow
SMALL = ("iterations=9", "evaluate_every=4", "hidden_units=8", "batch_size=16")
LONG = ("iterations=20000000", "evaluate_every=1000", *SMALL[2:])
GRID = ("network=fcn", "depth=3,4", "sg_layers=none,0", "rule=no_bprop,backprop,dni,cdni")


class Listener:
    """Does something when a program has ended."""

    def __init__(self, finished=lambda program: None, progress=lambda *_: None):
        self.records, self.do, self.progress = [], finished, progress

    def planned(self, plan, workers):
        pass

    def finished(self, program, records):
        self.records += records
        self.do(program)

    def stopping(self, number):
        pass


@pytest.fixture(autouse=True)
def one_back_end(monkeypatch):
    values = {"torch": hardware.torch_release(), "matmul": products.available()[0]}
    monkeypatch.setattr(backend, "measured_backend", lambda: values | {"matmul_error": 1e-7})


@pytest.fixture
def asked(tmp_path):
    def make(**changes):
        fields = {"where": GRID, "set": SMALL, "seeds": 1, "jobs": 1, "device": "cpu"}
        return RunRequest(exhibit="table1", store=Store(tmp_path / "store"), **(fields | changes))

    return make


def results(store):
    return {
        record.id: (record.status, record.test_error, record.test_loss) for record in store.scan()
    }


def test_the_store_is_removed_while_it_is_written(asked):
    request = asked()
    assert run(request, Listener()).written == {"ok": 8}
    whole = results(request.store)
    with Tally("store removed while a run writes it") as tally:
        for number in range(times(8)):
            shutil.rmtree(request.store.path)

            def remove(program, at=number % 8, path=request.store.path):
                if program == at:
                    shutil.rmtree(path)

            listener = Listener(remove)
            assert run(asked(), listener).written == {"ok": 8}
            found = results(Store(request.store.path))
            after = {record.id for record in listener.records[number % 8 + 1 :]}
            assert set(found) == after  # what was written since is there, what was removed is not
            assert run(asked(), Listener()).written.get("ok", 0) == 8 - len(after)
            assert results(Store(request.store.path)) == whole
            tally()


def test_the_clock_goes_backwards(asked, monkeypatch):
    """Neither do results change, nor does a run go on for longer than it may."""
    with Tally("clock set back while a run goes on") as tally:
        request, now, calls = asked(), time.time, []

        def back():
            calls.append(1)
            return now() - 86400.0 * len(calls)

        monkeypatch.setattr(time, "time", back)
        assert run(request, Listener()).written == {"ok": 8}
        tally()
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.01)
        began = time.monotonic()
        summary = run(asked(set=LONG, time_limit=1.0), Listener())
        assert calls
        assert summary.written == {"timeout": 1}
        assert summary.left == 8
        assert 1.0 <= time.monotonic() - began < 60.0
        tally()


@pytest.mark.parametrize("limit", [0.3, 1.0])
def test_a_time_limit_is_kept_within_an_evaluation(asked, monkeypatch, limit):
    """Once it has passed no update is made but those until the loop looks up, and no evaluation."""
    evaluate, evaluated, heard = loop.Run.evaluate, [], []

    def noted(run):
        evaluated.append(time.monotonic())
        evaluate(run)

    monkeypatch.setattr(loop.Run, "evaluate", noted)
    with Tally("--time-limit that ends a run") as tally:
        began = time.monotonic()
        listener = Listener(progress=lambda *_: heard.append(time.monotonic()))
        summary = run(asked(set=LONG, time_limit=limit), listener)
        assert summary.written == {"timeout": 1}
        ends = heard[-1]  # the look at which it stopped
        late = [at for at in evaluated if at > began + limit + loop.POLL_SECONDS]
        assert len(late) <= 1
        assert [at for at in heard if at > began + limit + 2 * loop.POLL_SECONDS][1:] == []
        assert ends >= began + limit
        tally()


MEMORY = """
import resource, sys, json
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.results.store.store import Store

class Listener:
    def planned(self, plan, workers): pass
    def progress(self, program, iteration, point): pass
    def finished(self, program, records): print(json.dumps([records[0].status, records[0].error]))
    def stopping(self, number): pass

def train(*sets):
    request = RunRequest(exhibit="table1", where=["network=fcn,depth=3,rule=backprop"], set=sets,
        seeds=1, store=Store(sys.argv[1]), jobs=1, device="cpu")
    run(request, Listener())

train("iterations=1", "hidden_units=8")  # everything is imported and measured
import psutil
size = psutil.Process().memory_info().vms + 2**30
resource.setrlimit(resource.RLIMIT_AS, (size, size))
train("iterations=2", "hidden_units=12000")
train("iterations=2", "hidden_units=8")
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="needs a limit of memory")
def test_memory_that_ends_in_training(tmp_path):
    """A gibibyte is left, of which the machine knows nothing: 2.4 are needed."""
    with Tally("memory that ends in a program") as tally:
        command = [sys.executable, "-c", MEMORY, str(tmp_path / "store")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        before, failed, after = map(json.loads, done.stdout.splitlines())
        assert before[0] == after[0] == "ok"
        assert failed[0] == "failed"
        assert re.match(
            r"(RuntimeError|MemoryError): it needs about [\d.]+ GiB, and [\d,.]+ GiB are free",
            failed[1],
        )
        tally()
