"""Pruning: what is stale has its reason, and nothing that is of use is ever removed."""

import dataclasses
import hashlib
import json
import os
import time

import pytest
from sgbench.bench import datasets
from sgbench.bench.cell import canonical_json
from sgbench.results.record import SCHEMA_VERSION
from sgbench.results.store import pruning
from sgbench.results.store.pruning import stale, waste
from sgbench.results.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("SGBENCH_DATA", str(tmp_path / "none"))


def older(record, **versions):
    """The record as code of those versions would have made it."""
    return dataclasses.replace(record, id=f"{int(record.id, 16) ^ 1:016x}", **versions)


def touch(path, content=b"x", days=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - days * 86400,) * 2)
    return path


def listed(store):
    return {(one.kind, one.path) for one in waste(store)}


class TestStale:
    def test_what_is_current_is_not(self, make):
        assert list(stale([*make.records(3), make.recurrent(), make.recurrent("ptb")])) == []

    @pytest.mark.parametrize(
        ("versions", "words", "replaceable"),
        [
            ({"rule_version": 0}, ["rule dni: version 0, now 1"], True),
            ({"dataset_version": 0}, ["dataset mnist: version 0, now 1"], True),
            ({"protocol_version": 0}, ["protocol of training: version 0, now 1"], True),
            ({"rule_version": 9}, ["rule dni: version 9, now 1"], False),
            ({"rule_version": 0, "protocol_version": 9}, None, False),
            ({}, ["its id is of other code"], False),
        ],
    )
    def test_older_code(self, make, versions, words, replaceable):
        (found,) = stale([older(make.record(), **versions)])
        assert found.replaceable is replaceable
        if words is not None:
            assert list(found.why) == words

    def test_other_data_is_no_older_code(self, make):
        record = make.record(data_hash="0" * 16)
        (found,) = stale([record])
        here = datasets.canonical_hash("mnist")
        assert (found.why, found.replaceable) == ((f"data mnist: {'0' * 16}, here {here}",), False)

    def test_what_other_data_made_is_kept_even_if_older_code_did(self, make):
        record = older(make.record(data_hash="0" * 16), rule_version=0)
        (found,) = stale([record])
        assert (len(found.why), found.replaceable) == (2, False)

    def test_of_an_unregistered_rule_nothing_is_said(self, make):
        assert list(stale([dataclasses.replace(make.record(), rule="of_tomorrow")])) == []

    def test_a_rule_whose_file_has_changed(self, make, own_rule):
        with own_rule() as rule:
            record = make.record(make.own_cell(rule, strength=2.0))
            assert list(stale([record])) == []
        with own_rule(comment="# changed since\n"):
            (found,) = stale([record])
            assert "rule mine" in found.why[0]
            assert not found.replaceable
        with own_rule(comment="# changed since\n", version=2):
            (found,) = stale([record])
            assert "version 1, now 2" in found.why[0]
            assert found.replaceable

    def test_hyperparameters_that_are_no_more(self, make, own_rule):
        with own_rule() as rule:
            record = make.record(make.own_cell(rule, strength=2.0))
            other = dataclasses.replace(record, hyperparameters={"weakness": 1.0})
            (found,) = stale([other])
        assert "weakness" in found.why[0]
        assert not found.replaceable


class TestWaste:
    def test_a_store_in_order_has_none(self, store, make):
        assert waste(store) == []
        cut = make.record(make.cell(seed=7), make.outcome(status="timeout", error="e"))
        failed = make.record(make.cell(seed=8), make.outcome(status="failed", error="e"))
        for record in (*make.records(3), cut, failed, make.record(data_hash="0" * 16)):
            store.put(record)
        for record in (cut, failed):
            touch(store.checkpoint_path(record.id, record.machine_class))
        touch(store.checkpoint_path("0" * 16, "unknown"))  # of a program cut short, no record yet
        touch(store.path / "records" / ".young.tmp")
        touch(store.machine_file("A processor"))
        assert waste(store) == []

    def test_each_kind(self, store, make):
        done, diverged = (
            make.record(),
            make.record(make.cell(seed=1), make.outcome(status="diverged")),
        )
        old = older(make.record(make.cell(seed=2)), rule_version=0)
        for record in (done, diverged, old):
            store.put(record)
        states = [
            touch(store.checkpoint_path(r.id, r.machine_class)) for r in (done, diverged, old)
        ]
        touch(store.checkpoint_path(done.id, "another machine"))  # which has no record
        left = touch(store.path / "records" / "ab" / ".x.0123456789ab.tmp", days=2)
        touch(store.path / "records" / "ab" / "draft.tmp", days=2)
        broken = touch(store.path / "broken" / "x.json.1", b"{")
        path = store.record_path(old.id, old.machine_class)
        assert listed(store) == {
            ("stale record", path),
            *(("checkpoint", state) for state in states),
            ("leftover", left),
            ("broken file", broken),
        }
        why = {one.path: one.why for one in waste(store)}
        assert why[path] == "rule dni: version 0, now 1"
        assert why[states[0]] == "its cell has ended"
        assert why[broken] == "it is not a complete record"
        gone = pruning.remove(store, waste(store))
        assert len(gone) == 6
        assert waste(store) == []
        assert {r.id for r in store.scan()} == {done.id, diverged.id}
        assert len(list((store.path / "checkpoints").iterdir())) == 1

    def test_records_of_an_unregistered_rule_stay_and_are_told_of(self, store, make, own_rule):
        with own_rule() as rule:
            for strength in (1.0, 2.0):
                store.put(make.record(make.own_cell(rule, strength=strength)))
        assert waste(store) == []
        (warning,) = store.warnings
        assert "2 records" in warning
        assert "rule mine" in warning

    def test_a_newer_schema_is_never_removed(self, store, make):
        values = {**make.record().to_dict(), "schema": SCHEMA_VERSION + 1, "rule_version": 0}
        text = canonical_json(values)
        checksum = hashlib.sha256(text.encode()).hexdigest()
        data = json.dumps({"checksum": checksum, "record": values}).encode()
        record = make.record()
        paths = [
            touch(store.record_path(record.id, record.machine_class), data),
            touch(store.path / "broken" / "aside.json.1", data),
        ]
        assert waste(store) == []
        assert all(path.read_bytes() == data for path in paths)

    def test_what_is_whole_in_broken_stays(self, store, make):
        store.put(make.record())
        (path,) = (store.path / "records").rglob("*.json")
        touch(store.path / "broken" / path.name, path.read_bytes())
        assert waste(store) == []

    def test_what_was_written_anew_since_stays(self, store, make):
        old = older(make.record(), rule_version=0)
        store.put(old)
        path = store.checkpoint_path(old.id, old.machine_class)
        touch(path)
        found = waste(store)
        touch(path, b"another state")
        assert [one.kind for one in pruning.remove(store, found)] == ["stale record"]
        assert path.read_bytes() == b"another state"
        assert pruning.remove(store, found) == []


def test_a_file_that_goes_meanwhile_is_no_waste(store, make, monkeypatch):
    store.put(make.record())
    state = touch(store.checkpoint_path(make.record().id, make.record().machine_class))
    monkeypatch.setattr(pruning, "_files", lambda folder: [state] if "check" in folder.name else [])
    state.unlink()
    assert waste(store) == []
