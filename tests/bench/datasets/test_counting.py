"""counting: MNIST's images and hash, in another use."""

import numpy as np
import pytest
from sgbench.bench import datasets
from sgbench.bench.errors import DataError
from small_files.folders import write
from small_files.mnist import PLAIN


@pytest.mark.usefixtures("small_mnist")
def test_it_is_mnists_data(tmp_path):
    write(tmp_path, PLAIN)
    mine, theirs = datasets.load("counting", tmp_path), datasets.load("mnist", tmp_path)
    assert np.array_equal(mine.train_images, theirs.train_images)
    assert datasets.data_hash("counting", tmp_path) == datasets.data_hash("mnist", tmp_path)
    status = datasets.status("counting", tmp_path)
    assert (status.name, status.state) == ("counting", "ready")
    assert "mnist" in status.source
    assert {row.dataset for row in datasets.verify("counting", tmp_path)} == {"counting"}
    assert "counting" not in datasets.with_files()


def test_without_mnists_files(tmp_path):
    assert datasets.status("counting", tmp_path).state == "missing"
    with pytest.raises(DataError, match="sgbench data fetch mnist"):
        datasets.load("counting", tmp_path)
