"""Tune an exhibit: ask for trials, train them side by side, judge them, train the winner anew.

Each trial is the records of its cells: whatever moment a study is cut short at, the next run goes
on from the study's file, these records and the checkpoints. Trials are on the validation split; the
test set is looked at once, by each arm's winner and by the protocol as it is, on seeds that no
trial had.
"""

import time
from dataclasses import dataclass

from ...bench.outcome import LastPoint
from ...results.study import Study
from ..running.run import signals, stop_file
from .search import RunOptions, StudyListener
from .study_runner import Tuner


@dataclass(kw_only=True)
class StudySummary:
    """How it ended: whether there is something left, and the signal that stopped it."""

    left: bool = False
    interrupted: int | None = None


def tune(study: Study, options: RunOptions, listener: StudyListener) -> StudySummary:
    """Bring a study to its end; every record is durable before the listener hears of it.

    Signals and time limits are as in `run.run`. Raises UsageError, DataError or StoreError, before
    training where it can be known by then.
    """
    tuner = Tuner(study, options, listener)
    summary = StudySummary()
    if tuner.over:
        return summary
    tuner.prepare()
    from ...bench.engine import dispatch

    deadline = None if options.time_limit is None else time.time() + options.time_limit
    with stop_file(options.time_limit) as file, signals(file, summary, listener):
        stop = dispatch.Stop(file=str(file), deadline=deadline)
        listener.begins(tuner.study, tuner.arms, tuner.there, tuner.workers)
        tuner.stop = stop
        dispatch.run(tuner.fill(), tuner.workers, stop, tuner.done, _progress)
    summary.left = not tuner.over
    return summary


def _progress(program: int, iteration: int, point: LastPoint) -> None:
    """Say nothing: a line a trial is enough."""
