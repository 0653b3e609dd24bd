"""Runs the command line, in this process and in others, and makes records without training."""

import dataclasses
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sgbench.bench import datasets
from sgbench.bench.outcome import CurvePoint, Machine, Outcome
from sgbench.cli import main
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.running.backend import known_class
from sgbench.results.from_outcome import make_record
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store

TINY = ("--where", "network=fcn,depth=3,rule=backprop", "--set", "iterations=20")
OWN_RULE = """
from sgbench.bench.contract import Rule
from sgbench.bench.rules.backprop import step

RULE = Rule(
    name="{name}", label="mine", sentence="learns as backprop does", color="#123456",
    families=("feedforward",), version=1, source="a test",
)
"""
TIMES = {
    "train_seconds",
    "evaluation_seconds",
    "steps_per_second",
    "examples_per_second",
    "finished",
    "curve",
}


def environment(tmp_path, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SGBENCH_", "COV_"))}
    return kept | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1", **more}


@pytest.fixture
def store(tmp_path):
    """An empty store that knows its back-end, so that nothing has to be measured."""
    store = Store(tmp_path / "store")
    from sgbench.bench import hardware

    values = {"torch": hardware.torch_release(), "matmul": "mkl", "matmul_error": 1e-7}
    backend_file.write(store, hardware.device_model("cpu"), values)
    return store


@pytest.fixture
def put(store):
    """Store records; return the store's path and all that is in it."""

    def call(*records):
        for record in records:
            store.put(record)
        return store.path, list(store.scan())

    return call


@pytest.fixture
def sgbench(tmp_path, monkeypatch):
    """Run `sgbench` with arguments in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SGBENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(*arguments, **env):
        return CliRunner().invoke(main, list(map(str, arguments)), env=env)

    return call


@pytest.fixture
def refused(sgbench):
    """Run `sgbench` and return its one line of complaint, having looked at everything else."""

    def call(*arguments, code=2, **env):
        done = sgbench(*arguments, **env)
        assert done.exit_code == code, done.output
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("sgbench: ")
        assert "Traceback" not in line
        return line.removeprefix("sgbench: ")

    return call


@pytest.fixture
def start(tmp_path):
    """Start `python -m sgbench` in a process of its own."""
    running = []

    def call(*arguments, **options):
        env = environment(tmp_path, **options.pop("env", {}))
        command = [sys.executable, "-m", "sgbench", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        usual = {"cwd": tmp_path, **pipes}
        process = subprocess.Popen(command, env=env, **{**usual, **options})
        running.append(process)
        return process

    yield call
    for process in running:
        process.kill()
        process.communicate()


def outcome(cell, status="ok", error=None, steps_per_second=100.0, error_rate=12.5):
    point = CurvePoint(
        iteration=cell.iterations,
        seconds=1.0,
        error=12.5,
        loss=0.5,
        train_loss=0.25,
        sg_loss=None if cell.sg_layers is None else [0.5] * (cell.depth - 1),
        sg_cosine=None if cell.sg_layers is None else [0.75] * (cell.depth - 1),
    )
    machine = Machine(
        device="A processor", threads=1, matmul="mkl", matmul_error=1e-7, torch="2.13.0",
        python="3.11.7", numpy="2.4.6", platform="Linux x86_64",
    )  # fmt: skip
    return Outcome(
        status=status, error=error, iterations_done=cell.iterations,
        error_rate=error_rate, loss=0.5,
        train_error=1.0, train_loss=0.01, curve=[point], train_seconds=1.0, evaluation_seconds=0.1,
        steps_per_second=steps_per_second, examples_per_second=6400.0, replicas=1, machine=machine,
    )  # fmt: skip


def record(cell, *, scale="demo", exhibit="table1", machine_class="another machine", **fields):
    return make_record(
        cell,
        outcome(cell, **fields),
        exhibit=exhibit,
        scale=scale,
        data_hash=datasets.canonical_hash(cell.dataset),
        machine_class=machine_class,
    )


def comparable(found):
    """What two runs of one cell must have in common: everything but times."""
    values = {k: v for k, v in found.to_dict().items() if k not in TIMES}
    values["curve"] = [{**point, "seconds": 0.0} for point in found.curve]
    return values


@pytest.fixture(scope="session")
def make():
    """The functions above, which test modules cannot import, and some cells."""
    exhibit = exhibits.load("table1")
    cells = exhibits.expand(exhibit, "demo")
    return SimpleNamespace(
        cells=cells,
        here=lambda store: known_class(store, "cpu"),
        record=record,
        comparable=comparable,
        tiny=TINY,
        own_rule=lambda name: OWN_RULE.format(name=name),
        replace=dataclasses.replace,
        number=lambda text: int(re.search(r"\d+", text).group()),
    )
