"""Jobs in this process: one at a time, or those that are done before workers have started.

Starting workers takes seconds, mostly for the import of torch. A plan that takes no longer is
trained here; one that turns out to take longer goes on with workers, the job that runs from its
checkpoint. Either way gives the same results to the last bit.
"""

import contextlib
import dataclasses
import functools
import gc
import itertools
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SgbenchError, TrainingError, exhausted
from ..families.family import family_for
from ..outcome import LastPoint, Outcome
from ..profiling import memory_estimate
from ..source_files import line_in
from ..training import loop
from ..training.loop import Job
from ..training.torch_settings import restored

START_SECONDS = 4.0
"""About what it takes to start workers, on two cores."""
UPDATE_SECONDS, RATE = 1e-3, 1e10
"""Estimates, both rough: seconds of an update of the smallest program; multiplications a second."""

Done = Callable[[int, list[Outcome]], Sequence[Job] | None]
Progress = Callable[[int, int, LastPoint], None]
"""Is told a job's index, the iterations done and the last evaluation."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """When workers are to save their state and return: at a time, or once a file is there.

    Attributes:
        file: its existence asks to stop; None for no such file.
        deadline: seconds since the epoch; None for no limit.
    """

    file: str | None = None
    deadline: float | None = None

    def asked(self) -> bool:
        """Tell whether it is time to stop."""
        late = self.deadline is not None and time.time() >= self.deadline
        return late or (self.file is not None and Path(self.file).exists())


def train_here(
    jobs: list[Job],
    stop: Stop,
    done: Done,
    progress: Progress,
    left: "deque[int] | None" = None,
) -> None:
    """Train jobs in this process, in order, those that `done` adds too.

    `left` are the indices of the jobs to train; None for all.
    """
    left = deque(range(len(jobs))) if left is None else left
    with restored():
        while left and not stop.asked():
            index, before = left.popleft(), len(jobs)
            outcomes = attempt(jobs[index], stop, functools.partial(progress, index))
            jobs += done(index, outcomes) or ()
            left.extend(range(before, len(jobs)))


def train_quick(
    jobs: list[Job],
    workers: int,
    stop: Stop,
    done: Done,
    progress: Progress,
    *,
    left: "deque[int] | None" = None,
) -> "deque[int]":
    """Train jobs in this process while that ends sooner than with workers.

    `left` are the indices of the jobs to train; None for all. Return those that are left for
    workers; the first may have begun.
    """
    began, left = time.monotonic(), deque(range(len(jobs))) if left is None else left
    limit = START_SECONDS * workers / (workers - 1)  # from which workers would be ahead
    with restored():
        while left and not stop.asked():
            spent = time.monotonic() - began
            estimates = itertools.accumulate((_seconds(jobs[i]) for i in left), initial=spent)
            if any(total > limit for total in estimates):  # of many jobs, the first few tell
                return left
            index, until = left[0], time.time() + limit - spent
            mine = dataclasses.replace(stop, deadline=min(stop.deadline or until, until))
            outcomes = attempt(jobs[index], mine, functools.partial(progress, index))
            if any(outcome.status == "timeout" for outcome in outcomes) and not stop.asked():
                return left  # it takes longer than it seemed
            left.popleft()
            before = len(jobs)
            jobs += done(index, outcomes) or ()
            left.extend(range(before, len(jobs)))
    return deque()


def _seconds(job: Job) -> float:
    """Return about how long a job takes; of one that may end its process, infinity."""
    if job.external_files or job.device != "cpu":
        return float("inf")
    work = sum(family_for(cell).work(cell) for cell in job.cells)
    return sum(cell.iterations for cell in job.cells) * UPDATE_SECONDS + work / RATE


def is_staged(job: Job) -> bool:
    """Tell whether a job's network is cut into stages, which have processes of their own."""
    return job.cells[0].stages is not None


def attempt(job: Job, stop: Stop, progress: Callable[[int, LastPoint], None]) -> list[Outcome]:
    """Train a job; what it raises is its outcome, but for an SgbenchError.

    Cells that have come differently far go on one group after another; so do the halves of a stack
    that memory is too short for. What a rule prints goes to stderr: stdout is for results, and for
    what `progress` prints.
    """
    if is_staged(job):
        return _attempt(job, stop, progress)
    found: dict[int, Outcome] = {}
    waiting = deque(loop.by_progress(job))
    while waiting:
        replicas = waiting.popleft()
        try:
            whole = len(replicas) == len(job.cells)
            part = job if whole else job.of(replicas)
            outcomes = _attempt(part, stop, progress, alone=len(replicas) == 1)
        except _TooLargeError:
            half = len(replicas) // 2
            for some in (replicas[half:], replicas[:half]):  # each may have come differently far
                groups = loop.by_progress(job.of(some))
                waiting.extendleft([some[n] for n in group] for group in reversed(groups))
        else:
            found |= zip(replicas, outcomes, strict=True)
        finally:
            _let_go(job.device)
    return [found[r] for r in range(len(job.cells))]


def _let_go(device: str) -> None:
    """Give a GPU's memory back: a program and its clock refer to each other."""
    if device != "cpu":
        import torch

        gc.collect()
        torch.cuda.empty_cache()


class _TooLargeError(Exception):
    """Memory was short for a program of several cells."""


def _attempt(
    job: Job, stop: Stop, progress: Callable[[int, LastPoint], None], *, alone: bool = True
) -> list[Outcome]:
    """Train a program. Raises _TooLargeError where memory is short, unless its cell is `alone`."""
    stdout = sys.stdout

    def should_stop(iteration: int, point: LastPoint) -> bool:
        with contextlib.redirect_stdout(stdout):
            progress(iteration, point)
        return stop.asked()

    try:
        with contextlib.redirect_stdout(sys.stderr):
            if is_staged(job):
                from ..pipeline import train

                return train.train(job, should_stop)
            return loop.train(job, should_stop)
    except SgbenchError:
        raise
    except TrainingError as error:  # a program's end is its outcome; the grid goes on
        cause, done = error.cause, error.iterations_done
    except (Exception, SystemExit) as error:
        cause, done = error, 0
    outcomes = _failed(job, cause, done)  # which lets go of its memory
    if not alone and isinstance(cause, Exception) and exhausted(cause):
        raise _TooLargeError
    return outcomes


def _failed(job: Job, error: Exception | SystemExit, iterations_done: int) -> list[Outcome]:
    """Return the outcomes of a job that raised, and let go of its memory."""
    at = line_in([one.path for one in job.external_files], error)
    traceback.clear_frames(error.__traceback__)  # they hold the program's memory
    words = at + line_of(job, type(error).__name__, error)
    return loop.failed(job, words, iterations_done=iterations_done)


def line_of(job: Job, name: str, reason: object) -> str:
    """Return why a job failed, on one line; where memory was short, what it needs of how much."""
    if isinstance(reason, Exception) and exhausted(reason):
        reason = f"{memory_estimate.against(job.cells, job.device)}: {reason}"
    return " ".join(f"{name}: {reason}".split())
