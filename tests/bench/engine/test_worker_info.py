"""Remote workers and their compatibility with the driver: code, data, folders."""

import dataclasses

import pytest
from sgbench.bench import datasets
from sgbench.bench.engine import worker_info


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
