"""Replaces training by nothing, in whichever process imports it: for measuring what is around it.

The outcome of a cell is made up from its fields, with as many points of its curve as it would have.
"""

from sgbench.bench.outcome import CurvePoint, Machine, Outcome
from sgbench.bench.training import loop

MACHINE = Machine(
    device="none", threads=1, matmul="mkl", matmul_error=None, torch="2.13.0", python="3",
    numpy="2", platform="none",
)  # fmt: skip


def outcome_of(job):
    """The outcome of the only cell of a job."""
    (cell,) = job.cells
    layers = None if cell.sg_layers is None else (cell.depth or 2) - 1
    points, done = [], 0
    while done < cell.iterations:
        done = cell.next_evaluation(done)
        points.append(
            CurvePoint(
                iteration=done,
                seconds=done / 300.0,
                error=90.0 / (1 + done) + cell.seed % 7 / 10,
                loss=0.123456789,
                train_loss=0.0123456789,
                sg_loss=layers and [0.00123456789] * layers,
                sg_cosine=layers and [0.123456789] * layers,
            )
        )
    return Outcome(
        status="ok", error=None, iterations_done=cell.iterations, error_rate=points[-1].error,
        loss=points[-1].loss, train_error=1.0, train_loss=0.01, curve=points,
        train_seconds=3.0, evaluation_seconds=0.1, steps_per_second=300.0,
        examples_per_second=76800.0, replicas=1, machine=MACHINE,
    )  # fmt: skip


def instant(job, should_stop):
    """Train in no time."""
    del should_stop
    return [outcome_of(job)]


class InstantJob(loop.Job):
    """A job whose arrival in a process ends training there: it imports this module."""


loop.train = instant
