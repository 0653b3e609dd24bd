"""Figures drawn several at a time are those drawn one after another."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest
from sgbench.reports.analysis.select import select
from sgbench.reports.figures import parallel
from sgbench.reports.figures.series import drawings
from sgbench.reproductions.exhibits.exhibit import load

FORMATS = ("svg", "png")


@pytest.fixture
def many(make):
    """Return twelve drawings."""
    exhibit = load("bp_lambda")
    records = make.grid(exhibit, "demo", lambda cell: cell.seed == 0)
    return (drawings(select(exhibit, "demo", records)) * 12)[:12]


def test_processes_draw_the_same(many):
    expected = parallel.rendered(many, FORMATS)
    assert [list(files) for files in expected] == [list(FORMATS)] * 12
    assert parallel.rendered(many, FORMATS, workers=3) == expected


def test_few_figures_start_no_process(many, monkeypatch):
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("started"))
    assert len(parallel.rendered(many[:7], ["svg"], workers=8)) == 7
    assert len(parallel.rendered(many, ["svg"])) == 12


def test_a_process_that_is_killed_leaves_the_drawing_to_this_one(many, monkeypatch):
    class Killing(ProcessPoolExecutor):
        def map(self, function, drawings):
            self.submit(os.kill, os.getpid(), 0).result()  # it has started
            for process in self._processes.values():
                os.kill(process.pid, signal.SIGKILL)
            return super().map(function, drawings)

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", Killing)
    expected = parallel.rendered(many, ["svg"])
    assert parallel.rendered(many, ["svg"], workers=2) == expected


SCRIPT = """
import os, sys, time
from sgbench.reports.figures import parallel
if __name__ == "__main__":
    class Slow:
        def __reduce__(self):
            return time.sleep, (60,)  # where it is unpickled: in a worker
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
    with subprocess.Popen(command, **quiet, **heard) as process:
        parent, started = psutil.Process(process.pid), []
        while len(started) < 3:  # two workers, and what looks after their semaphores
            started = parent.children(recursive=True)
            time.sleep(0.05)
        time.sleep(2)  # they follow it from the moment they work
        process.send_signal(number)
        process.wait(20)
    _, left = psutil.wait_procs(started, timeout=20)
    for one in left:
        one.kill()
    assert left == []
