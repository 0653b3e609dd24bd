"""Validation of loaded data: each fault is found by the check that it belongs to."""

import dataclasses

import numpy as np
import pytest
from sgbench.bench import datasets, registry
from sgbench.bench.datasets.loading.validation import problems


def found(name, **changes):
    """What is found wrong with a bundled dataset where values of it are changed."""
    data = dataclasses.replace(datasets.load(name), **changes)
    return list(problems(registry.DATASETS.declared(name), data))


@pytest.mark.parametrize("name", ["digits", "counting_digits", "copy", "descriptions"])
def test_bundled_data_is_right(name):
    assert found(name) == []


def test_another_kind():
    ((check, words),) = problems(registry.DATASETS.declared("digits"), datasets.load("copy"))
    assert check == "loads"
    assert "Episodes" in words
    assert "needs a Data" in words


DIGITS, TEXT, COPY = (datasets.load(name) for name in ("digits", "descriptions", "copy"))


@pytest.mark.parametrize(
    ("name", "changes", "check", "words"),
    [
        ("digits", {"train_images": DIGITS.train_images / 16}, "loads", "float64"),
        ("digits", {"train_labels": DIGITS.train_labels[1:]}, "loads", "train_labels"),
        ("digits", {"classes": 9}, "declared", "classes=9"),
        ("digits", {"train_labels": DIGITS.train_labels + 1}, "ranges", "between 0 and 9"),
        ("digits", {"test_images": DIGITS.test_images + np.uint8(1)}, "ranges", "pixel_max"),
        ("descriptions", {"valid": TEXT.valid.astype("int64")}, "loads", "valid is int64"),
        ("descriptions", {"train": TEXT.train[1:]}, "declared", "characters"),
        ("copy", {"symbols": 99}, "declared", "symbols=99"),
        ("copy", {"levels": ()}, "ranges", "levels must not be empty"),
        ("copy", {"levels": COPY.levels[:1] * 2}, "ranges", "their lengths must differ"),
    ],
)
def test_a_fault_is_found_by_its_check_and_by_no_later_one(name, changes, check, words):
    wrong = found(name, **changes)
    assert {one for one, _ in wrong} == {check}
    assert words in wrong[0][1]
