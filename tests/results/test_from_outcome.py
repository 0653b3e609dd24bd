"""Records from outcomes: what becomes of results, failures and numbers that are not finite."""

import dataclasses
import json
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from reference.staged import STAGES
from sgbench.bench.outcome import CurvePoint
from sgbench.results.record import Record, json_line


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


def test_a_network_in_stages_keeps_what_each_did(make):
    record = make.staged()
    assert Record.from_dict(json.loads(json_line(record))) == record
    assert (record.stages, record.schedule, record.delay, record.straggler) == (
        *(2, "unlocked"),
        *(3.0, 1.0),
    )
    assert [row["staleness"] for row in record.pipeline] == [1.25, None]
    assert [span["kind"] for span in record.timeline] == ["forward", "waiting", "communicating"]
    whole = dataclasses.replace(STAGES[0], bytes_sent=0, updates_per_second=300)
    (row,) = make.record(make.staged().cell, make.outcome(pipeline=[whole])).pipeline
    assert [type(row[name]) for name in ("bytes_sent", "updates_per_second")] == [float, float]


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
            "sg_held_cosine": None,
            "sg_weight_cosine": None,
            "sg_ridge_cosine": None,
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


def test_making_and_storing_a_record_needs_no_heavy_library(make, tmp_path):
    line = tmp_path / "record.json"
    line.write_text(json_line(make.record()))
    program = f"""
import json, sys
from sgbench.bench.outcome import Outcome, Machine
from sgbench.results import provenance
from sgbench.results.statistics import intervals
from sgbench.results.from_outcome import make_record
from sgbench.results.record import Record, describe
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
