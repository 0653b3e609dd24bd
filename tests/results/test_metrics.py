"""What a result is, by what it was trained on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.metrics import (
    MEASURES,
    RESULT_FIELDS,
    evaluated,
    grain,
    grain_at,
    measure_of,
    results_of,
    rungs,
)
from sgbench.results.record import TYPES
from sgbench.results.store.published import open_published

EPISODES = ["copy", "repeat_copy"]


def lengths(dataset):
    return [level.length for level in datasets.load(dataset).levels]


COUNTING = ("counting", "counting_digits")


def test_every_dataset_is_measured():
    units = {name: measure_of(name).unit for name in datasets.names() if name not in COUNTING}
    assert units == {
        **dict.fromkeys(("cifar10", "digits", "mnist"), "% error"),
        **dict.fromkeys(EPISODES, "T_task solved"),
        **dict.fromkeys(("descriptions", "ptb"), "bits per character"),
    }


@pytest.mark.parametrize("dataset", COUNTING)
def test_two_networks_have_two_results(dataset):
    assert results_of(dataset) == ("error_a", "error_b")
    for name in results_of(dataset):
        assert measure_of(dataset, name).fields == (name,)
        assert TYPES[name] == {float, type(None)}
    names = {measure_of(dataset, name).name for name in results_of(dataset)}
    assert len(names) == 2
    assert results_of("mnist") == results_of("copy") == results_of("ptb") == (None,)


def test_what_is_measured_is_in_the_record_and_of_one_kind():
    assert len(set(RESULT_FIELDS)) == len(RESULT_FIELDS)
    assert set(RESULT_FIELDS) == {
        field for measure in MEASURES.values() for field in measure.fields
    }
    for field in RESULT_FIELDS:
        assert TYPES[field] in ({float, type(None)}, {int, type(None)})
        assert ({int, type(None)} == TYPES[field]) == (field == "longest")


def test_the_papers_numbers_have_the_decimals_of_their_measure():
    for name in ("table1", "table2"):
        for (dataset, *_), number in load(name).numbers.items():
            units = number.value / (2 * number.rounding)  # of its last decimal
            assert units == pytest.approx(round(units), abs=1e-6)
            assert number.rounding <= 0.5 * 10.0 ** -measure_of(dataset).paper_decimals


@pytest.mark.parametrize("dataset", EPISODES)
def test_a_level_is_its_number_from_one(dataset):
    known = [0, *lengths(dataset)]
    assert rungs(dataset, known) == list(range(len(known)))


@pytest.mark.parametrize(
    ("dataset", "values", "expected"),
    [
        ("copy", [7, 8, 16], [4, 5, 13]),
        ("copy", [0, 2, 4], [0, 0.5, 1]),
        ("repeat_copy", [33, 39], [9, 10]),  # six steps of T_task, one rung
        ("repeat_copy", [59, 67], [13, 14]),
        ("repeat_copy", [36, 5.5], [9.5, 1.25]),
        ("mnist", [1.8, 4.3], [1.8, 4.3]),
        ("ptb", [1.39, 1.35], [1.39, 1.35]),
    ],
)
def test_rungs(dataset, values, expected):
    assert rungs(dataset, values) == pytest.approx(expected, abs=1e-12)


@given(st.sampled_from(EPISODES), st.lists(st.floats(0, 103), min_size=2, max_size=5, unique=True))
def test_longer_is_higher_up(dataset, values):
    ordered = sorted(values)
    for (short, long), (low, high) in zip(
        pairwise(ordered), pairwise(rungs(dataset, ordered)), strict=True
    ):
        assert low <= high
        assert low < high or long - short < 1e-9


def test_every_length_of_the_paper_is_a_level():
    for (dataset, *_), number in load("table2").numbers.items():
        if dataset in EPISODES:
            (rung,) = rungs(dataset, [number.value])
            assert lengths(dataset)[int(rung) - 1] == number.value


DIAGNOSIS = {"sg_weight_cosine", "sg_ridge_cosine"}


def test_every_point_of_a_published_curve_has_only_what_its_data_can_be_evaluated_by():
    seen = set()
    for record in open_published().scan():
        known = {
            "iteration",
            "seconds",
            "data_steps",
            "updates",
            *DIAGNOSIS,
            *evaluated(record.dataset),
        }
        for point in record.curve:
            there = {name for name, value in point.items() if value is not None}
            assert there <= known, record.id
            seen |= there
    assert seen >= {"error", "sg_cosine", "bits", "longest", "aux_loss", "error_a", "error_b"}


@pytest.mark.parametrize(
    ("dataset", "width"),
    [
        ("mnist", 0.01),
        ("cifar10", 0.01),
        ("digits", 100 / 360),
        ("copy", 1.0),
        ("repeat_copy", 1.0),
        ("ptb", 0.0),
        ("counting", 0.0),
    ],
)
def test_the_grain_of_a_result(dataset, width):
    assert grain(dataset) == pytest.approx(width)


def test_the_grain_of_a_length_is_that_of_the_levels_about_it():
    assert grain_at("repeat_copy", 33) == (39 - 28) / 2
    assert grain_at("copy", 12) == 1
    assert grain_at("mnist", 2.0) == grain("mnist")
