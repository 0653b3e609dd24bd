"""The frame of records and the files that are made of it."""

import csv
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from sgbench.bench.errors import UsageError
from sgbench.results import frame
from sgbench.results.record import NAMES, Record, json_line
from sgbench.results.rows import ROW_TYPES

AT = NAMES.index("hyperparameters")
OWN = (
    *("bp_lambda", "frozen_below", "top_weight", "aux_weight"),
    *("ff_threshold", "sim_weight", "mf_sum"),
)
COLUMNS = [*NAMES[:AT], *OWN, *NAMES[AT + 1 :]]


@pytest.fixture
def records(make):
    plain = make.cell(rule="backprop", sg_layers=None, sg_units=None, sg_scale=None, drops=())
    diverged = make.outcome(status="diverged", error='lost, "all"\nof it', curve=[])
    return [make.record(), make.record(plain, diverged)]


def test_a_row_a_record_with_nulls_apart_from_numbers(records):
    table = frame.to_frame(records)
    assert list(table.columns) == COLUMNS
    types = {name: str(table[name].dtype) for name in COLUMNS}
    assert types["depth"] == types["sg_layers"] == "Int64"
    assert types["test_error"] == types["sg_scale"] == "Float64"
    assert types["data_canonical"] == types["git_dirty"] == "boolean"
    assert types["rule"] == types["error"] == "string"
    assert table["sg_layers"].tolist() == [1, pd.NA]
    assert table["test_error"].tolist() == [2.5, pd.NA]
    assert table["drops"].tolist() == [[0.6, 0.8], []]
    assert table["curve"].tolist() == [records[0].curve, []]


def test_json_lines_are_those_of_run(records, tmp_path):
    frame.write(records, tmp_path / "a.jsonl", "jsonl")
    assert (tmp_path / "a.jsonl").read_text() == "".join(json_line(r) + "\n" for r in records)


def test_parquet_gives_the_same_frame_back(records, tmp_path):
    frame.write(records, tmp_path / "a.parquet", "parquet")
    read, made = pd.read_parquet(tmp_path / "a.parquet"), frame.to_frame(records)
    flat = [name for name in COLUMNS if name not in ("drops", *ROW_TYPES)]
    pd.testing.assert_frame_equal(read[flat], made[flat])
    assert [list(drops) for drops in read["drops"]] == [[0.6, 0.8], []]
    assert len(read["curve"][1]) == 0
    for point, expected in zip(read["curve"][0], records[0].curve, strict=True):
        assert {k: point[k] for k in ("iteration", "seconds", "error", "loss", "train_loss")} == {
            k: expected[k] for k in ("iteration", "seconds", "error", "loss", "train_loss")
        }
        assert list(point["sg_loss"]) == expected["sg_loss"]
        assert point["sg_cosine"][0] == expected["sg_cosine"][0]
        assert pd.isna(point["sg_cosine"][1])


@pytest.mark.parametrize("dataset", ["copy", "ptb"])
def test_a_recurrent_record_survives_every_format(make, tmp_path, dataset):
    record = make.recurrent(dataset)
    levels = record.progression
    for form in frame.FORMATS:
        frame.write([record], tmp_path / f"a.{form}", form)
    (line,) = (tmp_path / "a.jsonl").read_text().splitlines()
    assert Record.from_dict(json.loads(line)) == record

    with open(tmp_path / "a.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (json.loads(row["progression"]), json.loads(row["curve"])) == (levels, record.curve)
    results = ("longest", "validation_bits", "test_bits", "T", "depth", "corpus")
    wanted = [getattr(record, name) for name in results]
    assert [row[name] for name in results] == ["" if v is None else str(v) for v in wanted]

    table = pd.read_parquet(tmp_path / "a.parquet")
    made = frame.to_frame([record])
    flat = [name for name in COLUMNS if name not in ("drops", *ROW_TYPES)]
    pd.testing.assert_frame_equal(table[flat], made[flat])
    assert list(table["progression"][0]) == levels
    for point, expected in zip(table["curve"][0], record.curve, strict=True):
        found = {name: None if np.isscalar(v) and pd.isna(v) else v for name, v in point.items()}
        found |= {"sg_loss": list(point["sg_loss"])}
        found |= {"sg_cosine": [None if pd.isna(v) else v for v in point["sg_cosine"]]}
        assert found == expected


def test_stages_and_their_timeline_survive_every_format(make, tmp_path):
    record = make.staged()
    for form in frame.FORMATS:
        frame.write([record], tmp_path / f"a.{form}", form)
    assert Record.from_dict(json.loads((tmp_path / "a.jsonl").read_text())) == record
    with open(tmp_path / "a.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert json.loads(row["pipeline"]) == record.pipeline
    assert json.loads(row["timeline"]) == record.timeline
    assert (row["stages"], row["schedule"], row["delay"]) == ("2", "unlocked", "3.0")
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert list(table["timeline"][0]) == record.timeline
    for found, expected in zip(table["pipeline"][0], record.pipeline, strict=True):
        assert {name: None if pd.isna(v) else v for name, v in found.items()} == expected


def test_parquet_has_one_schema_whatever_the_records(records, make, tmp_path):
    import pyarrow.parquet as pq

    schemas = []
    recurrent = [make.recurrent("copy"), make.recurrent("ptb"), make.staged()]
    for some in (records, records[:1], records[1:], [], recurrent, [*records, *recurrent]):
        frame.write(some, tmp_path / "a.parquet", "parquet")
        schemas.append(pq.read_schema(tmp_path / "a.parquet").remove_metadata())
    assert all(schema.equals(schemas[0]) for schema in schemas)


def test_csv_has_every_field_and_json_for_lists(records, tmp_path):
    frame.write(records, tmp_path / "a.csv", "csv")
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert [float(rows[0][name]) for name in ("test_error", "learning_rate")] == [2.5, 1e-3]
    assert [row["sg_layers"] for row in rows] == ["1", ""]
    assert rows[1]["error"] == 'lost, "all"\nof it'
    assert [json.loads(row["curve"]) for row in rows] == [r.curve for r in records]
    assert [json.loads(row["drops"]) for row in rows] == [[0.6, 0.8], []]


def test_floats_survive_csv_to_the_last_bit(make, tmp_path):
    record = make.record(outcome=make.outcome(loss=0.1 + 0.2, train_loss=1 / 3))
    frame.write([record], tmp_path / "a.csv", "csv")
    with open(tmp_path / "a.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["test_loss"]), float(row["train_loss"])) == (0.1 + 0.2, 1 / 3)


@pytest.mark.parametrize("form", frame.FORMATS)
def test_no_records_make_an_empty_file_of_the_kind(tmp_path, form):
    path = tmp_path / "a"
    frame.write([], path, form)
    if form == "parquet":
        assert list(pd.read_parquet(path).columns) == COLUMNS
    else:
        assert path.read_text() == {"csv": ",".join(COLUMNS) + "\n", "jsonl": ""}[form]


def test_hyperparameters_are_columns_whatever_rules_are_registered(make, own_rule, tmp_path):
    with own_rule() as rule:
        record = make.record(make.own_cell(rule, strength=2.0))
        named = make.record(make.own_cell(rule, strength=0.5))
    renamed = {"test_error": 7.0}  # a rule's, of the name of a field
    records = [record, dataclasses.replace(named, hyperparameters=renamed), make.recurrent("copy")]
    own = [*OWN, "strength", "hyperparameters.test_error"]
    table = frame.to_frame(records)
    assert list(table.columns) == [*NAMES[:AT], *own, *NAMES[AT + 1 :]]
    assert {str(table[name].dtype) for name in own} == {"Float64"}
    assert table["strength"].tolist() == [2.0, pd.NA, pd.NA]
    assert table["aux_weight"].tolist() == [pd.NA, pd.NA, 1.0]
    assert table["hyperparameters.test_error"].tolist() == [pd.NA, 7.0, pd.NA]
    frame.write(records, tmp_path / "a.parquet", "parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read[own], table[own])
    with open(tmp_path / "a.csv", "wb") as file:
        file.write(frame.encode(records, "csv"))
    with open(tmp_path / "a.csv", newline="") as file:
        assert [row["strength"] for row in csv.DictReader(file)] == ["2.0", "", ""]


def test_an_unknown_format_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'parquet'"):
        frame.write([], tmp_path / "a", "parqet")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        frame.write([], tmp_path / "file" / "a.csv", "csv")
    assert "\n" not in str(caught.value)
