"""Jobs that train in a moment, what of their outcomes must not change, and a clock to set."""

import dataclasses
import os
import signal
from pathlib import Path

from sgbench.bench.nn import products
from sgbench.bench.training import loop
from sgbench.bench.training.loop import Job


def job_of(*cells, kind=Job, **changes):
    """The job of `cells` here, on one thread; `kind` is its class.

    `checkpoint` is the file of its first cell's state, that of the others is beside it.
    """
    file = changes.pop("checkpoint", None)
    fields = {
        "cells": cells,
        "ids": tuple(cell.key for cell in cells),
        "data_dir": None,
        "device": "cpu",
        "threads": 1,
        "matmul": products.available()[0],
        "matmul_error": None,
        "checkpoints": (file and (file, *(f"{file}.{r}" for r in range(1, len(cells))))) or (),
    }
    return kind(**(fields | changes))


def untimed(outcomes):
    """The outcomes without the times, which no two runs share."""
    return [
        dataclasses.replace(
            outcome,
            curve=[dataclasses.replace(point, seconds=0.0) for point in outcome.curve],
            progression=[dataclasses.replace(level, seconds=0.0) for level in outcome.progression],
            train_seconds=0.0,
            evaluation_seconds=0.0,
            steps_per_second=None,
            examples_per_second=None,
            tokens_per_second=None,
        )
        for outcome in outcomes
    ]


def never(iteration, point):
    """A `ShouldStop` that never asks to stop."""
    return False


def stopping_at(*iterations):
    """A `ShouldStop` that asks to stop once at each of the iterations."""
    left = list(iterations)

    def should_stop(iteration, point):
        if left and iteration >= left[0]:
            left.pop(0)
            return True
        return False

    return should_stop


def train_in_parts(job, stops):
    """Train with a stop, and so a new process's start, at each of `stops`."""
    should_stop, parts = stopping_at(*stops), []
    while not parts or parts[-1][0].status == "timeout":
        parts.append(loop.train(job, should_stop))
    return parts


class Clock:
    """Stands in for the module `time`: stands still, but for what is added to `now`.

    Each look at it takes `tick` seconds.
    """

    def __init__(self, tick=0.0):
        self.now, self.tick = 1000.0, tick

    def perf_counter(self):
        self.now += self.tick
        return self.now

    monotonic = time = perf_counter

    def taking(self, seconds, function):
        """The function, taking so many seconds."""

        def timed(*args, **kwargs):
            self.now += seconds
            return function(*args, **kwargs)

        return timed


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeadlyJob(Job):
    """Kills the process that trains it, but the `driver`; only once where it has a `grave`."""

    driver: int = dataclasses.field(default_factory=os.getpid)
    grave: str | None = None

    @property
    def machine(self):
        if os.getpid() != self.driver and not (self.grave and Path(self.grave).exists()):
            if self.grave:
                Path(self.grave).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().machine


@dataclasses.dataclass(frozen=True, kw_only=True)
class LookingJob(Job):
    """Raises, where it is trained, an error that tells how that process is set up."""

    error: type = RuntimeError

    def __getattribute__(self, name):
        if name != "data_dir":
            return super().__getattribute__(name)
        import torch

        seen = {
            "threads": torch.get_num_threads(),
            "environ": {k: v for k, v in os.environ.items() if k.startswith("MALLOC")},
            "blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []),
        }
        raise self.error(repr(seen))
