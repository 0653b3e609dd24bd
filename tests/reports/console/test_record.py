"""All that a record says, by the kind of its cell."""

from reference.reports import cells_of
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
