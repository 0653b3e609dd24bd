"""counting_digits: scikit-learn's scans and their hash, in another use."""

import numpy as np
from sgbench.bench import datasets


def test_it_is_the_data_of_digits():
    mine, theirs = datasets.load("counting_digits"), datasets.load("digits")
    assert np.array_equal(mine.train_images, theirs.train_images)
    assert datasets.data_hash("counting_digits") == datasets.data_hash("digits")
    status = datasets.status("counting_digits")
    assert (status.name, status.state) == ("counting_digits", "bundled")
    assert [row.dataset for row in datasets.verify("counting_digits")] == ["counting_digits"]
    assert "counting_digits" not in datasets.with_files()
