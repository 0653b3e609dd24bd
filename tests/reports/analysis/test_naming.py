"""Names of cells, counts and durations in words."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.reports.analysis.naming import (
    cell_names,
    count,
    duration,
    machine_words,
    seeds_words,
    span,
)
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


def test_a_class_of_machines_has_one_thread_or_several():
    assert machine_words("CPU, 1 threads, mkl") == "CPU, 1 thread, mkl"
    assert machine_words("CPU, 11 threads, mkl") == "CPU, 11 threads, mkl"


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


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_names_tell_the_cells_apart(table2, scale):
    names = cell_names(expand(table2, scale))
    assert len(set(names)) == len(names)
    assert all(len(text) < 60 for text in names)
    assert names[0] == "copy lstm T2 bptt seed 0"
    assert any(text.startswith("repeat_copy lstm T4 dni_aux M1 seed 1") for text in names)


def test_a_name_has_what_is_decoupled(population_exhibit):
    names = cell_names(expand(population_exhibit, "quick"))
    assert len(set(names)) == len(names)
    assert "mnist fcn 4 dni M1 both p0.2 seed 0" in names


def test_a_range_of_one_value_is_that_value():
    assert (span(2, 5), span(5, 5), span("0.5", "0.5")) == ("2 to 5", "5", "0.5")
    assert (seeds_words(1, 1), seeds_words(3, 3), seeds_words(1, 3)) == (
        "1 seed",
        "3 seeds",
        "1 to 3 seeds",
    )
