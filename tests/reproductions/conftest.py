"""What tests of runs share: requests of a small grid, with a back-end that nobody measures."""

import pytest
from reference.runs import GRID, SMALL
from sgbench.bench import hardware
from sgbench.bench.nn import products
from sgbench.reproductions.running import backend
from sgbench.reproductions.running.request import RunRequest
from sgbench.results.store.store import Store


@pytest.fixture(autouse=True)
def one_back_end(monkeypatch):
    """Take the default back-end, without the two seconds of measuring."""

    def measured():
        release = hardware.torch_release()
        return {"torch": release, "matmul": products.available()[0], "matmul_error": 3e-7}

    monkeypatch.setattr(backend, "measured_backend", measured)


@pytest.fixture
def request_of(tmp_path):
    """Make requests of the small grid, one process, on stores by their names."""

    def make(store="store", **changes):
        fields = {"where": GRID, "set": SMALL, "seeds": 1, "jobs": 1, "device": "cpu"}
        return RunRequest(exhibit="table1", store=Store(tmp_path / store), **(fields | changes))

    return make
