"""The outcome of training one replica: the engine's answer, before it becomes a record.

Free of torch, so that records can be made, read and shown without it.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "diverged", "failed", "timeout", "partial", "pruned"]
"""timeout: cut short; partial: trained as far as was asked; both go on from their checkpoint.
pruned: cut short for good by a study."""

UNFINISHED: tuple[Status, ...] = ("timeout", "partial")
"""Those that go on from their checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One evaluation during training. A value that overflowed is NaN or infinite here."""

    iteration: int  # updates done
    seconds: float  # training clock: without evaluation and compilation
    error: float | None = None  # percent, on the cell's split (feed-forward)
    loss: float | None = None  # mean cross-entropy on the cell's split, nats (feed-forward)
    train_loss: float | None = None  # the same in training; recurrent: since the last evaluation
    sg_loss: list[float] | None = None  # M's regression loss per hidden layer, bottom first
    sg_cosine: list[float | None] | None = None  # of synthetic and true gradient, None: undefined
    sg_held_cosine: list[float | None] | None = None  # the same on held-out examples (feed-forward)
    sg_weight_cosine: list[float | None] | None = None  # of the weights' gradients, at the end
    sg_ridge_cosine: list[float | None] | None = None  # reached by a ridge regression, at the end
    bits: float | None = None  # a symbol: of the validation text, or of the episodes trained on
    longest: int | None = None  # T_task of the longest level solved so far, 0: none (episodes)
    aux_loss: float | None = None  # the auxiliary output's regression loss (recurrent)
    updates: list[int] | None = None  # done by each layer, bottom first (decoupled)
    error_a: float | None = None  # percent of A's counts wrong, on the cell's split (two_lstms)
    error_b: float | None = None  # percent of B's counts wrong (two_lstms)


SPAN_KINDS = ("forward", "backward", "model", "update", "waiting", "communicating")
"""Kinds of work of a stage: the layers' outputs, their gradients, models M and I, the optimiser's
step, waiting for a message, and sending one."""
MOST_SPANS = 400
"""Limit on the spans of a timeline, so that a record stays small."""
WINDOW_SECONDS = 1.0
"""Limit on the seconds that a timeline covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """Measurements of one stage, a process with some of the layers, over a whole run.

    The times of one update on a whole batch are measured before the run, in a rehearsal alone on
    its core whose messages come as late as in the run.
    """

    stage: int  # from 0 at the bottom
    layers: int  # of the network's `depth`, the classifier included
    updates: int  # in the whole run
    updates_per_second: float
    busy: float  # shares of its time, which add up to 1
    waiting: float
    communicating: float
    bytes_sent: float  # an update
    dropped: int  # messages that it never read: newer ones took their place
    staleness: float | None  # mean age, in its own updates, of what it learns from; None: on time
    staleness_max: int | None
    forward_seconds: float  # of an update
    backward_seconds: float
    model_seconds: float  # all work of its M, and of synthetic inputs
    update_seconds: float  # the optimiser's step
    message_seconds: float  # of a message to the next stage without the delay; an all-reduce
    transport: str = ""  # what its messages went through: shared memory, or gloo
    core: int | None = None  # that it is pinned to: its own, or one that stages share; None: none
    # null in the next five: not measured, as before schema 8
    overhead_seconds: float | None = None  # of an update, beside those: labels, Python between them
    target_seconds: float | None = None  # of an update, only where M's target has come
    send_seconds: float | None = None  # of a message, that it keeps the sender
    read_seconds: float | None = None  # and the receiver
    together: float | None = None  # factor by which an update takes longer while all stages compute


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of a stage's work, in a window of at most a second from the middle of a run."""

    stage: int  # from 0 at the bottom
    kind: str  # of SPAN_KINDS
    batch: int  # the update that it belongs to
    start: float  # seconds from the window's start
    end: float


LastPoint = dict[str, Any] | None
"""The last point of a running program's curve, of its first replica; None before there is any."""

EvaluatedPoints = list[tuple[CurvePoint, int | None]]
"""A point for each replica, and the iteration at which its loss was not finite (None: it is)."""


def defined(cosines: list[float]) -> list[float | None]:
    """Return the cosines, None in the place of one that is not defined (NaN)."""
    return [None if math.isnan(cosine) else cosine for cosine in cosines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A level of the curriculum, and when it was solved."""

    length: int  # the paper's T_task
    symbols: int  # N
    repeats: int  # R; 1 for Copy
    iteration: int  # updates done
    data_steps: int  # updates times T
    seconds: float  # training clock

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine that a program ran on: everything that may change its bits or its speed."""

    device: str  # processor or GPU model
    threads: int
    matmul: str  # back-end of the matrix products
    matmul_error: float | None  # its measured relative error against float64
    torch: str  # versions
    python: str
    numpy: str
    platform: str  # operating system and architecture
    processor: str | None = None  # vendor, family and model; None where not known, or on a GPU
    instructions: str | None = None  # instruction set, and variables that choose it; None as above
    cuda: str | None = None  # versions, on a GPU
    cudnn: str | None = None


MACHINE_DETAILS = ("processor", "instructions", "cuda", "cudnn")
"""The fields that tell machines of one device model apart; not known of those of old records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one replica; `error_rate` and `loss` are on the split that the cell names.

    A number that does not apply to the cell, or has no result, is None.
    """

    status: Status
    error: str | None  # one line: why the status is not ok
    iterations_done: int
    error_rate: float | None = None  # percent
    loss: float | None = None  # nats
    train_error: float | None = None  # percent, on the first 10,000 training examples
    train_loss: float | None = None  # nats, on the same
    longest: int | None = None  # T_task of the longest level solved, 0: none
    validation_bits: float | None = None  # a character, at the evaluation where it was lowest
    test_bits: float | None = None  # a character, there
    error_a: float | None = None  # percent of A's counts that are wrong, on the cell's split
    error_b: float | None = None  # percent of B's
    progression: list[Solved] = field(default_factory=list[Solved])  # levels as they were solved
    curve: list[CurvePoint]
    pipeline: list[StageRow] = field(default_factory=list[StageRow])  # bottom first (stages)
    timeline: list[Span] = field(default_factory=list[Span])  # by start (stages)
    train_seconds: float  # without evaluation and compilation
    evaluation_seconds: float
    steps_per_second: float | None  # of the whole program, None when no update was timed
    examples_per_second: float | None
    tokens_per_second: float | None = None  # symbols read, of recurrent cells
    replicas: int  # cells trained together in the program
    machine: Machine
