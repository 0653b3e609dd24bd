"""The verbs that train nothing: list, status, report, data, export, show."""

import hashlib
import json

import pytest
from sgbench.bench.cell import canonical_json
from sgbench.bench.datasets import mnist
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.results import frame
from sgbench.results.metrics import not_applying
from sgbench.results.record import describe, json_line
from sgbench.results.store import published
from sgbench.results.store.store import Store


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def put(store, records):
    for record in records:
        store.put(record)
    return list(store.scan())


def test_list_names_every_scale_with_its_cells_and_data(sgbench):
    found = lines(sgbench("list", "--json").stdout)
    demo = {
        "exhibit": "table1",
        "scale": "demo",
        "title": exhibits.load("table1").title,
        "description": "bundled digits, about two minutes on two cores",
        "cells": 144,
        "seeds": 3,
        "data": {"digits": "bundled"},
    }
    assert demo in found
    quick = next(f for f in found if (f["exhibit"], f["scale"]) == ("table1", "quick"))
    assert quick["data"] == {"mnist": "missing", "cifar10": "missing"}
    text = sgbench("list").stdout
    assert "mnist (missing), cifar10 (missing)" in text
    assert "144 cells" in text
    assert "\x1b" not in text


def test_list_tells_what_data_is_there(sgbench, tmp_path):
    for name in mnist.FILES:
        (tmp_path / name).write_bytes(b"not read by list")
    assert "mnist (ready)" in sgbench("list", "--data-dir", tmp_path).stdout
    assert "mnist (ready)" in sgbench("list", SGBENCH_DATA=str(tmp_path)).stdout


def test_status_counts_each_state(sgbench, store, make):
    here = make.here(store)
    done, failed, diverged, cut, elsewhere, other_data = make.cells[:6]
    stale = make.replace(make.record(other_data, machine_class=here), id="0" * 16)
    put(
        store,
        [
            make.record(done, machine_class=here),
            make.record(failed, machine_class=here, status="failed", error="it broke"),
            make.record(diverged, machine_class=here, status="diverged"),
            make.record(cut, machine_class=here, status="timeout"),
            make.record(elsewhere),
            stale,
        ],
    )
    found = json.loads(sgbench("status", "table1", "--store", store.path, "--json").stdout)
    states = {"done": 1, "failed": 1, "diverged": 1, "timeout": 1, "stale": 1}
    assert found["states"] == {**states, "missing": len(make.cells) - 5}
    assert found["cells"] == len(make.cells)
    assert found["to_run"] == len(make.cells) - 3
    assert found["elsewhere"] == {"another machine": 1}
    assert found["machine_class"] == here
    text = sgbench("status", "table1", "--store", store.path).stdout
    assert "only with --retry failed" in text
    assert "only with --retry diverged" in text
    assert "1 cell done on another machine" in text
    assert f"next run   {found['to_run']} cells" in text


def test_status_and_a_dry_run_count_the_checkpoints_of_interrupted_cells(sgbench, store, make):
    here = make.here(store)
    wanted = [c for c in make.cells if (c.network, c.rule) == ("fcn", "no_bprop") and c.depth < 5]
    records = [make.record(cell, machine_class=here) for cell in wanted]
    put(store, [make.replace(records[0], status="timeout"), records[3]])
    for record in records[:3]:
        path = store.checkpoint_path(record.id, here)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not read")
    store.checkpoint_path(records[4].id, "another machine").write_bytes(b"")
    given = ("--store", store.path, "--where", "network=fcn,rule=no_bprop,depth=3,4")
    for verb in (("status",), ("run", "--dry-run", "--device", "cpu")):
        found = json.loads(sgbench(*verb, "table1", *given, "--json").stdout)
        assert found["states"] == {"done": 1, "missing": 4, "timeout": 1}
        assert found["checkpoints"] == {"missing": 2, "timeout": 1}
        text = sgbench(*verb, "table1", *given).stdout
        assert "\n  missing         4  2 go on from their checkpoints\n" in text
        assert "\n  timeout         1  were cut short; 1 goes on from its checkpoint\n" in text


def test_status_before_a_back_end_was_chosen_counts_no_other_machine(sgbench, tmp_path, make):
    store = Store(tmp_path / "copied")
    put(store, [make.record(cell) for cell in make.cells])
    found = json.loads(sgbench("status", "table1", "--store", store.path, "--json").stdout)
    assert found["states"] == {"missing": len(make.cells)}
    assert found["elsewhere"] == {"another machine": len(make.cells)}


def test_status_when_all_is_done(sgbench, store, make):
    put(store, [make.record(cell, machine_class=make.here(store)) for cell in make.cells])
    text = sgbench("status", "table1", SGBENCH_STORE=str(store.path)).stdout
    assert "nothing to do" in text
    assert f"store      {store.path}" in text


def test_status_says_what_a_run_with_the_same_options_would_do(sgbench, store, make):
    where = ("--store", store.path, "--where", "rule=dni,depth=4", "--where", "network=fcn,seed=0")
    found = json.loads(sgbench("status", "table1", *where, "--json").stdout)
    assert (found["cells"], found["scale"]) == (3, "demo")
    assert found["seconds"] is None
    ranged = ("--where", "depth>3,depth<=5,network=fcn", "--where", "sg_layers>=0,seed<2")
    found = json.loads(sgbench("status", "table1", *ranged, "--json").stdout)
    some = [c for c in make.cells if c.network == "fcn" and c.depth in (4, 5) and c.seed < 2]
    assert found["cells"] == len([c for c in some if c.sg_layers is not None]) == 24
    found = json.loads(sgbench("status", "table1", "--set", "iterations=5", "--json").stdout)
    assert found["scale"] == "custom"


def test_the_store_is_a_hidden_folder_here_unless_told(sgbench, tmp_path):
    assert "store      .sgbench\n" in sgbench("status", "table1").stdout
    told = sgbench("status", "table1", "--store", "b", SGBENCH_STORE="a").stdout
    assert "store      b\n" in told
    assert "store      a\n" in sgbench("status", "table1", SGBENCH_STORE="a").stdout
    assert list(tmp_path.iterdir()) == []


def test_report_prints_the_tables_and_writes_the_files(sgbench, store, make, tmp_path):
    put(store, [make.record(cell) for cell in make.cells])
    given = ("--store", store.path, "--format", "md,csv")
    done = sgbench("report", "table1", *given)
    assert done.exit_code == 0
    assert f"cells: {len(make.cells)} of {len(make.cells)} run" in done.stdout
    written = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert "table1-demo.md" in written
    assert done.stderr.splitlines() == [f"wrote report/{name}" for name in written]
    checked = sgbench("report", "table1", *given, "--check")
    assert checked.exit_code == 0
    assert checked.stdout == f"{len(written)} files in report are up to date\n"


def test_report_check_finds_what_is_stale_and_writes_nothing(
    sgbench, refused, store, make, tmp_path
):
    put(store, [make.record(make.cells[0])])
    given = ("report", "table1", "--store", store.path, "--format", "md", "--out", "there")
    line = refused(*given, "--check", code=1)
    assert line.startswith("1 of 1 files in there are stale: table1-demo.md")
    assert not (tmp_path / "there").exists()
    assert sgbench(*given).exit_code == 0
    put(store, [make.record(make.cells[1])])
    refused(*given, "--check", code=1)


def test_report_strict_names_the_claims_that_are_not_reproduced(sgbench, store, make):
    put(store, [make.record(cell) for cell in make.cells])  # one error for all: no claim holds
    done = sgbench("report", "table1", "--store", store.path, "--format", "csv", "--strict")
    assert done.exit_code == 1
    assert done.stdout
    assert "sgbench: not all is reproduced: " in done.stderr.splitlines()[-1]


def test_report_of_published_records(sgbench, monkeypatch, tmp_path, make):
    published.publish([make.record(make.cells[0])], tmp_path / "published")
    monkeypatch.setattr(published, "PUBLISHED", tmp_path / "published")
    done = sgbench("report", "table1", "--published", "--format", "csv")
    assert f"cells: 1 of {len(make.cells)} run" in done.stdout


def test_data_list_and_verify(sgbench):
    lines = sgbench("data", "list").stdout.splitlines()
    states = dict(line.split()[:2] for line in lines if not line.startswith(" "))
    assert states == {
        "cifar10": "missing",
        "copy": "generated",
        "counting": "missing",
        "counting_digits": "bundled",
        "descriptions": "bundled",
        "digits": "bundled",
        "mnist": "missing",
        "ptb": "missing",
        "repeat_copy": "generated",
    }
    assert len({line.index(states[line.split()[0]]) for line in lines if line[0] != " "}) == 1
    done = sgbench("data", "verify", "digits")
    assert done.exit_code == 0
    assert done.stdout.startswith("digits: digits.csv.gz ")
    assert sgbench("data", "fetch", "digits").stdout == "digits: bundled\n"
    assert sgbench("data", "verify", "copy").stdout == "copy: generated, it has no files\n"
    assert sgbench("data", "fetch", "copy").stdout == "copy: generated\n"


def test_data_verify_names_every_set_that_is_not_there(sgbench):
    done = sgbench("data", "verify")
    assert done.exit_code == 2
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["cifar10:", "mnist:", "ptb:"]
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "copy",
        "descriptions",
        "digits",
        "repeat_copy",
    ]


def test_export_gives_what_frame_gives(sgbench, store, make, tmp_path):
    import pandas as pd

    records = put(store, [make.record(cell) for cell in make.cells[:4]])
    text = sgbench("export", "--format", "jsonl", "-", "--store", store.path).stdout
    assert text.splitlines() == [json_line(record) for record in records]
    done = sgbench("export", "--format", "csv", "-", "--store", store.path)
    assert done.stdout.encode() == frame.encode(records, "csv")
    for form in ("jsonl", "csv"):
        path = tmp_path / f"file.{form}"
        done = sgbench("export", "--format", form, path, "--store", store.path)
        assert (done.stdout, done.stderr) == ("", f"wrote 4 records to {path}\n")
        assert path.read_bytes() == frame.encode(records, form)
    path = tmp_path / "file.parquet"
    assert sgbench("export", "--format", "parquet", path, "--store", store.path).exit_code == 0
    assert list(pd.read_parquet(path)["id"]) == [record.id for record in records]


def test_show_prints_every_field_with_its_value_and_meaning(sgbench, store, make):
    cell = next(cell for cell in make.cells if cell.rule == "dni" and cell.sg_layers == 1)
    (record,) = put(store, [make.record(cell)])
    text = sgbench("show", record.id[:5], "--store", store.path, COLUMNS="100").stdout
    assert "\x1b" not in text
    words = " ".join(text.split())
    beside = not_applying(record)
    assert {"T", "bp_lambda", "longest", "progression", "error"} <= beside
    for name, value, unit, meaning in describe(record):
        assert (f"\n{name} " in text) == (name not in beside)
        if name in beside:
            continue
        assert " ".join(meaning.split()) in words
        if isinstance(value, float):
            assert f"{value} {unit}".strip() in text
    assert max(map(len, text.splitlines())) <= 100
    head = text.splitlines()[0]
    assert all(str(part) in head for part in ("table1", "demo", "digits", "fcn", "dni", "M1"))
    assert "iteration  M loss 1  M loss 2  cosine 1  cosine 2" in text
    as_json = sgbench("show", record.id, "--store", store.path, "--json").stdout
    assert as_json == json_line(record) + "\n"


def test_show_prints_every_machine_s_record_of_a_cell(sgbench, store, make):
    cell = make.cells[0]
    records = put(store, [make.record(cell, machine_class=name) for name in ("one", "two")])
    found = lines(sgbench("show", records[0].id, "--store", store.path, "--json").stdout)
    assert sorted(values["machine_class"] for values in found) == ["one", "two"]


def test_show_says_which_ids_are_near(refused, store, make):
    records = put(store, [make.record(cell) for cell in make.cells])
    given = ("--store", store.path)
    wrong = records[0].id[:-1] + ("0" if records[0].id[-1] != "0" else "1")
    assert records[0].id in refused("show", wrong, *given)
    first = next(n for n in "0123456789abcdef" if sum(r.id[0] == n for r in records) > 4)
    line = refused("show", first.upper(), *given)
    number = sum(record.id[0] == first for record in records)
    assert line.startswith(f"{first.upper()!r} is the start of {number} ids, give more of it: ")
    assert line.endswith(", …")
    assert "no record in" in refused("show", "zzzz", *given)


def test_broken_records_are_named_set_aside_and_do_not_stop_anything(sgbench, store, make):
    records = put(store, [make.record(cell) for cell in make.cells[:3]])
    paths = [store.record_path(r.id, r.machine_class) for r in records]
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[: len(whole) // 2])
    paths[1].write_bytes(paths[1].read_bytes().replace(b'"test_error":12.5', b'"test_error":1.5'))
    done = sgbench("export", "--format", "jsonl", "-", "--store", store.path)
    assert done.exit_code == 0
    assert [values["id"] for values in lines(done.stdout)] == [records[2].id]
    warnings = done.stderr.splitlines()
    assert len(warnings) == 2
    for path, line in zip(paths[:2], sorted(warnings), strict=False):
        assert line.startswith("sgbench: warning: ")
        assert "moved to" in line
        assert not path.exists()
    assert sgbench("status", "table1", "--store", store.path).stderr == ""


def test_a_newer_schema_is_named_and_left_in_place(sgbench, store, make):
    (record,) = put(store, [make.record(make.cells[0])])
    path = store.record_path(record.id, record.machine_class)
    values = {**record.to_dict(), "schema": 99}
    text = canonical_json(values)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"checksum":"{checksum}","record":{text}}}\n')
    done = sgbench("status", "table1", "--store", store.path, "--json")
    assert json.loads(done.stdout)["states"] == {"missing": len(make.cells)}
    assert "newer than this sgbench reads" in done.stderr
    assert path.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("status tabel1", "unknown exhibit 'tabel1'; did you mean 'table1'?"),
        ("report table3", "unknown exhibit 'table3'; did you mean 'table2'?"),
        ("status table1 --scale demmo", "unknown scale 'demmo' of table1; did you mean 'demo'?"),
        ("report table1 --scale papre", "unknown scale 'papre' of table1; did you mean 'paper'?"),
        ("report table1 --scale custom", "no cell of table1 that --set changed is stored"),
        ("status table1 --scale custom", "run it by --set with the scale that it changes"),
        ("report table1 --format mdd", "unknown --format 'mdd'; did you mean 'md'?"),
        ("report table1 --published --store x", "--published and --store exclude each other"),
        ("export --format parqet x", "unknown --format 'parqet'; did you mean 'parquet'?"),
        ("export --format parquet -", "--format parquet is no text: give a FILE instead of -"),
        ("data list mnits", "unknown dataset 'mnits'; did you mean 'mnist'?"),
        ("data fetch digits cifar", "unknown dataset 'cifar'; did you mean 'cifar10'?"),
        ("status table1 --where rul=dni", "--where: unknown field 'rul'; did you mean 'rule'?"),
        ("status table1 --where rule=dnii", "unknown rule 'dnii'; did you mean 'dni'?"),
        ("status table1 --where depth=9", "--where depth=9: no cell has it"),
        ("status table1 --where depth", "--where 'depth': write FIELD=VALUE"),
        ("status table1 --where t=2", "--where: unknown field 't'; did you mean 'T'?"),
        ("status table1 --set t=2", "--set: unknown field 't'; did you mean 'T'?"),
        ("status table1 --where depth>6", "--where depth>6: no cell has it; depth there: 3, 4, 5"),
        ("status table1 --where depth=>5", "unknown sign '=>'; did you mean '>='?"),
        ("status table1 --where depth<5,6", "a range has one bound, 5; write what else there is"),
        ("status table1 --set iteration=5", "unknown field 'iteration'; did you mean 'iterations'"),
        ("status table1 --set depth=0", "depth=0 must be between 2 and 1000"),
        ("status table1 --set batch_size=0", "batch_size=0 must be between 2"),
        ("status table1 --set learning_rate=nan", "learning_rate=nan must be a finite number"),
        ("status table1 --set learning_rate=fast", "learning_rate"),
        ("status table1 --set iterations=1.5", "iterations=1.5 must be an integer"),
        ("status table1 --set iterations", "--set iterations: write FIELD=VALUE"),
        ("status table1 --seeds 0", "--seeds 0 must be at least 1"),
        ("status table1 --device gpu", "--device 'gpu' is none of auto, cpu, cuda, cuda:i"),
    ],
)
def test_bad_input_is_one_line(refused, line, words):
    assert words in refused(*line.split())


@pytest.mark.parametrize(
    "line", ["status table1", "report table1", "show 12", "export --format csv -", "run table1"]
)
def test_a_store_that_is_a_file(refused, tmp_path, line):
    (tmp_path / "file").write_text("")
    words = refused(*line.split(), "--store", "file", code=5)
    assert words == "store file: file is not a folder; give another --store"
    assert "is not a folder" in refused(*line.split(), SGBENCH_STORE="file/below", code=5)


def test_a_file_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    assert "give another file" in refused("export", "--format", "csv", "folder")
    assert "--out file" in refused("report", "table1", "--format", "csv", "--out", "file")


def test_no_network_on_fetch(refused, monkeypatch):
    import requests

    def fail(*arguments, **options):
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(requests, "get", fail)
    monkeypatch.setattr("builtins.print", lambda *words, **options: None)
    line = refused("data", "fetch", "mnist")
    assert line.startswith("cannot fetch mnist's train-images-idx3-ubyte.gz (")
    assert "no connection (ConnectionError)" in line
    assert "SHA-256 440fcabf" in line
