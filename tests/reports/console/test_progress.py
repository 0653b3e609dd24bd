"""What is shown while cells train: counts, estimates, lines and bars."""

import io
import json

import pytest
from sgbench.reports.console.progress import Bars, ProgressLines, Watch, display
from sgbench.reports.console.record import pick
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.plan import make_plan

CELLS = [cell for cell in expand(load("table1"), "demo") if cell.network == "fcn"]


@pytest.fixture
def plan(make):
    """Two cells that are done, one that failed before, three to run."""
    some = [cell for cell in CELLS if cell.rule == "backprop" and cell.depth == 3]
    more = [
        cell for cell in CELLS if cell.rule == "dni" and cell.sg_layers == 2 and cell.depth == 3
    ]
    known = [make.record(some[0]), make.record(some[1])]
    known.append(make.record(some[2], status="failed", reason="it broke"))
    return make_plan([*some, *more], known, machine="made-up")


def ended(plan, make, program, status="ok"):
    (index,) = plan.programs[program]
    return [make.record(plan.cells[index].cell, status=status, reason=None)]


def test_lines_tell_each_cell_once(plan, make, capsys):
    records = []
    watch = Watch(ProgressLines("table1"), lambda: print("read"), records.append)
    watch.planned(plan, 2)
    watch.progress(0, 5, None)
    for program in range(3):
        watch.finished(program, ended(plan, make, program))
    out, err = capsys.readouterr()
    assert out == "read\n"
    assert len(records) == 3
    head, *lines = err.splitlines()
    assert head == "table1: 3 of 6 cells to run, 2 at a time"
    assert [line.split()[0] for line in lines] == ["4/6", "5/6", "6/6"]
    some = [plan.cells[index].id for (index,) in plan.programs]
    assert [line.split()[1] for line in lines] == [name[:8] for name in some]
    assert pick(records, lines[0].split()[1], "here") == records[:1]
    assert "left)" in lines[0]
    assert "left)" not in lines[2]


def test_a_record_is_handed_on_before_it_is_shown(plan, make):
    order = []

    class Shown(ProgressLines):
        def ended(self, tally, program, records):
            order.append("shown")

    watch = Watch(Shown("table1"), lambda: None, lambda record: order.append("printed"))
    watch.planned(plan, 1)
    watch.finished(0, ended(plan, make, 0))
    assert order == ["printed", "shown"]


def test_nothing_is_shown_where_nothing_is_to_run(make, capsys):
    plan = make_plan(CELLS[:1], [make.record(CELLS[0])], machine="made-up")
    watch = Watch(ProgressLines("table1"), lambda: None)
    watch.planned(plan, 0)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_are_for_terminals_only(monkeypatch):
    assert isinstance(display("table1", alone=True), ProgressLines)
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(display("table1", alone=True), Bars)
    assert isinstance(display("table1", alone=False), ProgressLines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display("table1", alone=True), ProgressLines)


def test_bars_use_a_row_a_worker_and_name_failures(plan, make, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    bars = Bars("table1")
    watch = Watch(bars, lambda: None)
    watch.planned(plan, 2)
    watch.progress(0, 100, {"error": 12.3456})
    watch.progress(1, 50, None)
    info = {task.description: task.fields["info"] for task in bars._progress.tasks}
    assert info[watch.tally.name(0)].startswith("12.35 % error, 100/")
    watch.finished(0, ended(plan, make, 0))
    watch.progress(2, 60, None)
    rows = {task.description: task for task in bars._progress.tasks}
    assert len(rows) == 3
    assert rows[watch.tally.name(2)].completed == 60
    assert rows["table1"].fields["info"].startswith("4/6 cells, about ")
    watch.finished(1, ended(plan, make, 1, "diverged"))
    watch.stopping(2)
    watch.progress(2, 70, None)
    assert rows["table1"].fields["info"].startswith("stopping: ")
    bars.close()
    assert "diverged: no reason is known" in terminal.getvalue()
    assert f"{plan.cells[plan.programs[1][0]].id[:8]}  digits fcn" in terminal.getvalue()
    assert json.dumps(terminal.getvalue()).count("\\u001b[?25h") == 1  # the cursor is back
