"""Run a study: ask for trials, train them side by side, judge them, retrain the best.

A trial is the records of its cells. Whenever a study is interrupted, the next run continues from
the study's file, these records and the checkpoints. Trials use the validation split; the test set
is used once, by each arm's best trial and the untuned protocol, on seeds that no trial had.
"""

import time
from dataclasses import dataclass

from ...bench.outcome import LastPoint
from ...results.store.study import Study
from ..running.run import signals, stop_file
from .search import RunOptions, StudyListener
from .study_runner import Tuner


@dataclass(kw_only=True)
class StudySummary:
    """How a run of a study ended: whether something is left, and the signal that ended it."""

    left: bool = False
    interrupted: int | None = None


def tune(study: Study, options: RunOptions, listener: StudyListener) -> StudySummary:
    """Run a study to its end; every record is durable before the listener hears of it.

    Signals and time limits work as in `run.run`. Raises UsageError, DataError or StoreError, before
    training where the fault can be known by then.
    """
    tuner = Tuner(study, options, listener)
    summary = StudySummary()
    if tuner.finished:
        return summary
    tuner.prepare()
    from ...bench.engine import dispatch

    deadline = None if options.time_limit is None else time.time() + options.time_limit
    with stop_file(options.time_limit) as file, signals(file, summary, listener):
        stop = dispatch.Stop(file=str(file), deadline=deadline)
        listener.begins(tuner.study, tuner.arms, tuner.trials_done, tuner.workers)
        tuner.stop = stop
        say = options.store.warnings.append
        dispatch.run(tuner.fill(), tuner.workers, stop, tuner.done, _progress, notify=say)
    summary.left = not tuner.finished
    return summary


def _progress(program: int, iteration: int, point: LastPoint) -> None:
    """Say nothing: a line a trial is enough."""
