"""Protocols in words, and commands: what a command picks is the place's own cells."""

import shlex

import pytest
from sgbench.reports.analysis.evidence.runs import Runs
from sgbench.reports.analysis.evidence.settings import (
    command,
    own_settings,
    shared_settings,
    varied,
)
from sgbench.reports.analysis.selection.select import select
from sgbench.reproductions.exhibits.exhibit import expand, load, names
from sgbench.reproductions.exhibits.where import parse_where


def picked(exhibit, words):
    """The cells that the command runs."""
    assert words[:3] == ["sgbench", "run", exhibit.name]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    where = parse_where([given["--where"]]) if "--where" in given else None
    seeds = int(given["--seeds"]) if "--seeds" in given else None
    return expand(exhibit, given["--scale"], seeds=seeds, where=where)


@pytest.mark.parametrize("name", names())
def test_a_command_trains_the_cells_of_its_place_alone(name):
    exhibit = load(name)
    for scale in exhibit.scales:
        selection = select(exhibit, scale, [])
        for cell in selection.cells[::7]:
            words = shlex.split(command(selection, cell, []))
            assert [c.replace(seed=0) for c in picked(exhibit, words)] == [cell] * selection.seeds


def test_a_command_trains_further_seeds_that_there_are(table1, make):
    cells = expand(table1, "demo", seeds=5)
    cell = next(c for c in cells if c.rule == "dni" and c.depth == 4 and c.network == "fcn")
    same = [c for c in cells if c.replace(seed=0) == cell]
    selection = select(table1, "demo", map(make.record, same))
    words = shlex.split(command(selection, cell, Runs(selection).of(cell, None)))
    assert picked(table1, words) == same


def test_settings_are_shared_or_own(table1):
    selection = select(table1, "quick", [])
    shared, differ = dict(shared_settings(selection)), varied(selection)
    assert shared["batch_size"] == "256"
    assert shared["iterations"] == "1,000"
    assert "units a layer" not in shared
    fcn = next(c for c in selection.cells if c.network == "fcn")
    own = dict(own_settings(selection, fcn, differ))
    assert own["units a layer"] == "256"
    assert not own.keys() & shared.keys()
    assert "depth" not in own  # the place's name has it
