"""Figures drawn several at a time are those drawn one after another."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import parallel
from sgbench.reports.figures.drawing import render
from sgbench.reports.figures.series import drawings
from sgbench.reproductions.exhibits.exhibit import load

FORMATS = ("svg", "png")


@pytest.fixture(scope="module")
def few(make):
    """Return drawings that differ."""
    exhibit = load("bp_lambda")
    records = make.grid(exhibit, "demo", lambda cell: cell.seed == 0)
    found = drawings(select(exhibit, "demo", records))
    assert len({one.name for one in found}) > 1
    return found


@pytest.fixture(scope="module")
def many(few):
    """Return twelve drawings: the same again and again, in turn."""
    return (few * 12)[:12]


@pytest.fixture(scope="module")
def expected(few):
    """Return what each of the twelve is, drawn here; each that differs is drawn once."""
    return (parallel.rendered(few, FORMATS) * 12)[:12]


def test_processes_draw_the_same(many, expected):
    assert [list(files) for files in expected] == [list(FORMATS)] * 12
    assert parallel.rendered(many, FORMATS, workers=3) == expected


def test_few_figures_start_no_process(many, monkeypatch):
    monkeypatch.setattr(render, "render", lambda *_: {})  # what they are is not asked
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("started"))
    assert len(parallel.rendered(many[:7], ["svg"], workers=8)) == 7
    assert len(parallel.rendered(many, ["svg"])) == 12


def test_a_process_that_is_killed_leaves_the_drawing_to_this_one(many, expected, monkeypatch):
    class Killing(ProcessPoolExecutor):
        def map(self, function, drawings):
            self.submit(os.kill, os.getpid(), 0).result()  # it has started
            for process in self._processes.values():
                os.kill(process.pid, signal.SIGKILL)
            return super().map(function, drawings)

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", Killing)
    found = parallel.rendered(many[:8], ["svg"], workers=2)
    assert found == [{"svg": files["svg"]} for files in expected[:8]]


SCRIPT = """
import os, pathlib, time
from sgbench.reports.figures import parallel
def work():
    pathlib.Path(f"{os.getpid()}.works").touch()
    time.sleep(60)
if __name__ == "__main__":
    class Slow:
        def __reduce__(self):
            return work, ()  # where it is unpickled: in a worker
    print("drawing", flush=True)
    parallel.rendered([Slow()] * 8, ["svg"], workers=2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_whatever_ends_the_command(tmp_path, number):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}  # not by a job
    with subprocess.Popen(command, cwd=tmp_path, **quiet, **heard) as process:
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("*.works"))) < 2:  # they follow it from then on
            assert time.monotonic() < until
            time.sleep(0.05)
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) == 3  # two workers, and what looks after their semaphores
        process.send_signal(number)
        process.wait(20)
    _, left = psutil.wait_procs(started, timeout=20)
    for one in left:
        one.kill()
    assert left == []
