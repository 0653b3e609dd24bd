"""Staged cells as jobs: what `training.loop.train` is for ordinary ones.

A staged run is not paused: its clock is the wall's. One that is stopped begins anew.
"""

from __future__ import annotations

import atexit
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrainingError
from ..outcome import CurvePoint, Outcome, Span, StageRow
from . import group
from .session import intervals
from .trace import chrome_events, window

if TYPE_CHECKING:
    from ..training.loop import Job, ShouldStop

_groups: dict[int, group.StageGroup] = {}
"""The stages' processes, by their number: they serve cell after cell."""


def train(job: Job, should_stop: ShouldStop) -> list[Outcome]:
    """Train a staged cell; return its outcome.

    Args:
        job: the program, of one cell.
        should_stop: called about twice a second; True asks to stop: nothing of the run is kept,
            and the status is `timeout`.

    Raises TrainingError where a stage fails, UsageError for what the user is to mend.
    """
    (cell,) = job.cells
    size: int = cell.need("stages")
    asked = {
        "cell": cell.to_dict(),
        "data_dir": job.data_dir,
        "matmul": job.matmul,
        "trace": job.trace is not None,
    }
    if size not in _groups:
        close()
        _groups[size] = group.StageGroup(size)
    try:
        found = _groups[size].run(asked, lambda iteration: should_stop(iteration, None))
    except group.StagesError as error:
        close()
        raise TrainingError(error, error.iterations) from error
    except BaseException:
        close()
        raise
    if found is None:
        close()
        return [_outcome(job, "timeout", "stopped; a staged run begins anew", [])]
    if job.trace is not None:
        try:
            _add_to_trace(Path(job.trace), job, found)
        except OSError as error:  # a full disk: what was trained is not lost by it
            reason = error.strerror or error
            print(f"warning: --trace {job.trace} is not written: {reason}", file=sys.stderr)
    return [_outcome(job, "ok", None, found)]


def close() -> None:
    """End the stages' processes."""
    for number in list(_groups):
        _groups.pop(number).close()


atexit.register(close)


def _outcome(job: Job, status: Any, error: str | None, found: list[dict[str, Any]]) -> Outcome:
    cell = job.cells[0]
    done = cell.iterations if found else 0
    seconds = max((one["seconds"] for one in found), default=0.0)
    curve = _curve(found)
    last = _last_point(found)
    bad = [point.iteration for point in curve if not math.isfinite(point.loss or 0.0)]
    if bad:
        status, error, done = "diverged", f"loss not finite at iteration {bad[0]}", bad[0]
        last = {}
    rate = found[0]["row"]["updates_per_second"] if found else None
    return Outcome(
        status=status,
        error=error,
        iterations_done=done,
        error_rate=last.get("error"),
        loss=last.get("loss"),
        train_error=last.get("final_train_error"),
        train_loss=last.get("final_train_loss"),
        curve=curve,
        train_seconds=seconds,
        evaluation_seconds=0.0,
        steps_per_second=rate,
        examples_per_second=rate and rate * cell.batch_size,
        replicas=1,
        machine=job.machine,
        pipeline=[StageRow(**one["row"]) for one in found],
        timeline=[
            Span(**span) for span in window([intervals(one["spans"]) for one in found], seconds / 2)
        ],
    )


def _points(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    empty: list[dict[str, Any]] = []
    return next((one["points"] for one in reversed(found) if one["points"]), empty)


def _last_point(found: list[dict[str, Any]]) -> dict[str, Any]:
    points = _points(found)
    return points[-1] if points else {}


def _curve(found: list[dict[str, Any]]) -> list[CurvePoint]:
    """Return the points of the curve, each when the last of the stages was there."""
    if not found:
        return []
    times = zip(*(one["snapshots"] for one in found), strict=True)
    return [
        CurvePoint(
            iteration=at[0][0],
            seconds=max(second for _, second in at),
            error=point["error"],
            loss=point["loss"],
            train_loss=point["train_loss"],
        )
        for at, point in zip(times, _points(found), strict=True)
    ]


def _add_to_trace(path: Path, job: Job, found: list[dict[str, Any]]) -> None:
    """Add the spans of a run to a file: a JSON array whose end may lack, as the format allows."""
    cell = job.cells[0]
    name = (
        f"{cell.rule} {cell.schedule}, {cell.stages} stages, delay {cell.delay:g} ms,"
        f" straggler {cell.straggler:g}, seed {cell.seed}"
    )
    spans = [intervals(one["spans"]) for one in found]
    number = 1 + sum('"process_name"' in line for line in _lines(path))
    with path.open("a", encoding="utf-8") as file:
        if not file.tell():
            file.write("[\n")
        file.writelines(json.dumps(e) + ",\n" for e in chrome_events(name, number, spans))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
