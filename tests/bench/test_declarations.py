"""Declarations of datasets and families: what is missing or wrong is named."""

import dataclasses
from types import SimpleNamespace

import pytest
from sgbench.bench.declarations import Dataset, checked_dataset, checked_family, held_out
from sgbench.bench.errors import UsageError

IMAGES = Dataset(
    name="mine",
    label="mine",
    kind="images",
    version=1,
    canonical="0123456789abcdef",
    shape=(1, 8, 8),
    classes=10,
    examples=(60, 30),
    pixel_max=255,
)


def module(**changes):
    return SimpleNamespace(DATASET=dataclasses.replace(IMAGES, **changes), load=print)


def refusal(found):
    with pytest.raises(UsageError) as caught:
        checked_dataset("mine", found)
    assert "mine" in str(caught.value)
    return str(caught.value)


def test_a_right_one():
    assert checked_dataset("mine", module()) == IMAGES


@pytest.mark.parametrize("found", [SimpleNamespace(), SimpleNamespace(DATASET=1)])
def test_none(found):
    assert "DATASET = Dataset(" in refusal(found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "yours"}, "DATASET.name is 'yours'"),
        ({"kind": "image"}, "did you mean 'images'"),
        ({"classes": None}, "lacks classes"),
        ({"kind": "text"}, "lacks symbols, characters"),
        ({"kind": "episodes"}, "lacks symbols"),
    ],
)
def test_wrong_ones(changes, words):
    assert words in refusal(module(**changes))


def test_one_that_cannot_be_loaded():
    assert "load(folder)" in refusal(SimpleNamespace(DATASET=IMAGES))


def test_a_family_has_its_name():
    family = SimpleNamespace(name="mine")
    assert checked_family("mine", SimpleNamespace(FAMILY=family)) is family
    for wrong in (SimpleNamespace(), SimpleNamespace(FAMILY=SimpleNamespace(name="yours"))):
        with pytest.raises(UsageError, match="family mine lacks FAMILY"):
            checked_family("mine", wrong)


@pytest.mark.parametrize(
    ("split", "patience", "held"),
    [("test", None, None), ("validation", None, 10), ("test", 3, 10), ("validation", 3, 10)],
)
def test_a_sixth_is_held_out_for_validation_and_for_early_stopping(split, patience, held):
    assert held_out(60, split, patience) == held


def test_of_a_few_images_none_is_held_out_but_the_test_set_is_not_taken():
    assert held_out(5, "validation", None) == 0
