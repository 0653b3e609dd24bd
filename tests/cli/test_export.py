"""`sgbench export`: formats, and which records are written."""

import json

import pytest
from sgbench.commands.export import FORMATS
from sgbench.results import frame


def test_every_format_has_a_suffix():
    assert set(FORMATS.values()) == set(frame.FORMATS)


@pytest.mark.parametrize(
    ("suffix", "form"), [("csv", "csv"), ("jsonl", "jsonl"), ("JSON", "jsonl")]
)
def test_the_suffix_tells_the_format(sgbench, make, put, tmp_path, suffix, form):
    store, records = put(*map(make.record, make.cells[:4]))
    path = tmp_path / f"file.{suffix}"
    done = sgbench("export", path, "--store", store)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "4 records" in done.stderr
    assert path.read_bytes() == frame.encode(records, form)


def test_parquet(sgbench, make, put, tmp_path):
    import pandas as pd

    store, records = put(*map(make.record, make.cells[:4]))
    assert sgbench("export", "file.parquet", "--store", store).exit_code == 0
    found = pd.read_parquet(tmp_path / "file.parquet")
    assert list(found["id"]) == [record.id for record in records]


def test_the_option_overrides_the_suffix_and_serves_stdout(sgbench, make, put, tmp_path):
    store, records = put(*map(make.record, make.cells[:4]))
    assert sgbench("export", "file.csv", "--format", "jsonl", "--store", store).exit_code == 0
    assert (tmp_path / "file.csv").read_bytes() == frame.encode(records, "jsonl")
    done = sgbench("export", "-", "--format", "csv", "--store", store)
    assert done.stdout.encode() == frame.encode(records, "csv")


def test_some_cells(sgbench, make, put):
    store, records = put(*map(make.record, make.cells[:6]))
    given = ("export", "-", "--format", "jsonl", "--store", store)
    found = [json.loads(line) for line in sgbench(*given, "--where", "seed=1").stdout.splitlines()]
    assert [values["id"] for values in found] == [r.id for r in records if r.seed == 1]


def test_published_records(sgbench):
    done = sgbench("export", "-", "--format", "jsonl", "--published", "--where", "rule=bp_lambda")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found
    assert {values["rule"] for values in found} == {"bp_lambda"}


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("file", "FILE file", "--format"),
        ("file.txt", "FILE file.txt", ".parquet"),
        ("-", "FILE -", "--format"),
        ("- --format parquet", "--format parquet", "FILE"),
        ("x --format parqet", "--format", "parquet"),
        ("x.csv --store here --published", "--published", "--store"),
    ],
)
def test_bad_input_is_one_line(refused, line, argument, remedy):
    told = refused("export", *line.split())
    assert argument in told
    assert remedy in told


def test_a_file_that_cannot_be_written(refused, make, put, tmp_path):
    store, _ = put(make.record(make.cells[0]))
    (tmp_path / "folder").mkdir()
    line = refused("export", "--format", "csv", "folder", "--store", store)
    assert "folder" in line
    assert "another file" in line
