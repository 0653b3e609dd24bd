"""Timings: kept as records are, whole or set aside, and what they say of a program."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest
from reference.timings import timing_of
from sgbench.bench.errors import StoreError, UsageError
from sgbench.results import timings
from sgbench.results.files import codec
from sgbench.results.files.schema import NewerSchemaError, RecordError
from sgbench.results.store.published import publish
from sgbench.results.store.store import Store
from sgbench.results.timings import Timings, decode, encode, relative


@pytest.fixture
def timing(make):
    return timing_of(make.cell())


@pytest.fixture
def store(tmp_path):
    return Timings(tmp_path / "store")


def path_of(store, timing):
    return store.file_path(timing.id, timing.machine_class)


def changed(timing, **fields):
    """The file of a timing with fields that `encode` would refuse."""
    values = timing.to_dict() | fields
    return codec.pack("timing", values)


# what goes in comes out


def test_a_timing_comes_back(store, timing):
    store.put(timing)
    assert store.get(timing.id) == [timing] == list(Timings(store.path).scan())
    assert path_of(store, timing).parent.parent.name == "timings"
    assert decode(encode(timing)) == timing
    assert json.loads(path_of(store, timing).read_text()).keys() == {"checksum", "timing"}


def test_a_program_and_a_machine_have_one_timing(store, make):
    first = timing_of(make.cell(), step=0.01)
    again = timing_of(make.cell(seed=5, learning_rate=0.5, iterations=7), step=0.02)
    together, wider = timing_of(make.cell(), replicas=4), timing_of(make.cell(hidden_units=512))
    elsewhere = timing_of(make.cell(), machine_class="another machine")
    for one in (first, again, together, wider, elsewhere):
        store.put(one)
    kept = list(store.scan())
    assert first not in kept
    assert sorted(kept, key=str) == sorted([again, together, wider, elsewhere], key=str)


def test_other_code_is_another_timing(make, monkeypatch):
    before = timing_of(make.cell()).id
    monkeypatch.setattr("sgbench.bench.families.feedforward.TRAINING_VERSION", 99)
    assert timing_of(make.cell()).id != before


def test_a_new_curriculum_alone_leaves_the_speed_of_an_update_as_it_was(make, monkeypatch):
    recurrent = "sgbench.bench.families.recurrent"
    cell = make.recurrent().cell
    before, id_before = timing_of(cell).id, cell.id("d")
    monkeypatch.setattr(f"{recurrent}.CURRICULUM_CHANGED", 99)
    assert cell.id("d") != id_before
    assert timing_of(cell).id == before
    monkeypatch.setattr(f"{recurrent}.TRAINING_VERSION", 99)
    assert timing_of(cell).id != before


def test_records_and_timings_share_a_store(store, timing, make):
    records = Store(store.path)
    record = make.record()
    records.put(record)
    store.put(timing)
    assert list(records.scan()) == [record]
    assert list(store.scan()) == [timing]
    assert records.warnings == store.warnings == []


def test_published_timings_and_records_do_not_trip_over_one_another(tmp_path, timing, make):
    records = make.records(2)
    publish(records, tmp_path)
    other = dataclasses.replace(timing, exhibit="table2", scale="paper")
    files = timings.publish([timing, other], tmp_path)
    assert [file.name for file in files] == [
        "timings.table1.quick.jsonl",
        "timings.table2.paper.jsonl",
    ]
    store, timed = Store(tmp_path, read_only=True), Timings(tmp_path, read_only=True)
    assert sorted(r.id for r in store.scan()) == sorted(r.id for r in records)
    assert list(timed.scan()) == [timing, other]
    assert store.warnings == timed.warnings == []
    before = {file: file.read_bytes() for file in files}
    timings.publish([other, timing], tmp_path)
    assert {file: file.read_bytes() for file in files} == before
    with pytest.raises(StoreError):
        timed.put(timing)


# what is broken


@pytest.mark.parametrize("damage", ["cut", "edited", "no timing", "another's"])
def test_a_broken_file_is_set_aside_and_named(store, timing, make, damage):
    other = timing_of(make.cell(hidden_units=512))
    store.put(timing)
    store.put(other)
    path = path_of(store, timing)
    data = path.read_bytes()
    path.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "edited": data.replace(b'"steps":5', b'"steps":6'),
            "no timing": data.replace(b'"timing":', b'"record":'),
            "another's": path_of(store, other).read_bytes(),
        }[damage]
    )
    assert list(store.scan()) == [other]
    (warning,) = store.warnings
    assert str(path) in warning
    assert not path.exists()
    assert len(list((store.path / "broken").iterdir())) == 1


def test_a_newer_schema_stays_where_it_is(store, timing):
    path = path_of(store, timing)
    path.parent.mkdir(parents=True)
    path.write_bytes(changed(timing, schema=99, added=1))
    assert list(store.scan()) == []
    assert path.exists()
    assert "schema 99 is newer" in store.warnings[0]
    with pytest.raises(NewerSchemaError):
        decode(path.read_bytes())
    store.put(timing)  # moves it aside
    assert store.get(timing.id) == [timing]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"steps": 5.0}, "steps"),
        ({"flops": 1}, "flops"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"schema": 0}, "schema=0"),
        ({"cell": {}}, "cell"),
        ({"cell": {"dataset": "nothing", "rule": "dni"}}, "cell"),
        ({"cell": {"dataset": "mnist", "rule": "dni"}}, "cell"),
        ({"cell": {"rule": 1}, "rule_source": "0" * 16}, "cell.rule"),
        ({"rounds": {}}, "missing field rounds."),
    ],
)
def test_what_has_not_the_schema_is_refused(timing, fields, words):
    with pytest.raises(RecordError, match=words):
        decode(changed(timing, **fields))


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("step", [1.0], "same length"),
        ("step", [1, 2, 3], "rounds.step"),
        ("step", [0.0, 1.0, 1.0], "above 0"),
        ("copy", [0.0, 1.0, 1.0], "above 0"),
    ],
)
def test_rounds_are_looked_at(timing, name, values, words):
    with pytest.raises(RecordError, match=words):
        decode(changed(timing, rounds=timing.rounds | {name: values}))


def test_what_could_not_be_read_is_not_written(store, timing):
    bad = dataclasses.replace(timing, rounds=timing.rounds | {"step": [1.0, 2.0, float("inf")]})
    with pytest.raises(RecordError, match="not finite"):
        store.put(bad)
    assert not path_of(store, timing).exists()


def test_the_first_schema_reads_as_this_one(timing):
    values = timing.to_dict() | {"schema": 1}
    del values["rule_source"], values["dataset_source"]
    assert decode(codec.pack("timing", values)) == timing
    with pytest.raises(RecordError, match="missing field dataset_source"):
        decode(codec.pack("timing", values | {"schema": 2}))


def test_timings_of_an_unregistered_rule_are_kept_and_left_out(store, timing, make, own_rule):
    with own_rule() as rule:
        mine = timing_of(make.own_cell(rule, strength=2.0))
        assert mine.known
    with own_rule(comment="# changed since\n"):
        assert timing_of(make.own_cell(rule, strength=2.0)).id != mine.id
        assert not mine.known
    store.put(timing)
    store.put(mine)
    assert sorted(store.scan(), key=str) == sorted([timing, mine], key=str)
    assert store.warnings == []
    assert list(store.scan_known()) == [timing]
    (warning,) = store.warnings
    for word in ("1 timing ", "rule mine", "--rule-file"):
        assert word in warning
    with pytest.raises(UsageError, match="--rule-file"):
        _ = mine.trained


# what it says


def test_numbers_of_a_timing(timing):
    assert timing.steps_per_second == pytest.approx(100)
    assert timing.examples_per_second == pytest.approx(25_600)
    assert timing.fraction == pytest.approx((0.8, 0.8, 0.8))
    assert timing_of(timing.trained, replicas=4).examples_per_second == pytest.approx(102_400)


def test_rates_of_recurrent_cells_count_symbols(make):
    found = timing_of(make.recurrent().cell)
    assert found.examples_per_second == pytest.approx(100 * 256 * 4)


def test_what_was_timed_together_is_compared_round_by_round(timing):
    slow = timing_of(timing.trained, step=0.02, jitter=(0.9, 1.0, 1.1))
    found, paired = relative(slow, timing)
    assert paired
    assert found == pytest.approx((2.0, 1.8 / 0.99, 2.2 / 1.01))
    found, paired = relative(dataclasses.replace(slow, session="two"), timing)
    assert not paired
    assert found == pytest.approx((2.0, 2.0, 2.0))


def test_timings_are_read_without_torch():
    code = (
        "import sys, sgbench.results.timings, sgbench.reports.analysis.costs.speeds;"
        "print('torch' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, check=True
    )
    assert found.stdout == "False\n"
