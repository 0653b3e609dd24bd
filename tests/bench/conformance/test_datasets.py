"""Checks of a dataset: each finds the fault that it is for, and nothing in a right one."""

import pytest
from sgbench.bench import registry
from sgbench.bench.conformance.subject import open_subject

GOOD = """
import numpy as np
from sgbench.bench.datasets import Data
from sgbench.bench.declarations import Dataset

DATASET = Dataset(
    name="blobs", label="blobs", kind="images", version=1, canonical="0123456789abcdef",
    shape=(1, 4, 4), classes=3, examples=(60, 30), pixel_max=255,
)

def data_hash(folder):
    return DATASET.canonical

def load(folder):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (90, 1, 4, 4), dtype=np.uint8)
    labels = np.arange(90) % 3
    found = dict(
        train_images=images[:60].copy(), train_labels=labels[:60],
        test_images=images[60:].copy(), test_labels=labels[60:], classes=3, pixel_max=255,
    )
    CHANGE
    return Data(**found)
"""


@pytest.fixture
def checked(tmp_path):
    """Check the dataset above with a fault; return findings by name."""

    def call(change="pass", **replaced):
        text = GOOD.replace("CHANGE", change)
        for old, new in replaced.values():
            text = text.replace(old, new)
        path = tmp_path / "blobs.py"
        path.write_text(text)
        with open_subject(str(path)) as subject:
            return {finding.check: finding for finding in subject.check(None)}

    return call


def failures(found):
    return {name: one.words for name, one in found.items() if one.verdict == "fails"}


def test_a_right_one(checked):
    found = checked()
    assert {one.verdict for one in found.values()} == {"holds"}
    assert list(found) == [
        *("loads", "declared", "ranges", "same_twice", "hash", "splits", "order", "trains")
    ]


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ("found['train_images'] = found['train_images'] / 255", "loads", "float64"),
        ("found['test_labels'] = found['test_labels'].astype('int32')", "loads", "int32"),
        ("found['train_labels'] = list(found['train_labels'])", "loads", "list"),
        ("found['train_labels'] = found['train_labels'][:-1]", "loads", "59"),
        ("found['classes'] = 4", "declared", "classes"),
        ("found['test_labels'] = found['test_labels'] + 1", "ranges", "test_labels"),
        ("found['train_images'] = np.random.default_rng().integers(0, 9, (60, 1, 4, 4), 'u1')",
         "same_twice", "train_images"),
        ("found['test_images'] = found['train_images'][:30]", "splits", "memory"),
    ],
)  # fmt: skip
def test_faults(checked, change, check, words):
    found = failures(checked(change))
    assert words in found[check]


def test_pixels_above_the_largest(checked):
    found = failures(
        checked("found['pixel_max'] = 200", largest=("pixel_max=255,\n)", "pixel_max=200,\n)"))
    )
    assert "200" in found["ranges"]


def test_a_hash_that_changes(checked):
    found = checked(counted=("return DATASET.canonical", "import os; return os.urandom(8).hex()"))
    assert "hash" in failures(found)


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ("found['train_labels'] = np.sort(found['train_labels'])", "order", "sorted"),
        ("found['test_images'] = found['train_images'][:30].copy()", "splits", "30 of 30"),
    ],
)
def test_warnings(checked, change, check, words):
    found = checked(change)
    assert failures(found) == {}
    assert found[check].verdict == "warning"
    assert words in found[check].words


def test_another_kind_than_is_declared(checked):
    found = checked(kind=('kind="images"', 'kind="counting"'))
    assert failures(found) == {}  # counting has images too, and its own networks
    text = checked(kind=('kind="images"', 'kind="text", symbols=2, characters=(1, 1, 1)'))
    assert "Text" in failures(text)["loads"]


@pytest.mark.parametrize("name", ["digits", "copy", "repeat_copy", "descriptions"])
def test_data_sets_of_the_package(name):
    with open_subject(name) as subject:
        found = list(subject.check(None))
    assert {one.verdict for one in found} <= {"holds", "skipped"}
    assert registry.DATASETS.external_files() == ()
