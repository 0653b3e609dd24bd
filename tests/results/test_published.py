"""The ids of published records: the code that is here finds every one of them again.

An id that no cell gives any more is a result that nothing finds: the cell would be trained anew
and its record would stay beside it, unread. The hash is written out here on purpose, so that it
cannot change together with the code.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
import sgbench.results
from sgbench.reproductions.running.timing_run import id_of
from sgbench.results.record import Record
from sgbench.results.timings import Timing

FOLDER = Path(sgbench.results.__file__).parent / "published"
FILES = sorted(FOLDER.glob("*.jsonl"))
RECORDS = [path for path in FILES if not path.name.startswith("timings.")]
TIMINGS = [path for path in FILES if path.name.startswith("timings.")]


def digest(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lines(path, kind):
    found = [json.loads(line)[kind] for line in path.read_bytes().splitlines()]
    assert found
    return found


def configuration(cell):
    return {name: value for name, value in cell.to_dict().items() if value is not None}


def test_there_are_published_files():
    names = {path.name for path in FILES}
    assert {"table1.quick.jsonl", "table2.quick.jsonl", "timings.table1.quick.jsonl"} <= names


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_ids_and_keys_of_published_records_are_those_of_their_cells(path):
    for values in lines(path, "record"):
        record = Record.from_dict(values)
        cell, versions = record.cell, ("rule", "dataset", "protocol")
        parts = {
            "cell": configuration(cell),
            "versions": {name: values[f"{name}_version"] for name in versions},
            "data": values["data_hash"],
        }
        assert (record.id, record.key) == (values["id"], values["key"])
        assert digest({"cell": parts["cell"]}) == cell.key == values["key"]
        assert digest(parts) == values["id"]
        assert cell.versions() == parts["versions"], "published records are of older code"
        assert cell.id(values["data_hash"]) == values["id"]


@pytest.mark.parametrize("path", TIMINGS, ids=lambda path: path.stem)
def test_ids_of_published_timings_are_those_of_their_programs(path):
    for values in lines(path, "timing"):
        timing = Timing.from_dict(values)
        given = {name: value for name, value in values["cell"].items() if value is not None}
        assert configuration(timing.trained) == given
        seeds = range(timing.replicas)
        program = tuple(dataclasses.replace(timing.trained, seed=seed) for seed in seeds)
        assert id_of(program) == timing.id == values["id"]
