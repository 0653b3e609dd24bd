"""Runs in processes of their own: jobs, stores shared by two, and signals at any moment."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from reference.runs import SMALL, Listener, left_behind, stored, untimed
from sgbench.reproductions.running.backend import choose_backend
from sgbench.reproductions.running.run import run
from sgbench.results.store.store import Store

SCRIPT = textwrap.dedent("""
    import signal, sys
    from sgbench.reproductions.running.run import RunRequest, run
    from sgbench.results.store.store import Store

    class Listener:
        def planned(self, plan, workers): print("planned", workers, flush=True)
        def progress(self, program, iteration, point): print("progress", flush=True)
        def finished(self, program, records): print(records[0].status, flush=True)
        def stopping(self, number): pass

    if __name__ == "__main__":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # one that comes when the run has ended
        store, jobs, *sets = sys.argv[1:]
        where = ["network=fcn,depth=3,4,sg_layers=none,0,rule=no_bprop,backprop,dni,cdni"]
        request = RunRequest(exhibit="table1", where=where,
            set=sets, seeds=1, store=Store(store), jobs=int(jobs), device="cpu")
        print("interrupted", run(request, Listener()).interrupted)
""")
LONGER = ("iterations=3000", "evaluate_every=1000", *SMALL[2:])


@pytest.fixture
def start(tmp_path):
    """Start a run in a process group of its own."""
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    started = []

    def begin(store, jobs):
        command = [sys.executable, str(script), str(tmp_path / store), str(jobs), *LONGER]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, start_new_session=True, **pipes))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def keep_back_end(tmp_path):
    """Have stores of other processes take the default back-end too."""

    def keep(store):
        store = Store(tmp_path / store)
        choose_backend(store, "cpu")
        return store

    return keep


@pytest.mark.slow
def test_jobs_change_no_bit(request_of):
    one, two = request_of("one", set=LONGER), request_of("two", set=LONGER, jobs=2)
    heard = Listener()
    assert run(one, Listener()).written == run(two, heard).written == {"ok": 8}
    assert heard.workers == 2
    assert stored(one.store) == stored(two.store)
    assert left_behind(two.store) == []


@pytest.mark.slow
def test_two_processes_on_one_store(start, keep_back_end):
    keep_back_end("store")
    first, second = start("store", 1), start("store", 2)
    for process in (first, second):
        out, err = process.communicate(timeout=600)
        assert (process.returncode, err) == (0, "")
        assert out.splitlines().count("ok") == 8
    store = keep_back_end("store")
    assert len(list(store.scan())) == 8
    assert store.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_interrupted_at_random_moments(start, keep_back_end, jobs):
    """Killed it is in `tests/faults`."""
    process = start("undisturbed", 1)
    keep_back_end("undisturbed")
    assert process.wait(600) == 0
    want = untimed(keep_back_end("undisturbed").scan())
    dice, kills, store = random.Random(7), 0, keep_back_end("store")
    while len(list(store.scan())) < 8:
        process = start("store", jobs)
        number = dice.choice([signal.SIGTERM, signal.SIGINT])
        lines = dice.randrange(1, 6)
        for _ in process.stdout:
            lines -= 1
            if lines == 0:
                # The keyboard's interrupt reaches every process, the other the driver alone.
                send = os.killpg if number == signal.SIGINT else os.kill
                send(process.pid, number)
                kills += 1
        process.wait(600)
        assert process.returncode == 0
        assert process.stderr.read() == ""
    assert kills > 1
    assert untimed(store.scan()) == want
    assert store.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0, 5.0])
def test_an_interrupt_while_workers_start(start, keep_back_end, seconds):
    keep_back_end("store")
    process = start("store", 2)
    assert process.stdout.readline() == "planned 2\n"
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "interrupted 2"
