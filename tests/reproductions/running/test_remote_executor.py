"""`--scheduler`: workers of a dask scheduler elsewhere give what one process here gives."""

import dataclasses
import functools
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from reference.dask_processes import Processes
from reference.jobs import DeadlyJob
from reference.runs import GRID, SMALL, Listener, stored
from sgbench.bench import datasets, hardware, processor
from sgbench.bench.engine import worker_info
from sgbench.bench.errors import UsageError
from sgbench.bench.nn import products
from sgbench.bench.training import loop
from sgbench.reproductions.running import backend, remote_executor
from sgbench.reproductions.running.dry_run import dry_run
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.reproductions.running.until import read_until
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store

LONG = ("iterations=12000", "evaluate_every=1000", *SMALL[2:])  # seconds each, on any machine
ONE = ("network=fcn", "depth=3", "rule=backprop")


def checkpoints(request):
    return list((request.store.path / "checkpoints").glob("*.pt"))


@pytest.fixture
def request_of(tmp_path, monkeypatch):
    """Make requests; nothing is measured here or there, so that one back-end is everyone's."""
    values = {"matmul": products.available()[0], "matmul_error": 3e-7}
    values["torch"] = hardware.torch_release()

    def make(store="store", **changes):
        there = Store(tmp_path / store)
        backend_file.write(there, hardware.device_model("cpu"), values)
        fields = {"where": GRID, "set": SMALL, "seeds": 1, "device": "cpu"}
        return RunRequest(exhibit="table1", store=there, **(fields | changes))

    return make


@pytest.fixture
def dask(tmp_path):
    processes = Processes(tmp_path)
    processes.scheduler()
    yield processes
    processes.close()


@pytest.mark.slow
def test_a_local_cluster(request_of):
    from distributed import LocalCluster

    inline, listener = request_of("inline", jobs=1), Listener()
    assert run(inline, Listener()).written == {"ok": 8}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        request = request_of(scheduler=cluster.scheduler_address)
        assert run(request, listener).written == {"ok": 8}
    assert listener.workers == 2
    assert stored(request.store) == stored(inline.store)
    assert checkpoints(request) == []


@pytest.mark.slow
def test_workers_killed_during_a_run_lose_nothing(request_of, dask):
    """One worker's process twice, its nanny starts another; another worker for good, one comes."""
    inline = request_of("inline", jobs=1, set=LONG)
    run(inline, Listener())
    staying, going = dask.worker(), dask.worker()
    dice, kills = random.Random(3), []
    moments = sorted(dice.sample(range(6), 3))  # records that are there, of eight

    def kill(program, iteration):
        if moments and len(listener.records) >= moments[0]:
            moments.pop(0)
            kills.append(program)
            if len(kills) == 2:
                dask.kill(going)
                threading.Thread(target=dask.worker, daemon=True).start()
            else:
                dask.kill_trainer(staying)

    listener = Listener(progress=kill)
    request = request_of(scheduler=dask.address, set=LONG)
    summary = run(request, listener)
    assert len(kills) == 3
    assert (summary.written, summary.left) == ({"ok": 8}, 0)
    assert stored(request.store) == stored(inline.store)
    assert checkpoints(request) == []


@pytest.mark.slow
def test_a_program_that_kills_every_worker_fails_alone(request_of, dask, monkeypatch):
    dask.worker()
    deadly = functools.partial(DeadlyJob)
    plain = loop.Job

    def job(**fields):
        return (deadly if fields["cells"][0].rule == "no_bprop" else plain)(**fields)

    monkeypatch.setattr(loop, "Job", job)
    request = request_of(scheduler=dask.address, where=(*ONE[:2], "rule=backprop,no_bprop"))
    assert run(request, Listener()).written == {"ok": 1, "failed": 1}
    failed = next(r for r in stored(request.store).values() if r.status == "failed")
    assert failed.error == "KilledWorker: its worker died 4 times"
    assert failed.machine_class == backend.known_class(request.store, "cpu")
    monkeypatch.setattr(loop, "Job", plain)
    assert run(request, Listener()).written == {}
    again = dataclasses.replace(request, retry=("failed",))
    assert run(again, Listener()).written == {"ok": 1}


@pytest.mark.slow
def test_a_run_goes_as_far_as_is_wanted_and_on_from_there(request_of, dask):
    dask.worker()
    request = request_of(scheduler=dask.address, where=ONE)
    part = dataclasses.replace(request, until=read_until("4"))
    assert run(part, Listener()).written == {"partial": 1}
    assert [r.iterations_done for r in request.store.scan()] == [4]
    assert run(request, Listener()).written == {"ok": 1}
    whole = request_of("whole", where=ONE)
    run(whole, Listener())
    assert stored(request.store) == stored(whole.store)


def test_a_newcomer_is_held_against_the_data_that_it_was_asked_of():
    code = {"release": "1", "code": "a", "torch": "2.13"}
    mine = worker_info.Fingerprint(**code, data={("mnist", None): "x", ("digits", None): "y"})
    one = remote_executor.RemoteExecutor.__new__(remote_executor.RemoteExecutor)
    one.fingerprint = mine
    for data, words in (({("digits", None): "y"}, []), ({("digits", None): "z"}, ["digits z"])):
        found = one._differences(worker_info.Fingerprint(**code, data=data))
        assert [text.partition(" there")[0] for text in found] == words


class TestStops:
    pytestmark = pytest.mark.slow

    @pytest.fixture
    def inline(self, request_of):
        request = request_of("inline", jobs=1, set=LONG, where=ONE, seeds=2)
        run(request, Listener())
        return stored(request.store)

    @pytest.mark.parametrize("how", ["time", "signal"])
    def test_what_runs_goes_on_elsewhere_from_where_it_was(
        self, request_of, dask, inline, monkeypatch, how
    ):
        dask.worker()
        now = time.time

        def interrupt(program, iteration):
            if iteration > 500 and how == "time":
                monkeypatch.setattr(time, "time", lambda: now() + 3601)
            elif iteration > 500 and not summaries:
                summaries.append(None)
                os.kill(os.getpid(), signal.SIGINT)

        summaries = []
        request = request_of(scheduler=dask.address, set=LONG, where=ONE, seeds=2)
        summary = run(dataclasses.replace(request, time_limit=3600.0), Listener(progress=interrupt))
        monkeypatch.setattr(time, "time", now)
        assert summary.left == 2
        assert summary.interrupted == (2 if how == "signal" else None)
        assert summary.written == ({"timeout": 1} if how == "time" else {})
        assert len(checkpoints(request)) == 1
        assert list((dask.folder / "scratch").rglob("sgbench/*.pt")) == []
        # The next run is here: it has the state, and goes on.
        listener = Listener()
        here = dataclasses.replace(request, scheduler=None, jobs=1)
        assert run(here, listener).written == {"ok": 2}
        first = min(iteration for program, iteration in listener.heard if iteration)
        assert (first > 500) or any(i > 500 for _, i in listener.heard[:1])
        assert stored(request.store) == inline
        assert checkpoints(request) == []

    def test_a_state_from_here_goes_on_there(self, request_of, dask, inline, monkeypatch):
        now = time.time

        def late(program, iteration):
            if iteration > 500:
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        request = request_of(set=LONG, where=ONE, seeds=2, jobs=1, time_limit=3600.0)
        assert run(request, Listener(progress=late)).written == {"timeout": 1}
        monkeypatch.setattr(time, "time", now)
        assert len(checkpoints(request)) == 1
        dask.worker()
        listener = Listener()
        there = dataclasses.replace(request, scheduler=dask.address, jobs=None)
        assert run(there, listener).written == {"ok": 2}
        first = dict(reversed(listener.heard))  # whichever program starts first
        assert min(first.values()) < max(first.values())
        assert max(first.values()) > 500
        assert stored(request.store) == inline
        assert checkpoints(request) == []

    def test_a_worker_leaves_what_no_driver_waits_for(self, request_of, dask, tmp_path):
        dask.worker()
        script = tmp_path / "driver.py"
        script.write_text(DRIVER)
        store = request_of("endless").store.path
        command = [sys.executable, str(script), str(store), dask.address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
            assert driver.stdout.readline() == "on its way\n"
            driver.kill()
        request = request_of(scheduler=dask.address, where=ONE)
        assert run(request, Listener()).written == {"ok": 1}  # the one worker is free again


DRIVER = textwrap.dedent("""
    import sys
    from sgbench.reproductions.running.run import RunRequest, run
    from sgbench.results.store.store import Store

    class Listener:
        def planned(self, plan, workers): pass
        def progress(self, program, iteration, point): print("on its way", flush=True)
        def finished(self, program, records): pass
        def stopping(self, number): pass

    if __name__ == "__main__":
        request = RunRequest(
            exhibit="table1", where=["network=fcn,depth=3,rule=backprop"], seeds=1, device="cpu",
            set=["iterations=100000000", "evaluate_every=100000000"],
            store=Store(sys.argv[1]), scheduler=sys.argv[2],
        )
        run(request, Listener())
""")


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_one_line(request_of, dask):
    dask.worker()

    def kill(program, iteration):
        if len(listener.records) == 2:
            dask.kill(dask.master)

    listener = Listener(progress=kill)
    request = request_of(scheduler=dask.address, set=LONG)
    with pytest.raises(UsageError, match="the dask scheduler went away; start it again"):
        run(request, listener)
    assert len(stored(request.store)) >= 2
    assert run(dataclasses.replace(request, scheduler=None, jobs=1), Listener()).left == 0


OTHER = textwrap.dedent("""
    from sgbench.bench import hardware
    hardware.device_model = lambda device: "Another processor"
    def dask_setup(worker): pass
""")


@pytest.mark.slow
def test_a_worker_on_another_machine_that_comes_later(request_of, dask, tmp_path):
    preload = tmp_path / "other.py"
    preload.write_text(OTHER)
    ordinary = dask.worker()
    come = []

    def change(program, iteration):
        if not come:
            come.append(program)
            dask.kill(ordinary)
            threading.Thread(target=dask.worker, kwargs={"preload": preload}, daemon=True).start()

    said, request = [], request_of(scheduler=dask.address, set=LONG, where=(*GRID, "depth=3"))
    assert run(request, Listener(progress=change), say=said.append).written == {"ok": 4}
    assert {r.device for r in request.store.scan()} == {"Another processor"}
    assert said == ["no worker is left; waiting for one", "a worker has come"]
    kept = backend_file.read(request.store, "Another processor")
    assert kept["torch"] == hardware.torch_release()
    assert kept["matmul"] in products.available()
    assert run(request, Listener()).written == {}  # its records count where it is


class TestUnfit:
    pytestmark = pytest.mark.slow

    def test_no_worker(self, request_of, dask, monkeypatch):
        monkeypatch.setattr("sgbench.bench.engine.worker_info.PATIENCE_SECONDS", 1.0)
        with pytest.raises(UsageError, match=r"has no workers; start some with `dask worker tcp:"):
            run(request_of(scheduler=dask.address), Listener())

    def test_what_differs_is_one_line(self, request_of, dask, monkeypatch):
        dask.worker()
        request = request_of(scheduler=dask.address)
        with monkeypatch.context() as patch:
            patch.setattr(hardware, "torch_release", lambda: "1.0")
            with pytest.raises(UsageError, match=r"^worker tcp://\S+: torch .* there, 1.0 here: "):
                run(request, Listener())
        with monkeypatch.context() as patch:
            patch.setattr(worker_info, "_code", lambda: "other")
            with pytest.raises(UsageError, match=r"source code \w+ there, other here: give it the"):
                run(request, Listener())
        with monkeypatch.context() as patch:
            patch.setattr(datasets, "data_hash", lambda *_, **__: "0" * 16)
            with pytest.raises(UsageError, match=r"digits \w+ there, 0{16} here: give it the"):
                run(request, Listener())
        quick = dataclasses.replace(request, scale="quick", where=("dataset=mnist", *ONE))
        with pytest.raises(UsageError, match=r"mnist missing there, \w+ here"):
            run(quick, Listener())
        assert list(request.store.scan()) == []

    def test_several_threads(self, request_of, dask):
        dask.worker(threads=2)
        with pytest.raises(UsageError, match=r"has 2 threads but must have 1: start it w"):
            run(request_of(scheduler=dask.address), Listener())

    def test_no_sgbench(self, request_of, tmp_path):
        bare = Processes(tmp_path, PYTHONPATH="")
        bare.env["PYTHONSAFEPATH"] = "1"
        (tmp_path / "sgbench.py").write_text("raise ImportError('none here')\n")
        bare.env["PYTHONPATH"] = str(tmp_path)
        try:
            bare.scheduler()
            bare.worker()
            with pytest.raises(UsageError, match=r"^worker tcp://\S+ cannot be used"):
                run(request_of(scheduler=bare.address), Listener())
        finally:
            bare.close()


@pytest.mark.slow
def test_programs_of_bfloat16_have_their_own_machine_class(request_of, dask):
    dask.worker()
    request = request_of(scheduler=dask.address, where=ONE, seeds=1, set=("precision=bf16", *SMALL))
    assert run(request, Listener()).written == {"ok": 1}
    (record,) = stored(request.store).values()
    assert {record.machine_class} == backend.known_classes(request.store, "cpu", ["bf16"])
    assert (record.matmul == "bfloat16") == (processor.bfloat16() is not None)
    assert run(request, Listener()).written == {}
    assert dry_run(request, measure=False).machine == record.machine_class


@pytest.mark.slow
def test_what_a_run_would_do(request_of, dask):
    dask.worker()
    request = request_of(scheduler=dask.address, where=ONE, seeds=2)
    before = sorted(request.store.path.rglob("*"))
    seen = dry_run(request, measure=True)
    assert (seen.plan.counts(), seen.workers, seen.seconds) == ({"missing": 2}, 1, None)
    assert seen.machine == backend.known_class(request.store, "cpu")
    assert sorted(request.store.path.rglob("*")) == before
    run(request, Listener())
    seen = dry_run(dataclasses.replace(request, seeds=3), measure=True)
    assert seen.plan.counts() == {"done": 2, "missing": 1}
    assert seen.seconds > 0
    quick = dataclasses.replace(request, scale="quick", where=("dataset=mnist", *ONE))
    with pytest.raises(UsageError, match="mnist missing there"):
        dry_run(quick, measure=True)
