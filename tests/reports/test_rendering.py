"""Figures drawn several at a time are those drawn one after another."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor

import pytest
from sgbench.reports import rendering
from sgbench.reports.gather import gather
from sgbench.reports.series import drawings
from sgbench.reproductions.exhibit import load

FORMATS = ("svg", "png")


@pytest.fixture
def many(make):
    """Return twelve drawings."""
    exhibit = load("bp_lambda")
    records = make.grid(exhibit, "demo", lambda cell: cell.seed == 0)
    return (drawings(gather(exhibit, "demo", records)) * 12)[:12]


def test_processes_draw_the_same(many):
    expected = rendering.rendered(many, FORMATS)
    assert [list(files) for files in expected] == [list(FORMATS)] * 12
    assert rendering.rendered(many, FORMATS, workers=3) == expected


def test_few_figures_start_no_process(many, monkeypatch):
    monkeypatch.setattr(rendering, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("started"))
    assert len(rendering.rendered(many[:7], ["svg"], workers=8)) == 7
    assert len(rendering.rendered(many, ["svg"])) == 12


def test_a_process_that_is_killed_leaves_the_drawing_to_this_one(many, monkeypatch):
    class Killing(ProcessPoolExecutor):
        def map(self, function, drawings):
            self.submit(os.kill, os.getpid(), 0).result()  # it has started
            for process in self._processes.values():
                os.kill(process.pid, signal.SIGKILL)
            return super().map(function, drawings)

    monkeypatch.setattr(rendering, "ProcessPoolExecutor", Killing)
    expected = rendering.rendered(many, ["svg"])
    assert rendering.rendered(many, ["svg"], workers=2) == expected
