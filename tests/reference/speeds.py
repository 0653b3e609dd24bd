"""Timings and records of cells at the scale quick, for what costs are told from."""

import dataclasses

from sgbench.bench.outcome import CurvePoint, Outcome
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.from_outcome import make_record

from .timings import MACHINE, timing_of


def cells(exhibit="table1", **wanted):
    """The cells of seed 0 at quick that have these values."""
    found = expand(load(exhibit), "quick", seeds=1)
    return [c for c in found if all(c.value(k) == v for k, v in wanted.items())]


FCN = {"dataset": "mnist", "network": "fcn"}
SECONDS = {"no_bprop": 0.005, "top_only": 0.007, "backprop": 0.01, "dni": 0.03, "cdni": 0.04}


def timings(exhibit="table1", **wanted):
    wanted = wanted or FCN
    return [timing_of(c, step=SECONDS.get(c.rule, 0.02)) for c in cells(exhibit, **wanted)]


def record(cell, curve, **fields):
    """A record of `cell` whose curve has these (iteration, seconds, error)."""
    outcome = Outcome(
        status="ok",
        error=None,
        iterations_done=cell.iterations,
        error_rate=curve[-1][2],
        curve=[
            CurvePoint(iteration=i, seconds=s, error=e, loss=1.0, train_loss=1.0)
            for i, s, e in curve
        ],
        train_seconds=1.0,
        evaluation_seconds=1.0,
        steps_per_second=1.0,
        examples_per_second=1.0,
        replicas=1,
        machine=MACHINE,
    )
    outcome = dataclasses.replace(outcome, **fields)
    return make_record(
        cell, outcome, exhibit="table1", scale="quick", data_hash="0" * 16, machine_class="m"
    )


def of_backprop_and_dni():
    base = cells(rule="backprop", depth=3, **FCN)[0]
    other = cells(rule="dni", depth=3, sg_layers=1, **FCN)[0]
    backprop = [(100, 1.0, 9.0), (200, 2.0, 5.0), (400, 4.0, 2.0)]
    dni = [(100, 3.0, 20.0), (200, 6.0, 4.0), (400, 12.0, 3.0)]
    return other, [record(base, backprop), record(other, dni)]
