"""Texts are read once for all tests of recurrent programs."""

import pytest
from sgbench.bench.datasets import load
from sgbench.bench.training import loop


@pytest.fixture(scope="module", autouse=True)
def load_once():
    """Every run of a module reads the few texts there are, not the files."""
    kept = {}

    def once(dataset, data_dir, corpus):
        key = (dataset, corpus)
        if key not in kept:
            kept[key] = load(dataset, data_dir, corpus=corpus)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_load", once)
        yield
