"""How a run ends: what is done, what failed, and the commands that come next."""

import pytest
from sgbench.reports.console.closing import closing, interruption, unsuccessful
from sgbench.reports.console.eta import Tally
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.plan import make_plan
from sgbench.reproductions.running.request import RunRequest
from sgbench.results.store.store import Store

CELLS = expand(load("table1"), "demo")[:6]
ARGV = ["run", "table1", "--retry", "failed", "--store", "here"]


@pytest.fixture
def request_(tmp_path):
    return RunRequest(exhibit="table1", store=Store(tmp_path), retry=("failed",))


@pytest.fixture
def tally(make):
    return Tally(make_plan(CELLS, [], machine="made-up"), 2)


def end(tally, make, program, status="ok"):
    (index,) = tally.plan.programs[program]
    tally.end(program, [make.record(tally.plan.cells[index].cell, status=status, reason=None)])


def test_what_is_left_goes_on_by_the_same_command(request_, tally, make):
    end(tally, make, 0)
    lines = closing(request_, tally, ARGV, []).splitlines()
    assert any("1 of 6 cells done" in line and line.endswith(", 5 left") for line in lines)
    assert "go on:   sgbench run table1 --retry failed --store here" in lines


def test_failures_are_named_and_retried_once(request_, tally, make):
    for program in range(6):
        end(tally, make, program, "diverged")
    lines = closing(request_, tally, ARGV, []).splitlines()
    named = [line for line in lines if "diverged: " in line]
    assert len(named) == 5
    assert named[0].split()[0] == tally.plan.cells[0].id[:8]
    assert "  and 1 more" in lines
    assert "retry:   sgbench run table1 --store here --retry diverged" in lines
    assert unsuccessful(tally) == ["diverged"]


def test_the_results_of_this_run_come_first(request_, tally, make):
    for program in range(6):
        end(tally, make, program)
    text = closing(request_, tally, ARGV, [])
    table, _, rest = text.partition("table1, scale demo: ")
    assert "error in percent" in table
    assert "not run" not in table
    assert "paper" not in table
    assert rest


def test_results_are_shown_by_report_from_the_same_store(request_, tally, make):
    for program in range(6):
        end(tally, make, program)
    last = closing(request_, tally, ARGV, ["--store", "here"]).splitlines()[-1]
    assert last == "report:  sgbench report table1 --scale demo --store here"


def test_an_interruption_says_how_to_go_on(request_, tally):
    told = interruption(request_, tally, ARGV)
    assert "6 left, stored in " in told
    assert told.endswith("go on with: sgbench run table1 --retry failed --store here")
    nothing = Tally(make_plan([], [], machine=None), 0)
    assert "nothing was run" in interruption(request_, nothing, ARGV)
