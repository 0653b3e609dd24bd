"""What training one replica gives: the engine's answer for a cell, before it becomes a record.

Free of torch, so that records can be made, read and shown without it.
"""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "diverged", "failed", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One evaluation during training. A value that overflowed is NaN or infinite here."""

    iteration: int  # updates done
    seconds: float  # training clock: without evaluation and compilation
    error: float  # percent, on the cell's split
    loss: float  # mean cross-entropy on the cell's split, nats
    train_loss: float | None  # the same on training examples
    sg_loss: list[float] | None  # M's regression loss per hidden layer, bottom first
    sg_cosine: list[float | None] | None  # cosine of synthetic and true gradient, None: undefined


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a program ran on: everything that may change its bits or its speed."""

    device: str  # processor or GPU model
    threads: int
    matmul: str  # back-end of the matrix products
    matmul_error: float | None  # its measured relative error against float64
    torch: str  # versions
    python: str
    numpy: str
    platform: str  # operating system and architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one replica; `error_rate` and `loss` are on the split that the cell names."""

    status: Status
    error: str | None  # one line: why the status is not ok
    iterations_done: int
    error_rate: float | None  # percent
    loss: float | None  # nats
    train_error: float | None  # percent, on the first 10,000 training examples
    train_loss: float | None  # nats, on the same
    curve: list[CurvePoint]
    train_seconds: float  # without evaluation and compilation
    evaluation_seconds: float
    steps_per_second: float | None  # of the whole program, None when no update was timed
    examples_per_second: float | None
    replicas: int  # cells trained together in the program
    machine: Machine
