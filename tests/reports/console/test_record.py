"""All that a record says, by the kind of its cell."""

import dataclasses

from reference.cell_values import UNLOCKED
from reference.reports import cells_of
from reference.staged import SPANS, STAGES
from sgbench.bench.cell import Cell
from sgbench.reports.console.record import whole_record
from sgbench.reproductions.exhibits.exhibit import expand


def test_a_whole_record_shows_what_its_kind_has(table2, make):
    (cell,) = cells_of(table2, "demo", seeds=1, dataset="copy", T=2, rule="dni_aux")
    text = whole_record(make.record(cell, 16), 100)
    assert "copy lstm T2 dni_aux M1 seed 0" in text
    curve = text.rpartition("iteration")[0]
    assert "bits" in curve
    for word in ("T_task", "aux loss", "M loss 1", "cosine 1"):
        assert word in text
    assert "error %" not in text
    solved = next(line for line in text.splitlines() if line.split()[:3] == ["16", "13", "1"])
    assert solved.split()[4] == str(2 * int(solved.split()[3]))


def test_a_whole_record_has_both_results(two_networks, make):
    shown = whole_record(make.record(expand(two_networks, "demo", seeds=1)[0], 31.0), 100)
    assert "error A %" in shown
    assert "error B %" in shown


def test_a_whole_record_has_the_updates_of_each_layer(population_exhibit, make):
    text = whole_record(make.network(expand(population_exhibit, "quick")[0]), 100)
    assert "updates 1  updates 2  updates 3  updates 4" in text


def test_a_whole_record_has_what_each_stage_did(make):
    cell = Cell.from_dict({**UNLOCKED, "delay": 10.0})
    record = dataclasses.replace(
        make.record(cell, 5.0),
        pipeline=[dataclasses.asdict(row) for row in STAGES],
        timeline=[dataclasses.asdict(span) for span in SPANS],
    )
    lines = whole_record(record, 100).splitlines()
    heads = next(line for line in lines if line.startswith("stage  layers"))
    rows = lines[lines.index(heads) + 2 :][:2]
    assert rows[0].split() == [
        "0",
        "2",
        "1000",
        "300",
        "75",
        "12.5",
        "12.5",
        "2.621e+05",
        "0",
        "1.25",
        "4",
    ]
    assert rows[1].split() == [
        "1",
        "2",
        "990",
        "297",
        "87.5",
        "0",
        "12.5",
        "2.621e+05",
        "3",
        "-",
        "-",
    ]
    heads = next(line for line in lines if line.startswith("stage  forward ms"))
    assert lines[lines.index(heads) + 2].split() == ["0", "0.5", "1", "0.25", "0.5", "0.2"]
    assert any(line.split()[:3] == ["timeline", "3", "rows"] for line in lines)
    whole = whole_record(make.record(Cell.from_dict(UNLOCKED), 5.0), 100)
    assert "stage  layers" not in whole
