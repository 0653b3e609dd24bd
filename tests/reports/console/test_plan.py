"""What is said of a plan: what is done, what a run would do."""

import re

import pytest
from sgbench.reports.console.plan import plan_text, plan_values, title
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.dry_run import DryRun
from sgbench.reproductions.running.plan import make_plan
from sgbench.reproductions.running.request import RunRequest
from sgbench.results.store.store import Store


def test_a_title_names_exhibit_scale_and_shard(tmp_path):
    request = RunRequest(exhibit="table1", store=Store(tmp_path), shard=(2, 8))
    assert title(request) == "table1, scale demo, shard 2/8"


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
def test_a_plan_says_what_goes_on_from_a_checkpoint(make, tmp_path, checkpoints, missing, timeout):
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
    request = RunRequest(exhibit="table1", store=Store(tmp_path))
    lines = {line.split()[0]: line for line in plan_text(request, seen).splitlines() if line}
    notes = {state: re.sub("\x1b.*?m", "", lines[state]) for state in ("missing", "timeout")}
    assert notes["missing"] == f"  missing         3  {missing}".rstrip()
    assert notes["timeout"].startswith(f"  timeout         1  {timeout}")
    assert plan_values(request, seen)["checkpoints"] == checkpoints


def planned_run(tmp_path, **options):
    request = RunRequest(store=Store(tmp_path), **options)
    cells = expand(load(request.exhibit), request.scale, seeds=request.seeds)
    plan = make_plan(cells, [], machine="made-up")
    seen = DryRun(
        plan=plan, workers=1, seconds=None, machine="made-up", elsewhere={}, checkpoints={}
    )
    return plan_text(request, seen), plan_values(request, seen)


def test_a_plan_tells_beforehand_what_its_seeds_can_hardly_decide(tmp_path):
    text, values = planned_run(tmp_path, exhibit="table1", scale="paper")
    assert "power      3 seeds would rather not decide" in text
    assert "MNIST FCN DNI: power below 1 %" in text
    assert values["low_power"]["MNIST FCN DNI"] < 0.01
    assert "MNIST FCN bprop" not in values["low_power"]
    _, _, unknown = text.partition("power      not told where no spread over seeds is known:\n")
    assert unknown.startswith("             CIFAR-10 FCN (no-bprop, bprop, DNI, cDNI)\n")
    text, values = planned_run(tmp_path, exhibit="table1", scale="demo")
    assert "power" not in text
    assert values["low_power"] == {}


def test_seeds_beyond_the_declared_ones_are_said_not_to_be_judged(tmp_path):
    text, _ = planned_run(tmp_path, exhibit="table2", scale="quick", seeds=4)
    assert "the first 2 are judged" in text
    text, values = planned_run(tmp_path, exhibit="table2", scale="quick", set=("iterations=7",))
    assert "judged" not in text
    assert values["low_power"] == {}


def test_a_plan_tells_what_the_first_part_of_training_answers(tmp_path):
    text, _ = planned_run(tmp_path, exhibit="table1", scale="paper")
    early = "early      places before the end: 3 of 7 by --until 20000, 7 of 7 by --until 300000"
    assert early in text
    text, _ = planned_run(tmp_path, exhibit="p_update", scale="paper")
    assert "end: 16 of 32 by --until 5000, 32 of 32 by --until 250000" in text
    text, _ = planned_run(tmp_path, exhibit="table1", scale="demo")
    assert "before the end" not in text


@pytest.mark.parametrize(("patience", "words"), [(None, "about 1 min"), (5, "at most 1 min")])
def test_the_time_of_cells_that_may_end_by_themselves_is_a_bound(tmp_path, patience, words):
    cells = [c for c in expand(load("beyond"), "demo") if c.patience == patience][:2]
    seen = DryRun(
        plan=make_plan(cells, [], machine="made-up"),
        workers=2,
        seconds=60.0,
        machine="made-up",
        elsewhere={},
        checkpoints={},
    )
    request = RunRequest(exhibit="beyond", store=Store(tmp_path))
    assert f"next run   2 cells, 2 at a time, {words}\n" in plan_text(request, seen)
