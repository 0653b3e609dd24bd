"""A record: the schema, its checks, and what becomes of an outcome."""

import dataclasses
import json
import math
import subprocess
import sys
import typing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sgbench.bench.cell import Cell, canonical_json
from sgbench.bench.errors import StoreError
from sgbench.bench.outcome import CurvePoint, Status
from sgbench.results.record import (
    NAMES,
    NEW_IN_3,
    POINTS_IN_3,
    SCHEMA_VERSION,
    STATUSES,
    NewerSchemaError,
    Record,
    RecordError,
    describe,
    json_line,
)


def test_the_cell_is_part_of_the_schema_as_the_cell_declares_it():
    cell, record = typing.get_type_hints(Cell), typing.get_type_hints(Record)
    names = [spec.name for spec in dataclasses.fields(Cell)]
    start = NAMES.index(names[0])
    assert list(NAMES[start : start + len(names)]) == names
    assert {name: record[name] for name in names} == {name: cell[name] for name in names}


def test_the_statuses_are_those_of_an_outcome():
    assert set(STATUSES) == set(typing.get_args(Status))


def test_a_record_returns_its_cell(make):
    for cell in (
        make.cell(),
        make.cell(rule="backprop", sg_layers=None, sg_units=None, sg_scale=None),
    ):
        record = make.record(cell)
        assert record.cell == cell
        assert record.key == cell.key
        assert record.id == cell.id(record.data_hash)


def test_every_field_is_described_in_order(make):
    described = describe(make.record())
    assert [name for name, *_ in described] == list(NAMES)
    assert all(meaning for *_, meaning in described)
    units = {name: unit for name, _, unit, _ in described}
    assert (units["test_error"], units["test_loss"], units["train_seconds"]) == ("%", "nats", "s")
    assert {name: value for name, value, *_ in described}["test_error"] == 2.5


def test_json_line_is_one_line_in_the_schemas_order_and_reads_back(make):
    record = make.record(outcome=make.outcome(status="failed", error="first\nsecond"))
    line = json_line(record)
    assert "\n" not in line
    assert list(json.loads(line)) == list(NAMES)
    assert Record.from_dict(json.loads(line)) == record
    assert json_line(Record.from_dict(json.loads(canonical_json(record.to_dict())))) == line


def test_a_result_goes_to_the_fields_of_its_split(make):
    test = make.record()
    held_out = make.record(make.cell(split="validation"))
    assert (test.test_error, test.test_loss) == (2.5, 0.1)
    assert (test.validation_error, test.validation_loss) == (None, None)
    assert (held_out.test_error, held_out.test_loss) == (None, None)
    assert (held_out.validation_error, held_out.validation_loss) == (2.5, 0.1)
    assert (test.train_error, test.train_loss) == (1.0, 0.01)


@pytest.mark.parametrize("status", ["diverged", "failed", "timeout"])
def test_a_failure_is_never_a_result_but_keeps_its_curve(make, status):
    record = make.record(outcome=make.outcome(status=status, error="why"))
    assert (record.status, record.error) == (status, "why")
    assert record.test_error is record.test_loss is record.train_error is record.train_loss is None
    assert [point["error"] for point in record.curve] == [10.0, 5.0]


def test_a_recurrent_cell_has_results_of_its_own(make):
    copy, ptb = make.recurrent("copy"), make.recurrent("ptb")
    for record in (copy, ptb):
        assert Record.from_dict(json.loads(json_line(record))) == record
        assert record.cell.T == record.T == 4
        errors = ("test_error", "validation_error", "test_loss", "validation_loss")
        assert [getattr(record, name) for name in errors] == [None] * 4
        assert record.train_error is record.train_loss is record.examples_per_second is None
        assert record.tokens_per_second == 4e5
    assert (copy.longest, copy.validation_bits, copy.test_bits) == (5, None, None)
    assert (ptb.longest, ptb.validation_bits, ptb.test_bits) == (None, 1.5, 1.25)
    assert [point["longest"] for point in copy.curve] == [4, 5]
    assert [point["bits"] for point in ptb.curve] == [0.7, 0.35]
    assert copy.progression == [
        {"length": 4, "symbols": 1, "repeats": 1, "iteration": 25, "data_steps": 100}
        | {"seconds": 0.25},
        {"length": 5, "symbols": 2, "repeats": 1, "iteration": 50, "data_steps": 200}
        | {"seconds": 0.5},
    ]


@pytest.mark.parametrize("status", ["diverged", "failed", "timeout"])
def test_a_failed_climb_is_no_result_but_keeps_its_levels(make, status):
    copy = make.recurrent("copy", status=status, error="why")
    assert copy.longest is None
    assert [solved["length"] for solved in copy.progression] == [4, 5]
    ptb = make.recurrent("ptb", status=status, error="why")
    assert ptb.validation_bits is ptb.test_bits is None


def test_no_level_solved_is_a_result(make):
    record = make.recurrent("copy", longest=0, progression=[])
    assert (record.longest, record.progression) == (0, [])


def test_what_overflowed_is_null(make):
    point = CurvePoint(
        iteration=1,
        seconds=0.1,
        error=90.0,
        loss=math.inf,
        train_loss=math.nan,
        sg_loss=[math.nan, 1.0],
        sg_cosine=None,
        bits=math.inf,
        aux_loss=math.nan,
        updates=[1, 0],
        error_a=math.nan,
        error_b=math.inf,
    )
    record = make.record(outcome=make.outcome(curve=[point], loss=math.nan))
    assert record.test_loss is None
    assert record.curve == [
        {
            "iteration": 1,
            "seconds": 0.1,
            "error": 90.0,
            "loss": None,
            "train_loss": None,
            "sg_loss": [None, 1.0],
            "sg_cosine": None,
            "bits": None,
            "longest": None,
            "aux_loss": None,
            "updates": [1, 0],
            "error_a": None,
            "error_b": None,
        }
    ]
    assert Record.from_dict(json.loads(json_line(record))) == record


def test_numpy_floats_become_plain_ones(make):
    outcome = make.outcome(error_rate=np.float32(2.5), loss=np.float64(0.5))
    record = make.record(outcome=outcome)
    assert type(record.test_error) is type(record.test_loss) is float


def test_a_record_says_whether_its_data_is_the_original(make):
    assert make.record().data_canonical
    other = make.record(data_hash="0123456789abcdef")
    assert not other.data_canonical
    assert other.id != make.record().id


def test_a_record_says_when_and_on_what_it_was_made(make):
    record = make.record()
    age = datetime.now(UTC) - datetime.fromisoformat(record.finished)
    assert timedelta() <= age < timedelta(minutes=1)
    for spec in dataclasses.fields(make.machine):
        assert getattr(record, spec.name) == getattr(make.machine, spec.name)


def test_the_curve_given_out_is_a_copy(make):
    record = make.record()
    record.to_dict()["curve"][0]["error"] = -1.0
    assert record.curve[0]["error"] == 10.0


def _set(name, value):
    return lambda values: values.__setitem__(name, value)


def _in_progression(name, value):
    return lambda values: values["progression"][1].__setitem__(name, value)


def _in_point(name, value):
    return lambda values: values["curve"][1].__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_set("test_eror", 1.0), "test_eror"),
        (lambda values: values.pop("seed"), "seed"),
        (_set("test_error", 1), "test_error=1"),
        (_set("depth", 4.0), "depth=4.0"),
        (_set("depth", True), "depth=True"),
        (_set("data_canonical", 1), "data_canonical=1"),
        (_set("rule", None), "rule=None"),
        (_set("status", "done"), "status='done'"),
        (_set("schema", 0), "schema=0"),
        (_set("schema", "1"), "schema='1'"),
        (_set("drops", [0.5, 1]), "drops"),
        (_set("curve", {}), "curve={}"),
        (_set("curve", [None]), "curve"),
        (_in_point("eror", 1.0), "curve.'eror'"),
        (lambda values: values["curve"][1].pop("loss"), "curve.loss"),
        (_in_point("iteration", 1.0), "curve.iteration"),
        (_in_point("sg_loss", ["0.5"]), "curve.sg_loss"),
        (_in_point("sg_cosine", 0.5), "curve.sg_cosine"),
    ],
)
def test_a_record_that_is_not_of_the_schema_is_refused_by_field(make, change, named):
    values = make.record().to_dict()
    change(values)
    with pytest.raises(RecordError) as caught:
        Record.from_dict(values)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, StoreError)
    assert not isinstance(caught.value, NewerSchemaError)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_set("T", 4.0), "T=4.0"),
        (_set("longest", 5.0), "longest=5.0"),
        (_set("test_bits", 1), "test_bits=1"),
        (_set("progression", {}), "progression={}"),
        (_set("progression", None), "progression=None"),
        (_set("progression", [None]), "progression"),
        (_in_progression("length", 4.0), "progression.length"),
        (_in_progression("length", None), "progression.length"),
        (_in_progression("iteration", True), "progression.iteration"),
        (_in_progression("data_steps", "100"), "progression.data_steps"),
        (_in_progression("seconds", 1), "progression.seconds"),
        (_in_progression("T_task", 4), "progression.'T_task'"),
        (lambda values: values["progression"][1].pop("repeats"), "progression.repeats"),
        (lambda values: values.pop("progression"), "progression"),
        (_in_point("bits", 1), "curve.bits"),
        (_in_point("longest", 4.0), "curve.longest"),
        (lambda values: values["curve"][1].pop("aux_loss"), "curve.aux_loss"),
    ],
)
def test_a_recurrent_record_that_is_not_of_the_schema_is_refused_by_field(make, change, named):
    values = make.recurrent("copy").to_dict()
    change(values)
    with pytest.raises(RecordError) as caught:
        Record.from_dict(values)
    assert named in str(caught.value)


# What the first schema had, which knew feed-forward cells only, in its order.
FIRST = (
    "schema", "id", "key", "exhibit", "scale", "dataset", "network", "depth", "rule",
    "sg_layers", "seed", "split", "iterations", "batch_size", "learning_rate", "drops",
    "drop_factor", "evaluate_every", "hidden_units", "filters", "kernel_size", "sg_units",
    "sg_scale", "precision", "rule_version", "dataset_version", "protocol_version", "data_hash",
    "data_canonical", "status", "error", "iterations_done", "test_error", "test_loss",
    "validation_error", "validation_loss", "train_error", "train_loss", "curve",
    "train_seconds", "evaluation_seconds", "steps_per_second", "examples_per_second",
    "replicas", "device", "threads", "matmul", "matmul_error", "torch", "python", "numpy",
    "platform", "machine_class", "sgbench", "git_revision", "git_dirty", "finished",
)  # fmt: skip
FIRST_POINTS = ("iteration", "seconds", "error", "loss", "train_loss", "sg_loss", "sg_cosine")


def first_schema(record):
    """The record as the first version wrote it."""
    values = record.to_dict()
    points = [{name: point[name] for name in FIRST_POINTS} for point in values["curve"]]
    return {name: values[name] for name in FIRST} | {"schema": 1, "curve": points}


def test_a_record_of_the_first_schema_reads_as_one_of_this(make):
    plain = make.cell(rule="backprop", sg_layers=None, sg_units=None, sg_scale=None)
    for record in (make.record(), make.record(plain), make.record(make.cell(split="validation"))):
        old = json.loads(json.dumps(first_schema(record)))
        kept = json.dumps(old)
        assert Record.from_dict(old) == record
        assert json.dumps(old) == kept
        assert Record.from_dict(old).cell.id(record.data_hash) == record.id


def second_schema(record):
    """The record as the second version wrote it, which had neither coins nor two networks."""
    values = record.to_dict()
    points = [{n: v for n, v in point.items() if n not in POINTS_IN_3} for point in values["curve"]]
    kept = {name: value for name, value in values.items() if name not in NEW_IN_3}
    return kept | {"schema": 2, "curve": points}


def test_a_record_of_the_second_schema_reads_as_one_of_this(make):
    for record in (make.record(), make.recurrent("copy"), make.recurrent("ptb")):
        old = json.loads(json.dumps(second_schema(record)))
        assert len(old) == len(record.to_dict()) - len(NEW_IN_3)
        assert Record.from_dict(old) == record
        del old["longest"]
        with pytest.raises(RecordError, match="missing field longest"):
            Record.from_dict(old)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda values: values.pop("seed"), "missing field seed"),
        (lambda values: values.pop("curve"), "missing field curve"),
        (_set("test_eror", 1.0), "unknown field 'test_eror'"),
        (_set("depth", 4.0), "depth=4.0"),
        (_set("curve", [None]), "curve"),
        (_set("curve", None), "curve=None"),
        (_in_point("loss", 1), "curve.loss"),
        (lambda values: values["curve"][1].pop("loss"), "curve.loss"),
    ],
)
def test_a_record_that_is_not_of_the_first_schema_is_refused_by_field(make, change, named):
    values = first_schema(make.record())
    change(values)
    with pytest.raises(RecordError) as caught:
        Record.from_dict(values)
    assert named in str(caught.value)


@pytest.mark.parametrize("values", [None, [], "record", 1])
def test_what_is_no_object_is_no_record(values):
    with pytest.raises(RecordError, match="JSON object"):
        Record.from_dict(values)


def test_a_newer_schema_is_told_apart_whatever_its_fields():
    with pytest.raises(NewerSchemaError, match="upgrade sgbench"):
        Record.from_dict({"schema": SCHEMA_VERSION + 1, "whatever": []})


def test_making_and_storing_a_record_needs_no_heavy_library(make, tmp_path):
    line = tmp_path / "record.json"
    line.write_text(json_line(make.record()))
    program = f"""
import json, sys
from sgbench.bench.outcome import Outcome, Machine
from sgbench.results import provenance
from sgbench.results.statistics import intervals
from sgbench.results.record import Record, describe, make_record
from sgbench.results.store.store import Store
record = Record.from_dict(json.load(open({str(line)!r})))
machine = Machine(device="x", threads=1, matmul="mkl", matmul_error=None, torch="2", python="3",
                  numpy="2", platform="y")
outcome = Outcome(status="ok", error=None, iterations_done=1, error_rate=1.0, loss=1.0,
                  train_error=1.0, train_loss=1.0, curve=[], train_seconds=1.0,
                  evaluation_seconds=1.0, steps_per_second=1.0, examples_per_second=1.0,
                  replicas=1, machine=machine)
record = make_record(record.cell, outcome, exhibit="table1", scale="quick",
                     data_hash=record.data_hash, machine_class="x")
store = Store({str(tmp_path / "store")!r})
store.put(record)
assert [describe(r)[1][1] for r in store.scan()] == [record.id]
print([name for name in ("torch", "pandas", "scipy", "matplotlib", "dask") if name in sys.modules])
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (answer.stdout.strip(), answer.stderr) == ("[]", "")
