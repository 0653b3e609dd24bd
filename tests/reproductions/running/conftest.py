"""Fixtures of the tests of runs."""

import pytest
from reference.runs import Listener, stored
from sgbench.bench.training import loop
from sgbench.reproductions.running.run import run


@pytest.fixture
def look_often(monkeypatch):
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)


UNDISTURBED = {}


@pytest.fixture
def whole(request_of):
    """Records of the small grid, trained without a disturbance, once, by the first test."""
    if not UNDISTURBED:
        request = request_of("undisturbed")
        assert run(request, Listener()).written == {"ok": 8}
        UNDISTURBED.update(stored(request.store))
    return dict(UNDISTURBED)
