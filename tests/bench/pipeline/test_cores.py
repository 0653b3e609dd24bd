"""Cores for stages."""

import os

import pytest
from sgbench.bench.pipeline import cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system pins no process"
)


@pytest.fixture
def siblings(monkeypatch):
    """Four processors, of which 0 and 1 are threads of one core, and 2 and 3 of another."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 1, 0, 2})
    monkeypatch.setattr(cores, "Path", lambda path: Siblings(str(path)))


class Siblings:
    """The file that says which processors are threads of one core."""

    def __init__(self, path):
        self.number = int(path.split("/cpu/cpu")[1].split("/")[0])

    def read_text(self, encoding):
        return "0-1\n" if self.number < 2 else "2-3\n"


def test_one_thread_of_each_core_comes_before_the_second_of_any(siblings):
    assert cores.cores() == [0, 2, 1, 3]
    assert cores.own_core() is None


def test_processors_whose_cores_are_not_told_are_cores_of_their_own(monkeypatch):
    class Missing:
        def read_text(self, encoding):
            raise FileNotFoundError

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 0})
    monkeypatch.setattr(cores, "Path", lambda _: Missing())
    assert cores.cores() == [0, 2]


def test_a_pinned_process_knows_its_core():
    before = os.sched_getaffinity(0)
    last = max(before)
    try:
        cores.pin(last)
        assert os.sched_getaffinity(0) == {last}
        assert cores.own_core() == last
    finally:
        os.sched_setaffinity(0, before)


def test_without_affinity_nothing_is_told(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores.cores() == []
    assert cores.own_core() is None
