"""Makes records for the tests of this folder."""

import dataclasses
import functools

import pytest
from reference.own_rules import registered
from reference.staged import SPANS, STAGES
from reference.timings import MACHINE
from sgbench.bench import datasets
from sgbench.bench.cell import Cell
from sgbench.bench.outcome import CurvePoint, Outcome, Solved
from sgbench.results.from_outcome import make_record

CELL = {
    "dataset": "mnist",
    "network": "fcn",
    "depth": 4,
    "rule": "dni",
    "sg_layers": 1,
    "seed": 0,
    "split": "test",
    "iterations": 1000,
    "batch_size": 256,
    "learning_rate": 1e-3,
    "drops": (0.6, 0.8),
    "drop_factor": 0.1,
    "evaluate_every": 500,
    "hidden_units": 256,
    "filters": None,
    "kernel_size": None,
    "sg_units": 1024,
    "sg_scale": 33.0,
    "precision": "float32",
}
POINTS = [
    CurvePoint(
        iteration=500 * n,
        seconds=1.5 * n,
        error=10.0 / n,
        loss=0.25,
        train_loss=0.125,
        sg_loss=[0.5, 0.25],
        sg_cosine=[0.1, None],
    )
    for n in (1, 2)
]
OUTCOME = Outcome(
    status="ok",
    error=None,
    iterations_done=1000,
    error_rate=2.5,
    loss=0.1,
    train_error=1.0,
    train_loss=0.01,
    curve=POINTS,
    train_seconds=3.0,
    evaluation_seconds=0.1,
    steps_per_second=300.0,
    examples_per_second=76800.0,
    replicas=1,
    machine=MACHINE,
)


# A recurrent cell: what it has instead.
COPY = {
    **dict.fromkeys(("depth", "split")),
    "dataset": "copy",
    "network": "lstm",
    "T": 4,
    "rule": "dni_aux",
    "sg_factor": 0.1,
    "aux_weight": 1.0,
    "solve_bits": 0.15,
    "solve_window": 100,
}
PTB = {
    **COPY,
    **dict.fromkeys(("solve_bits", "solve_window")),
    "dataset": "ptb",
    "split": "test",
    "patience": 1,
}
SOLVED = [
    Solved(length=3 + n, symbols=n, repeats=1, iteration=25 * n, data_steps=100 * n, seconds=n / 4)
    for n in (1, 2)
]
RECURRENT = dataclasses.replace(
    OUTCOME,
    **dict.fromkeys(("error_rate", "loss", "train_error", "train_loss", "examples_per_second")),
    longest=5,
    progression=SOLVED,
    tokens_per_second=4e5,
    curve=[
        CurvePoint(
            iteration=500 * n,
            seconds=1.5 * n,
            error=None,
            loss=None,
            train_loss=0.5 / n,
            sg_loss=[0.25],
            sg_cosine=[None if n == 1 else 0.75],
            bits=0.7 / n,
            longest=3 + n,
            aux_loss=0.125,
        )
        for n in (1, 2)
    ],
)
READING = dataclasses.replace(
    RECURRENT,
    longest=None,
    progression=[],
    validation_bits=1.5,
    test_bits=1.25,
    curve=[dataclasses.replace(point, longest=None) for point in RECURRENT.curve],
)


class Maker:
    """Makes cells, outcomes and records that differ from the ones above in what is given."""

    machine = MACHINE

    def cell(self, **fields):
        return Cell.from_dict({**CELL, **fields})

    def outcome(self, **fields):
        return dataclasses.replace(OUTCOME, **fields)

    def record(self, cell=None, outcome=None, **labels):
        cell = cell or self.cell()
        labels = {
            "exhibit": "table1",
            "scale": "quick",
            "data_hash": datasets.canonical_hash(cell.dataset),
            "machine_class": "A processor/1/onednn/2.13",
            **labels,
        }
        return make_record(cell, outcome or OUTCOME, **labels)

    def recurrent(self, dataset="copy", **fields):
        """A record of a recurrent cell; `fields` are its outcome's."""
        outcome = {"copy": RECURRENT, "ptb": READING}[dataset]
        cell = self.cell(**{"copy": COPY, "ptb": PTB}[dataset])
        return self.record(cell, dataclasses.replace(outcome, **fields), exhibit="table2")

    def staged(self, **fields):
        """A record of an unlocked network in two stages; `fields` are its outcome's."""
        stages = {"stages": 2, "schedule": "unlocked", "delay": 3.0, "straggler": 1.0}
        outcome = self.outcome(pipeline=STAGES, timeline=SPANS, **fields)
        return self.record(self.cell(**stages), outcome, exhibit="locking")

    def own_cell(self, rule, **hyperparameters):
        """A cell of a rule that was brought, and has no model M."""
        plain = dict.fromkeys(("sg_layers", "sg_units", "sg_scale"))
        return self.cell(rule=rule, **plain, **hyperparameters)

    def records(self, count):
        return [self.record(self.cell(seed=seed)) for seed in range(count)]


@pytest.fixture(scope="session")
def make():
    return Maker()


@pytest.fixture
def own_rule(tmp_path):
    """Registers a rule from a file for the duration of a `with`; gives its name."""
    return functools.partial(registered, tmp_path)
