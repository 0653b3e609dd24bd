"""Remote workers and their compatibility with the driver: code, data, folders."""

import dataclasses
from types import SimpleNamespace

import pytest
from reference.jobs import Clock
from sgbench.bench import datasets
from sgbench.bench.engine import worker_info
from sgbench.bench.errors import UsageError


class TestDifferences:
    WAYS = worker_info.Fingerprint(release="1", code="a", torch="2.13", data={("mnist", None): "x"})

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({}, []),
            ({"release": "2", "code": "b"}, ["sgbench 2 there, 1 here"]),
            ({"code": "b"}, ["source code b there, a here"]),
            ({"torch": "2.12"}, ["torch 2.12 there, 2.13 here"]),
            ({"data": {("mnist", None): "y"}}, ["mnist y there, x here"]),
            ({"data": {}}, ["mnist missing there, x here"]),
        ],
    )
    def test_words(self, change, words):
        assert worker_info.differences(self.WAYS, dataclasses.replace(self.WAYS, **change)) == words

    def test_data_that_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.delenv("SGBENCH_DATA", raising=False)
        assert worker_info._data(("mnist", None), str(tmp_path)) == "missing"
        assert worker_info._data(("digits", None), str(tmp_path)) == datasets.canonical_hash(
            "digits"
        )
        none = worker_info._data(("ptb", str(tmp_path / "none.txt")), None)
        assert none.startswith("unreadable (corpus: ")

    def test_a_worker_s_own_folder_comes_first(self, monkeypatch):
        monkeypatch.setenv("SGBENCH_DATA", "own")
        assert worker_info.own_data_dir("driver's") == "own"
        monkeypatch.delenv("SGBENCH_DATA")
        assert worker_info.own_data_dir("driver's") == "driver's"


class FakeClient:
    """A client whose scheduler has a worker from a time on; the first asked may go meanwhile."""

    scheduler = SimpleNamespace(address="tcp://here:1")

    def __init__(self, clock, comes, goes=()):
        self.clock, self.comes, self.goes = clock, comes, list(goes)

    def nthreads(self):
        return {"tcp://here:2": 1} if self.clock.now >= self.comes else {}

    def run(self, function, *arguments, on_error):
        if self.goes:
            self.comes = self.clock.now + self.goes.pop()
            return {"tcp://here:2": OSError("connection closed")}
        return {"tcp://here:2": self.info}

    info = worker_info.WorkerInfo(
        address="tcp://here:2", host="tcp://here", threads=1, device="cpu", model="A processor",
        matmuls=("mkl",), bfloat16=False, free=1, fingerprint=TestDifferences.WAYS,
    )  # fmt: skip


class TestWaiting:
    @pytest.fixture
    def clock(self, monkeypatch):
        clock = Clock()
        clock.sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)
        monkeypatch.setattr(worker_info, "time", clock)
        return clock

    def query(self, clock, *, comes, goes=()):
        told = []
        client = FakeClient(clock, clock.now + comes, goes)
        return worker_info.query_workers(client, "cpu", (), None, told.append), told

    @pytest.mark.parametrize(("comes", "words"), [(2.0, 0), (30.0, 1), (55.0, 1)])
    def test_a_worker_that_a_busy_machine_starts_late(self, clock, comes, words):
        found, told = self.query(clock, comes=comes)
        assert found == [FakeClient.info]
        assert told == ["no worker is there; waiting 60 s for one"] * words

    def test_none_that_comes(self, clock):
        with pytest.raises(UsageError, match=r"tcp://here:1 has no workers; start some with"):
            self.query(clock, comes=100.0)

    def test_one_that_dies_while_it_is_asked_is_waited_for(self, clock):
        found, told = self.query(clock, comes=0.0, goes=[20.0])
        assert found == [FakeClient.info]
        assert len(told) == 1

    def test_one_that_is_there_and_cannot_answer_is_an_error(self, clock):
        with pytest.raises(UsageError, match=r"tcp://here:2 cannot be used \(OSError: connection"):
            self.query(clock, comes=0.0, goes=[0.0])
