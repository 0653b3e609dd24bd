"""The digits that come with scikit-learn."""

import numpy as np
import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import digits
from sgbench.bench.errors import DataError
from small_files.folders import sha


def test_digits_are_scikit_learns_scans_split_once():
    sklearn = pytest.importorskip("sklearn.datasets")
    bunch = sklearn.load_digits()
    data = datasets.load("digits")
    assert data.train_images.shape == (1437, 1, 8, 8)
    assert data.test_images.shape == (360, 1, 8, 8)
    assert (data.train_images.dtype, data.train_labels.dtype) == (np.uint8, np.int64)
    assert (data.classes, data.pixel_max) == (10, 16)
    assert max(data.train_images.max(), data.test_images.max()) == 16
    images = np.concatenate([data.train_images, data.test_images]).reshape(-1, 64)
    labels = np.concatenate([data.train_labels, data.test_labels])

    def as_set(pixels, targets):
        return sorted(bytes([*row, label]) for row, label in zip(pixels, targets, strict=True))

    assert as_set(images, labels) == as_set(bunch.data.astype(np.uint8), bunch.target)


def test_digits_split_is_stratified_and_fixed():
    data = datasets.load("digits")
    share = np.bincount(data.test_labels) / np.bincount(
        np.concatenate([data.train_labels, data.test_labels])
    )
    assert np.abs(share - 0.2).max() < 0.01
    held_out = np.bincount(data.train_labels[-len(data.train_labels) // 6 :], minlength=10)
    assert held_out.min() >= 10  # the last sixth is no run of one class
    assert sha(data.train_labels.tobytes())[:16] == "60f53a0bfe1e5f0b"
    assert sha(data.test_images.tobytes())[:16] == "29ffe7b9d710f5b6"


def test_digits_without_the_file_come_from_the_public_function(monkeypatch):
    expected = datasets.load("digits")
    monkeypatch.setattr(digits, "_path", lambda: None)
    assert np.array_equal(datasets.load("digits").train_images, expected.train_images)


def test_digits_that_changed_are_refused(monkeypatch):
    pixels, labels = digits._bundled()
    pixels[3, 5] += 1
    monkeypatch.setattr(digits, "_bundled", lambda: (pixels, labels))
    with pytest.raises(DataError, match=f"expected {digits.SHA256}; reinstall scikit-learn"):
        datasets.load("digits")
    with pytest.raises(DataError, match="reinstall scikit-learn"):
        datasets.verify("digits")


def test_digits_need_no_fetching():
    datasets.fetch("digits")
    assert datasets.status("digits").state == "bundled"
    assert datasets.verify("digits")[0].found == digits.SHA256
