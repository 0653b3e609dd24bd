"""The record: its schema, its checks, its cell, and how it is described."""

import dataclasses
import json
import typing

import pytest
from reference.cell_values import BACKPROP
from reference.own_rules import registered
from sgbench.bench import registry
from sgbench.bench.cell import Cell, canonical_json
from sgbench.bench.errors import StoreError, UsageError
from sgbench.bench.outcome import Status
from sgbench.results.files.schema import NewerSchemaError, RecordError
from sgbench.results.record import (
    NAMES,
    SCHEMA_VERSION,
    STATUSES,
    Record,
    describe,
    json_line,
)


def test_the_cell_is_part_of_the_schema_as_the_cell_declares_it():
    cell, record = typing.get_type_hints(Cell), typing.get_type_hints(Record)
    names = [spec.name for spec in dataclasses.fields(Cell)]
    start = NAMES.index(names[0])
    assert list(NAMES[start : start + len(names)]) == names
    names.remove("hyperparameters")
    assert {name: record[name] for name in names} == {name: cell[name] for name in names}
    assert record["hyperparameters"] == dict[str, float]


def test_the_statuses_are_those_of_an_outcome():
    assert set(STATUSES) == set(typing.get_args(Status))


def test_a_record_returns_its_cell(make):
    for cell in (
        make.cell(),
        make.cell(rule="backprop", sg_layers=None, sg_units=None, sg_scale=None),
        make.cell(rule="bp_lambda", bp_lambda=0.25),
    ):
        record = make.record(cell)
        assert record.cell == cell
        assert record.configuration == cell.to_dict() | {
            "drops": cell.drops,
            "evaluate_at": cell.evaluate_at,
        }
        assert record.key == cell.key
        assert record.id == cell.id(record.data_hash)


def test_a_value_is_a_field_or_a_hyperparameter(make):
    record = make.record(make.cell(rule="bp_lambda", bp_lambda=0.25))
    assert (record.value("depth"), record.value("test_error")) == (4, 2.5)
    assert (record.value("bp_lambda"), record.value("aux_weight")) == (0.25, None)
    assert make.record().value("bp_lambda") is None


def test_every_field_is_described_in_order(make):
    described = describe(make.record())
    names = [name for name, *_ in described]
    at = NAMES.index("hyperparameters")
    own = names[at : len(names) - (len(NAMES) - at - 1)]
    assert [*names[:at], *names[at + len(own) :]] == [n for n in NAMES if n != "hyperparameters"]
    assert {"bp_lambda", "aux_weight"} <= set(own)
    assert all(meaning for *_, meaning in described)
    units = {name: unit for name, _, unit, _ in described}
    assert (units["test_error"], units["test_loss"], units["train_seconds"]) == ("%", "nats", "s")
    assert {name: value for name, value, *_ in described}["test_error"] == 2.5


def test_hyperparameters_are_described_by_name(make, own_rule):
    record = make.record(make.cell(rule="bp_lambda", bp_lambda=0.25))
    values = {name: value for name, value, *_ in describe(record)}
    assert (values["bp_lambda"], values["aux_weight"]) == (0.25, None)
    with own_rule() as rule:
        mine = make.record(make.own_cell(rule, strength=2.0))
        assert ("strength", 2.0, "", "how strong") in describe(mine)
    assert {name: value for name, value, *_ in describe(mine)}["strength"] == 2.0


def test_json_line_is_one_line_in_the_schemas_order_and_reads_back(make):
    record = make.record(outcome=make.outcome(status="failed", error="first\nsecond"))
    line = json_line(record)
    assert "\n" not in line
    assert list(json.loads(line)) == list(NAMES)
    assert Record.from_dict(json.loads(line)) == record
    assert json_line(Record.from_dict(json.loads(canonical_json(record.to_dict())))) == line


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
        (_set("pipeline", None), "pipeline=None"),
        (lambda values: values["pipeline"][0].pop("busy"), "pipeline.busy"),
        (lambda values: values["pipeline"][1].update(idle=0.0), "pipeline.'idle'"),
        (lambda values: values["pipeline"][0].update(updates=1.0), "pipeline.updates"),
        (lambda values: values["pipeline"][0].update(staleness=1), "pipeline.staleness"),
        (lambda values: values["pipeline"][0].update(waiting=None), "pipeline.waiting"),
        (lambda values: values["timeline"][0].update(kind="rest"), "timeline.kind='rest' must be"),
        (lambda values: values["timeline"][0].update(kind=1), "timeline.kind"),
        (lambda values: values["timeline"][0].update(end=1), "timeline.end"),
        (_set("stages", 2.0), "stages=2.0"),
        (_set("delay", 3), "delay=3"),
    ],
)
def test_what_stages_did_is_refused_by_field(make, change, named):
    values = make.staged().to_dict()
    change(values)
    with pytest.raises(RecordError) as caught:
        Record.from_dict(values)
    assert named in str(caught.value)


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
        (_set("hyperparameters", None), "hyperparameters=None"),
        (_set("hyperparameters", {"bp_lambda": "0.5"}), "hyperparameters"),
        (_set("hyperparameters", {"bp_lambda": True}), "hyperparameters"),
        (_set("rule_source", 1), "rule_source=1"),
        (lambda values: values.pop("dataset_source"), "dataset_source"),
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


@pytest.mark.parametrize("values", [None, [], "record", 1])
def test_what_is_no_object_is_no_record(values):
    with pytest.raises(RecordError, match="JSON object"):
        Record.from_dict(values)


def test_a_newer_schema_is_told_apart_whatever_its_fields():
    with pytest.raises(NewerSchemaError, match="upgrade sgbench"):
        Record.from_dict({"schema": SCHEMA_VERSION + 1, "whatever": []})


def test_a_cell_is_that_of_the_rule_as_it_is_registered_now(make, tmp_path):
    with registered(tmp_path) as rule:
        record = make.record(make.cell(**BACKPROP | {"rule": rule, "strength": 2.0}))
        assert record.cell.value("strength") == 2.0
        assert record.cell is record.cell
    path = tmp_path / f"{rule}.py"
    path.write_text(path.read_text().replace('"strength"', '"vigour"'))
    registry.RULES.add_file(str(path), "--rule-file")
    try:
        with pytest.raises(UsageError, match="unknown field 'strength'"):
            _ = record.cell
    finally:
        registry.RULES.remove(rule)
