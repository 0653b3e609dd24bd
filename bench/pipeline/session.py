"""A staged run as one of its processes does it: measure, train, evaluate, report."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist

from .. import datasets
from ..cell import Cell
from ..contract import UNREPEATABLE
from ..datasets import Data
from ..families.feedforward.batches import Batches
from ..families.feedforward.losses import cross_entropy
from ..families.feedforward.stages import ERRORS, MICRO_BATCHED, MICRO_BATCHES, WHOLE_NETWORKS
from ..outcome import WINDOW_SECONDS
from ..training.torch_settings import configure_torch
from . import cuts, measure
from .cores import own_core
from .messages.links import LateError, LostError
from .part import Part
from .rehearsal import LONGEST, Rehearsal
from .schedules import waiting
from .stage import UNREAD, Stage, StageError
from .trace import Interval, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .messages.wires import Wires

WARM_UP = 3
"""Updates before the clock starts, of weights that are thrown away."""
EVALUATION = 3
"""The tag of what is sent up in an evaluation."""

S = TypeVar("S", bound=Stage)
Progress = Callable[[int], None]
"""Is told the updates that are done."""


def run(
    job: dict[str, Any], rank: int, size: int, wires: Wires, progress: Progress
) -> dict[str, Any]:
    """Train one cell with the other stages; return what this one found, as JSON values.

    Args:
        job: `cell`, `data_dir`, `matmul`, and `trace`: whether all spans are wanted.
        rank: of this stage.
        size: the number of stages.
        wires: join it to its neighbours.
        progress: is called at the bottom stage's snapshots.

    Raises StageError where a neighbour is late or gone.
    """
    cell = Cell.from_dict(job["cell"])
    configure_torch("cpu", 1, job["matmul"])
    data = datasets.load(cell.dataset, job["data_dir"])
    assert isinstance(data, Data)
    by_autograd = cell.schedule in (*MICRO_BATCHED, *WHOLE_NETWORKS)
    with torch.no_grad() if by_autograd else torch.inference_mode():
        try:
            return _run(
                cell,
                data,
                rank,
                size,
                wires=wires,
                progress=progress,
                whole_trace=job["trace"],
            )
        except (LateError, LostError) as error:
            verb = "waited too long for" if isinstance(error, LateError) else "lost"
            raise StageError(f"stage {rank} {verb} its neighbour") from None


def _run(
    cell: Cell,
    data: Data,
    rank: int,
    size: int,
    *,
    wires: Wires,
    progress: Progress,
    whole_trace: bool,
) -> dict[str, Any]:
    image, parallel = data.train_images.shape[1:], cell.schedule in WHOLE_NETWORKS
    bounds = _bounds(cell, image, data.classes, rank, size)

    def part(cell: Cell) -> Part:
        return Part(cell, image, data.classes, bounds[rank], bounds[rank + 1])

    examples, times = _micro_batches(cell, size)
    limit = UNREAD if cell.schedule in UNREPEATABLE else None

    def stage_of(kind: type[S], cell: Cell, *, wires: Wires, **options: Any) -> S:
        return kind(
            rank,
            size,
            part(cell),
            Batches([cell], data, torch.device("cpu")),
            Batches([cell], data, torch.device("cpu"), purpose=f"order/stage{rank}"),
            examples=examples,
            limit=limit,
            wires=None if parallel else wires,
            **options,
        )

    train = _schedule(cell.need("schedule"))
    warm_up = cell.replace(iterations=WARM_UP, evaluate_every=WARM_UP, delay=0)
    _warm_up(stage_of(Stage, warm_up, wires=wires), train)
    make = functools.partial(stage_of, Rehearsal)
    before = measure.updates(cell, rank, size, make, train, messages=times)
    work, way, built = before.work, measure.Message(), part(cell)
    if not parallel:
        way = _message(built, examples, rank, size, wires=wires, pause=work.seconds / times)
    by_errors = built.learns_from == ERRORS  # a stage updates only where one has come
    apart = work.forward + work.overhead if by_errors else work.seconds
    quickest = min(measure.gathered(apart, size=size))
    told = progress if rank == 0 else None
    stage = stage_of(Stage, cell, wires=wires, update_seconds=quickest, progress=told)
    mine = stage.part
    stage.begin()
    train(stage)
    seconds = (stage.ended or time.perf_counter()) - stage.began
    stage.finish()
    ended = measure.gathered(seconds, size=size)
    updates = mine.iteration
    late = stage.staleness
    row = {
        "stage": rank,
        "layers": bounds[rank + 1] - bounds[rank],
        "updates": updates,
        "updates_per_second": updates / seconds,
        **shares(stage.trace, seconds),
        "bytes_sent": (sum(link.sent for link in stage.links) + stage.reduced) / max(1, updates),
        "dropped": sum(link.inbox.dropped for link in stage.links),
        "staleness": sum(late) / len(late) if late else None,
        "staleness_max": max(late) if late else None,
        "forward_seconds": work.forward,
        "backward_seconds": work.backward,
        "model_seconds": work.model,
        "update_seconds": work.update,
        "message_seconds": work.reduce if parallel else way.way,
        "overhead_seconds": work.overhead,
        "target_seconds": before.target,
        "send_seconds": way.send,
        "read_seconds": way.read,
        "together": before.together,
        "core": own_core(),
        "transport": "gloo" if parallel else wires.transport,
    }
    middle = max(ended) / 2  # where the timeline of a record begins
    window = (0.0, max(ended)) if whole_trace else (middle, middle + WINDOW_SECONDS)
    return {
        "row": row,
        "seconds": seconds,
        "snapshots": [[one.iteration, one.at - stage.began] for one in stage.snapshots],
        "points": _evaluate(stage, alone=parallel),
        "spans": [
            [span.kind, span.batch, span.start - stage.began, span.end - stage.began]
            for span in stage.trace.spans
            if span.end - stage.began >= window[0] and span.start - stage.began <= window[1]
        ],
    }


def _warm_up(stage: Stage, train: Callable[[Stage], None]) -> None:
    """Do a few updates that do not count: the first ones import, allocate and connect."""
    train(stage)
    stage.finish()
    dist.barrier()  # links of a pair share their pipes: the next one's bytes come after the last


def intervals(spans: Sequence[Sequence[Any]]) -> list[Interval]:
    """Return the spans of `run`'s answer."""
    return [Interval(*span) for span in spans]


def _schedule(name: str) -> Callable[[Stage], None]:
    if name in MICRO_BATCHED:
        from .schedules import micro_batches

        both = {"gpipe": micro_batches.gpipe, "1f1b": micro_batches.one_forward_one_backward}
        return both[name]
    if name in WHOLE_NETWORKS:
        from .schedules.data_parallel import data_parallel

        return data_parallel
    found: Callable[[Stage], None] = getattr(waiting, name)
    return found


def _bounds(cell: Cell, image: Sequence[int], classes: int, rank: int, size: int) -> list[int]:
    """Return the bounds of the stages, which the bottom one measures.

    In data parallelism every process has all layers.
    """
    if cell.schedule in WHOLE_NETWORKS:
        depth: int = cell.need("depth")
        return [0 if bound <= rank else depth for bound in range(size + 1)]
    shared: list[list[int]] = [cuts.cut(cell, image, classes, size) if rank == 0 else []]
    dist.broadcast_object_list(shared)
    return shared[0]


def _micro_batches(cell: Cell, size: int) -> tuple[int, int]:
    """Return how many examples a stage runs on at a time, and how many times an update."""
    if cell.schedule in MICRO_BATCHED:
        return cell.batch_size // MICRO_BATCHES, MICRO_BATCHES
    if cell.schedule in WHOLE_NETWORKS:
        return cell.batch_size // size, 1
    return cell.batch_size, 1


def _message(
    part: Part, examples: int, rank: int, size: int, *, wires: Wires, pause: float
) -> measure.Message:
    """Return the seconds of a message to the stage above; `pause` is between two of this one."""
    cell = part.cell
    shapes = (*part.output_shape[:-1], examples), (*part.input_shape[:-1], examples)
    dtype, longest = part.weights.flat.dtype, LONGEST / 2
    waits = cell.schedule not in UNREPEATABLE
    return measure.message(
        wires,
        rank,
        size,
        shapes,
        dtype,
        delay=min(cell.need("delay") / 1000, longest) if waits else 0.0,
        pauses=measure.gathered(min(pause, longest), size=size),
        waits=waits,
        down=part.error_shape,
    )


def _evaluate(stage: Stage, *, alone: bool) -> list[dict[str, Any]]:
    """Evaluate every snapshot; return the points at the top stage, nothing below.

    A point is error and loss on the held-out data and the loss of the training batch; the last
    one also has error and loss on training examples.

    Args:
        stage: the stage.
        alone: whether every process has the whole network: the first one's is evaluated.
    """
    points: list[dict[str, Any]] = []
    if alone and stage.rank:
        return points
    for number, snapshot in enumerate(stage.snapshots):
        stage.part.restore(snapshot.state)
        found = _measured(stage, "held")
        last = number == len(stage.snapshots) - 1
        train = _measured(stage, "train") if last else None
        if found is not None:
            point = {"error": found[0], "loss": found[1], "train_loss": snapshot.loss}
            if train is not None:
                point |= {"final_train_error": train[0], "final_train_loss": train[1]}
            points.append(point)
    return points


def _measured(stage: Stage, which: str) -> tuple[float, float] | None:
    """Return error (%) and mean loss on a split; None below the top stage."""
    part, wrong, loss, count = stage.part, 0.0, 0.0, 0
    for images, labels in stage.order.batches.chunks(which):
        examples = labels.shape[1]
        if part.bottom:
            x: Tensor = part.architecture.pack(images)
        else:
            x = torch.empty((*part.input_shape[:-1], examples), dtype=part.weights.flat.dtype)
            dist.recv(x, stage.rank - 1, tag=EVALUATION)
        h = part.evaluate(x)
        if not part.top:
            dist.send(h.contiguous(), stage.rank + 1, tag=EVALUATION)
            continue
        wrong += float((h.argmax(1) != labels).sum())
        loss += float(cross_entropy(h, part.encode(labels)).double().sum())
        count += examples
    return (100 * wrong / count, loss / count) if part.top else None
