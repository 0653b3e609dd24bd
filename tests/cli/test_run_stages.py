"""`sgbench run` of networks that are cut into stages: cores, traces, faults, torchrun."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline import cores
from sgbench.reproductions.running import executor
from sgbench.reproductions.running.request import RunRequest, plan_of, wanted_cells

ONE = ("run", "locking", "--where", "schedule=locked,stages=2,delay=0,straggler=1,seed=0",
       "--set", "iterations=40")  # fmt: skip


def test_a_staged_cell_trains_and_is_not_run_again(sgbench, store, tmp_path):
    trace = tmp_path / "trace.json"
    done = sgbench(*ONE, "--store", store.path, "--trace", trace)
    assert done.exit_code == 0
    assert "1 of 1 cell to run, one at a time" in done.stderr
    (record,) = store.scan()
    assert (record.status, record.stages, record.schedule) == ("ok", 2, "locked")
    assert [row["stage"] for row in record.pipeline] == [0, 1]
    assert json.loads(trace.read_text().rstrip().rstrip(",") + "]")
    again = sgbench(*ONE, "--store", store.path)
    assert "1 of 1 cell done" in again.stdout
    assert "now" not in again.stdout


def test_too_few_cores_are_refused_unless_they_may_be_shared(sgbench, store, monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: [0])
    refused = sgbench(*ONE, "--store", store.path)
    assert refused.exit_code == 2
    assert "stages=2 need 2 cores, and this process may use 1" in refused.stderr
    assert "--oversubscribe" in refused.stderr
    assert list(store.scan()) == []
    asked = sgbench(*ONE, "--store", store.path, "--oversubscribe", "--dry-run")
    assert asked.exit_code == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process")
def test_a_shared_core_is_in_the_record(store, start):
    one = {min(os.sched_getaffinity(0))}
    run = start(*ONE, "--store", store.path, "--oversubscribe",
                preexec_fn=lambda: os.sched_setaffinity(0, one))  # fmt: skip
    assert run.wait(60) == 0
    (record,) = store.scan()
    assert {row["core"] for row in record.pipeline} == one


def test_a_trace_is_of_staged_networks_only(sgbench, store):
    done = sgbench("run", "table1", "--where", "network=fcn,depth=3,rule=backprop,seed=0",
                   "--trace", "x.json", "--store", store.path)  # fmt: skip
    assert done.exit_code == 2
    assert "--trace is of staged networks" in done.stderr


def test_a_trace_that_cannot_be_written_is_told_before_anything_trains(refused, store, tmp_path):
    line = refused(*ONE, "--trace", tmp_path / "none" / "x.json", "--store", store.path)
    assert "x.json cannot be written (No such file or directory): give a file in a folder" in line
    assert not list(store.scan())


def test_time_refuses_stages_which_run_alone_measures(refused, store):
    line = refused("time", "locking", "--where", "stages=2,delay=0", "--store", store.path)
    assert "is trained by `sgbench run` only" in line


def test_the_device_is_a_cpu(store):
    request = RunRequest(exhibit="locking", where=["stages=2,schedule=locked"], store=store)
    plan = plan_of(request, wanted_cells(request), [], None, "cpu")
    with pytest.raises(UsageError, match="staged networks are trained on CPUs; give --device cpu"):
        executor.check_stages(request, plan, "cuda:0")


def test_ctrl_c_ends_a_staged_run_and_all_its_processes(store, start):
    run = start(*ONE[:-1], "iterations=1000000", "--store", store.path)
    deadline = time.monotonic() + 60
    while len(stages := _children(run.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(stages) == 2
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert not any(Path(f"/proc/{pid}").exists() for pid in stages)
    assert list(store.scan()) == []


def _children(pid):
    """The stages' processes of a run."""
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True,
                           text=True, check=False).stdout  # fmt: skip
    return [int(line.split()[0]) for line in found.splitlines() if "pipeline.process" in line]


def _free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def _agents(store, port, *more):
    """Two agents of torchrun, as on two machines, when they have ended; and what each said."""
    line = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1",
            "--rdzv-backend", "c10d", "--rdzv-endpoint", f"localhost:{port}", "--rdzv-id", "test",
            "--local-addr", "localhost", "-m", "sgbench", *(more or ONE)]  # fmt: skip
    paths, agents = (store.path, store.path.with_name("other")), []
    logs = [path.with_name(f"{path.name}.log") for path in paths]
    for path, log in zip(paths, logs, strict=True):
        agents.append(
            subprocess.Popen([*line, "--store", str(path)], stdout=log.open("w"),
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
        )  # fmt: skip
    deadline = time.monotonic() + 200
    try:
        while time.monotonic() < deadline:
            codes = [agent.poll() for agent in agents]
            if None not in codes or any(codes):  # one that failed keeps the other waiting
                break
            time.sleep(0.2)
        return agents, [log.read_text() for log in logs]
    finally:
        for agent in agents:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(agent.pid, signal.SIGKILL)


@pytest.mark.slow
def test_two_agents_of_torchrun_train_a_network_and_end(store):
    agents, said = _agents(store, _free_port())
    assert [agent.returncode for agent in agents] == [0, 0], said
    (record,) = [*store.scan(), *_records(store.path.with_name("other"))]
    assert (record.status, len(record.pipeline)) == ("ok", 2)


def _records(path):
    from sgbench.results.store.store import Store

    return list(Store(path, read_only=True).scan()) if path.exists() else []


@pytest.mark.slow
def test_as_many_processes_as_stages_are_asked_for(store):
    agents, said = _agents(store, _free_port(), "run", "locking", "--where", "stages=1,seed=0")
    assert "torchrun started 2 processes" in "".join(said)
    assert any(agent.returncode for agent in agents)
