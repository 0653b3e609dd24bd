"""What the verbs say: durations, names of cells, the first part of an id."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.reports import cells_of
from sgbench.reports.analysis.naming import cell_names, count, duration
from sgbench.reports.console.record import whole_record
from sgbench.reports.console.terminal import evaluation, outcome
from sgbench.reproductions.exhibits.exhibit import expand, load

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


MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_names_tell_the_cells_apart(table2, scale):
    names = cell_names(expand(table2, scale))
    assert len(set(names)) == len(names)
    assert all(len(text) < 60 for text in names)
    assert names[0] == "copy lstm T2 bptt seed 0"
    assert any(text.startswith("repeat_copy lstm T4 dni_aux M1 seed 1") for text in names)


def test_an_outcome_is_in_the_words_of_its_measure(table2, make):
    def words(value, **fields):
        (cell,) = cells_of(table2, "demo", seeds=1, **fields)
        return outcome(make.record(cell, value)).strip()

    assert words(39, dataset="repeat_copy", T=2, rule="dni") == "39 T_task solved, 100 steps/s"
    assert words(0, dataset="copy", T=2, rule="bptt") == "0 T_task solved, 100 steps/s"
    text = {"dataset": "descriptions", "T": 4, "rule": "dni_aux"}
    assert words(2.345678, **text) == "2.346 bits per character, 100 steps/s"
    (cell,) = cells_of(table2, "demo", seeds=1, **text)
    lost = make.record(cell, 2.0, status="diverged", reason="loss not finite at iteration 8")
    assert outcome(lost) == "diverged: loss not finite at iteration 8"


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


def test_the_terminal_tells_both(two_networks, make):
    record = make.record(expand(two_networks, "demo", seeds=1)[0], 31.0)
    assert "3.10 % of A's counts wrong,  31.00 % of B's counts wrong" in outcome(record)
    shown = whole_record(record, 100)
    assert "error A %" in shown
    assert "error B %" in shown


def test_names_and_a_whole_record_know_what_is_decoupled(population_exhibit, make):
    cells = expand(population_exhibit, "quick")
    names = cell_names(cells)
    assert len(set(names)) == len(names)
    assert "mnist fcn 4 dni M1 both p0.2 seed 0" in names
    text = whole_record(make.network(cells[0]), 100)
    assert "updates 1  updates 2  updates 3  updates 4" in text


@pytest.mark.parametrize(
    ("exhibit", "point", "words"),
    [
        ("table1", {"error": 12.3456}, "12.35 % error"),
        ("table1", {"error": None}, "no result"),
        ("two_networks", {"error_a": 1.0, "error_b": 2.0}, "1.00 % of A's counts wrong, 2.00 % of"),
    ],
)
def test_an_evaluation_is_told_as_results_are(exhibit, point, words):
    assert evaluation(expand(load(exhibit), "demo")[0], point).startswith(words)
