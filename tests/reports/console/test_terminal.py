"""What the verbs say: durations, names of cells, the first part of an id."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench.errors import UsageError
from sgbench.reports.console.terminal import (
    cell_names,
    count,
    duration,
    outcome,
    pick,
    plan_text,
    plan_values,
    whole_record,
)
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.dry_run import DryRun
from sgbench.reproductions.running.plan import make_plan

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (7259, "2 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@given(st.floats(1, 1e8))
def test_a_duration_is_near_the_time(seconds):
    parts = re.findall(r"(\d+) (s|min|h|d)", duration(seconds))
    assert math.isclose(
        sum(int(n) * SECONDS[u] for n, u in parts), seconds, rel_tol=0.03, abs_tol=0.5
    )


def test_count():
    assert (count(1, "cell"), count(0, "cell"), count(1200, "cell")) == (
        "1 cell",
        "0 cells",
        "1,200 cells",
    )


@pytest.mark.parametrize("name", ["table1", "sg_scale"])
@pytest.mark.parametrize("scale", ["demo", "quick"])
def test_names_tell_the_cells_of_a_grid_apart(name, scale):
    names = cell_names(expand(load(name), scale))
    assert len(set(names)) == len(names)
    assert all(len(text) < 60 for text in names)


def test_a_name_has_what_varies_and_no_more():
    cells = expand(load("sg_scale"), "demo")
    assert "sg_scale=" in cell_names(cells)[0]
    assert cell_names(cells[:1]) == ["digits fcn 4 dni M0 seed 0"]


def test_an_outcome_is_on_one_line_without_control_characters(make):
    cell = expand(load("table1"), "demo")[0]
    assert "\n" not in outcome(make.record(cell, status="failed", reason="one\ntwo\x1b[31m"))
    assert outcome(make.record(cell, 1.5)) == "  1.50 % error, 100 steps/s"
    assert outcome(make.record(cell, 1.5, status="diverged")).startswith("diverged: ")


@pytest.mark.parametrize(
    ("checkpoints", "missing", "timeout"),
    [
        ({}, "", "were cut short; no checkpoint is left to go on from"),
        ({"missing": 1}, "1 goes on from its checkpoint", "were cut short; no checkpoint is left"),
        (
            {"missing": 1200, "timeout": 1},
            "1,200 go on from their checkpoints",
            "were cut short; 1 goes on from its checkpoint",
        ),
    ],
)
def test_a_plan_says_what_goes_on_from_a_checkpoint(make, checkpoints, missing, timeout):
    cells = expand(load("table1"), "demo")[:4]
    records = [make.record(cells[0], status="timeout", reason="it was stopped")]
    seen = DryRun(
        plan=make_plan(cells, records, machine="made-up"),
        workers=1,
        seconds=None,
        machine="made-up",
        elsewhere={},
        checkpoints=checkpoints,
    )
    lines = {line.split()[0]: line for line in plan_text("title", seen, "").splitlines() if line}
    notes = {state: re.sub("\x1b.*?m", "", lines[state]) for state in ("missing", "timeout")}
    assert notes["missing"] == f"  missing         3  {missing}".rstrip()
    assert notes["timeout"].startswith(f"  timeout         1  {timeout}")
    assert plan_values("table1", "demo", seen, "")["checkpoints"] == checkpoints


def test_a_whole_record_leaves_out_what_does_not_apply(make):
    cell = next(cell for cell in expand(load("table1"), "demo") if cell.rule == "dni")

    def names(record):
        return [line.split()[0] for line in whole_record(record, 100).splitlines() if line]

    shown = names(make.record(cell))
    assert {"depth", "decoupled", "drops", "test_error", "curve"} <= set(shown)
    assert not {"T", "aux_weight", "p_update", "longest", "progression", "error"} & set(shown)
    failed = whole_record(make.record(cell, status="failed", reason="it broke"), 100)
    assert re.search(r"\nerror +it broke ", failed)
    assert re.search(r"\ntest_error +- ", failed)


def test_pick_takes_the_start_of_one_id(make):
    records = make.grid(load("table1"), "demo")
    for record in records[:20]:
        assert pick(records, record.id, "here") == [record]
    ids = sorted(record.id for record in records)
    one, other = next(pair for pair in pairwise(ids) if pair[0][0] == pair[1][0])
    common = next(n for n in range(16) if one[n] != other[n])
    assert pick(records, one[: common + 1], "here")[0].id == one
    with pytest.raises(UsageError, match=f"is the start of .*{one}, {other}"):
        pick(records, one[:common], "here")


@pytest.mark.parametrize("text", ["", " ", "zz", "%", "0" * 17])
def test_pick_refuses_what_starts_no_id(make, text):
    with pytest.raises(UsageError, match="no record in here has an id that starts with"):
        pick(make.grid(load("table1"), "demo"), text, "here")
