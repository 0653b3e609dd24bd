"""Which records a report is made of."""

import random
from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture(scope="module")
def table1():
    return load("table1")


def ids(selection):
    """The records that were taken, as (id, data hash, machine class)."""
    columns = ["id", "data_hash", "machine_class"]
    return [tuple(row) for row in selection.frame[columns].to_numpy().tolist()]


def expected_ids(*records):
    return [(r.id, r.data_hash, r.machine_class) for r in records]


def test_every_cell_of_the_scale_has_its_place(table1):
    selection = select(table1, "demo", [])
    assert selection.wanted == len(expand(table1, "demo"))
    assert selection.done == 0
    assert selection.seeds == 3
    assert len(selection.cells) * 3 == selection.wanted
    assert selection.frame.empty


def test_a_cell_set_by_hand_never_enters(table1, make):
    cell = expand(table1, "demo")[0]
    custom = expand(table1, "demo", {"iterations": 399})[0]
    records = [make.record(custom, 1.0, scale="custom"), make.record(custom, 1.0, scale="demo")]
    assert select(table1, "demo", records).frame.empty
    same = make.record(cell, 1.0, scale="custom")  # the exhibit's own cell, whatever its label
    assert ids(select(table1, "demo", [same])) == expected_ids(same)


def test_other_versions_of_the_code_are_counted_and_left_out(table1, make):
    cell = expand(table1, "demo")[0]
    old = [
        replace(make.record(cell), **{name: 99})
        for name in ("rule_version", "dataset_version", "protocol_version")
    ]
    selection = select(table1, "demo", old)
    assert selection.frame.empty
    assert selection.stale == 3


def test_further_seeds_count(table1, make):
    cells = expand(table1, "demo", seeds=5)[:5]
    selection = select(table1, "demo", map(make.record, cells))
    assert selection.frame["seed"].tolist() == [0, 1, 2, 3, 4]
    assert selection.frame["configuration"].nunique() == 1
    assert selection.done == 3


def test_canonical_data_comes_first(table1, make):
    cell = expand(table1, "demo")[0]
    other = make.record(cell, 1.0, data_hash=make.other_data)
    canonical = make.record(cell, 2.0)
    for records in ([other, canonical], [canonical, other]):
        assert ids(select(table1, "demo", records)) == expected_ids(canonical)
    assert ids(select(table1, "demo", [other])) == expected_ids(other)


def test_the_largest_machine_class_leads_and_others_fill_gaps(table1, make):
    cells = expand(table1, "demo")[:6]
    many = [make.record(cell, 1.0, machine_class="many") for cell in cells[:4]]
    few = [make.record(cell, 2.0, machine_class="few") for cell in cells[3:]]
    selection = select(table1, "demo", [*few, *many])
    assert selection.frame["machine_class"].tolist() == ["many"] * 4 + ["few"] * 2


def test_a_failure_is_a_gap_and_divergence_is_a_result(table1, make):
    first, second, third = expand(table1, "demo")[:3]
    leading = [
        make.record(first, status="failed", machine_class="a"),
        make.record(second, status="diverged", machine_class="a"),
        make.record(third, machine_class="a"),
    ]
    other = [make.record(cell, machine_class="b") for cell in (first, second)]
    frame = select(table1, "demo", [*leading, *other]).frame
    taken = frame[["status", "machine_class"]].to_numpy().tolist()
    assert [tuple(row) for row in taken] == [
        ("ok", "b"),
        ("diverged", "a"),
        ("ok", "a"),
    ]


def test_the_longest_first_part_comes_before_another_and_before_a_failure(table1, make):
    """It answers places before the end of training, whichever machine it was trained on."""
    cells = expand(table1, "demo")[:5]
    leading = [make.record(cell, machine_class="a") for cell in cells[2:]]
    failed = make.record(cells[0], status="failed", machine_class="a")
    leading += [failed, replace(make.record(cells[1], status="partial"), machine_class="a")]
    leading[-1] = replace(leading[-1], iterations_done=50)
    short, long = (
        replace(make.record(cells[n], status="partial", machine_class="b"), iterations_done=done)
        for n, done in ((0, 10), (1, 60))
    )
    other = make.record(cells[1], status="partial", data_hash=make.other_data)
    ended = make.record(cells[2], status="timeout", machine_class="b")
    frame = select(table1, "demo", [*leading, short, long, other, ended]).frame
    assert frame["id"].tolist()[:2] == [short.id, long.id]
    assert frame["status"].tolist() == ["partial", "partial", "ok", "ok", "ok"]


def test_the_order_of_records_does_not_matter(table1, make):
    records = make.grid(table1, "demo", lambda cell: cell.depth == 3)
    records += [
        replace(r, machine_class="b", finished="2026-01-02T00:00:00+00:00") for r in records
    ]
    expected = select(table1, "demo", records)
    random.Random(1).shuffle(records)
    assert ids(select(table1, "demo", records)) == ids(expected)


def test_the_first_part_of_a_run_is_not_a_run(table1, make):
    cells = expand(table1, "demo")[:3]
    records = [make.record(cells[0]), make.record(cells[1], status="partial")]
    selection = select(table1, "demo", [*records, make.record(cells[2], status="failed")])
    assert selection.done == 2
    assert selection.in_part.tolist().count(True) == 1
