"""`sgbench show`: a record by the first digits of its id."""

import json

from sgbench.results.applicable_fields import not_applying
from sgbench.results.record import describe, json_line


def test_every_field_is_shown_with_its_value_and_meaning(sgbench, make, put):
    cell = next(cell for cell in make.cells if cell.rule == "dni" and cell.sg_layers == 1)
    store, (record,) = put(make.record(cell))
    text = sgbench("show", record.id[:5], "--store", store, COLUMNS="100").stdout
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
    as_json = sgbench("show", record.id, "--store", store, "--json").stdout
    assert as_json == json_line(record) + "\n"


def test_the_records_of_every_machine_are_shown(sgbench, make, put):
    cell = make.cells[0]
    store, records = put(*(make.record(cell, machine_class=name) for name in ("one", "two")))
    shown = sgbench("show", records[0].id, "--store", store, "--json").stdout.splitlines()
    assert sorted(json.loads(line)["machine_class"] for line in shown) == ["one", "two"]


def test_near_ids_and_ambiguous_ones_are_named(refused, make, put):
    store, records = put(*map(make.record, make.cells))
    given = ("--store", store)
    wrong = records[0].id[:-1] + ("0" if records[0].id[-1] != "0" else "1")
    assert records[0].id in refused("show", wrong, *given)
    first = next(n for n in "0123456789abcdef" if sum(r.id[0] == n for r in records) > 4)
    number = sum(record.id[0] == first for record in records)
    assert f" {number} ids" in refused("show", first.upper(), *given)
    assert "'zzzz'" in refused("show", "zzzz", *given)


def test_published_records_are_found(sgbench):
    listed = sgbench("list", "records", "--published", "--json").stdout.splitlines()
    one = json.loads(listed[0])["id"]
    shown = sgbench("show", one, "--published", "--json").stdout.splitlines()
    assert {json.loads(line)["id"] for line in shown} == {one}
