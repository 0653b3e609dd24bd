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
        (_in_point("eror", 1.0), "curve.eror"),
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
from sgbench.results import provenance, stats
from sgbench.results.record import Record, describe, make_record
from sgbench.results.store import Store
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
