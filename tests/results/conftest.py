"""Makes records for the tests of this folder."""

import dataclasses

import pytest
from sgbench.bench import datasets
from sgbench.bench.cell import Cell
from sgbench.bench.outcome import CurvePoint, Machine, Outcome
from sgbench.results.record import make_record

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
MACHINE = Machine(
    device="A processor",
    threads=1,
    matmul="onednn",
    matmul_error=1e-7,
    torch="2.13.0",
    python="3.11.7",
    numpy="2.4.6",
    platform="Linux x86_64",
)
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


class Maker:
    """Makes cells, outcomes and records that differ from the ones above in what is given."""

    machine = MACHINE

    def cell(self, **fields):
        return Cell(**{**CELL, **fields})

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

    def records(self, count):
        return [self.record(self.cell(seed=seed)) for seed in range(count)]


@pytest.fixture(scope="session")
def make():
    return Maker()
