"""The progress of a study: a line per trial on stderr, and its trials as JSON values."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from ...reproductions.tuning.candidates import Arm, untuned_params
from ...reproductions.tuning.trials import Trial
from ...results.store.study import Study
from ..analysis.naming import count, duration
from ..analysis.study_results import StudyResults, choice_words, command
from .progress import STOPPING

Each = Callable[[dict[str, Any]], None]


class StudyLines:
    """Prints a line when a trial ends, and calls `each` with its values."""

    def __init__(self, study: Study, each: Each | None) -> None:
        self.study, self._each = study, each
        self._began, self._there, self._total = time.monotonic(), 0, study.trials

    def begins(self, study: Study, arms: Sequence[Arm], there: int, workers: int) -> None:
        """Print what the study is about to do."""
        self._there, self._total = there, study.trials * len(arms)
        searches = "" if len(arms) == 1 else f" of each of {', '.join(arm.label for arm in arms)}"
        done = f", {there} of them done" if there else ""
        at_a_time = "one cell at a time" if workers == 1 else f"{workers} cells at a time"
        total = f"{count(study.trials, 'trial')}{searches}"
        self._say(f"study {study.name}: {total}{done}, {at_a_time}")
        for arm in arms:
            if arm.dropped:
                fields = ", ".join(arm.dropped)
                self._say(f"{arm.label}: of the space {fields} does not apply")

    def ended(self, arm: Arm, trial: Trial, leading: Trial | None) -> None:
        """Print how a trial ended, and which one is the best so far."""
        if self._each is not None:
            self._each(trial_values(self.study, arm, trial))
        objective = arm.objective
        value = "" if trial.value is None else f"{trial.value:8.{objective.decimals}f}"
        told = {
            "complete": f"{value} {objective.unit}",
            "pruned": f"{value} {objective.unit}, given up at {trial.points[-1][0]:,}"
            if trial.points
            else "given up",
            "diverged": "diverged",
            "failed": f"failed: {_reason(trial)}",
        }[trial.state]
        self._there += 1
        at = f"{self._there:{len(str(self._total))}}/{self._total}  {arm.label} {trial.number}"
        best = ""
        if leading is not None and leading.value is not None:
            best = f", best {leading.value:.{objective.decimals}f} by trial {leading.number}"
        elapsed = duration(time.monotonic() - self._began)
        own = " (the untuned protocol)" if trial.params == untuned_params(arm) else ""
        words = f"{at}  {told.strip()}  {choice_words(trial.params)}{own}"
        self._say(f"{words}  ({elapsed}{best})")

    def retraining(self, arm: Arm, trial: Trial) -> None:
        """Print that the winner is being retrained."""
        seeds = count(self.study.fresh, "fresh seed")
        both = "the untuned protocol"
        if trial.params != untuned_params(arm):
            both = f"it and {both}"
        words = f"trial {trial.number} is best: retraining {both}, {seeds}, on the test split"
        self._say(f"{arm.label}: {words}")

    def stopping(self, number: int) -> None:
        """Print it, past the buffers that the signal may have interrupted."""
        del number
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{STOPPING}\n".encode())

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _reason(trial: Trial) -> str:
    return next((r.error for r in trial.records if r.error), None) or "no reason is known"


def trial_values(study: Study, arm: Arm, trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON values."""
    return {
        "study": study.name,
        "arm": arm.label,
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "params": dict(trial.params),
        "iterations": trial.iterations,
        "seconds": trial.seconds,
        "cells": [record.id for record in trial.records],
    }


def study_values(results: StudyResults) -> list[dict[str, Any]]:
    """Return the results of each arm of a study, as JSON values."""
    found: list[dict[str, Any]] = []
    for arm in results.arms:
        gain = arm.gain
        found.append(
            {
                "study": results.study.name,
                "arm": arm.arm.label,
                "trials": len(arm.trials),
                "objective": arm.arm.objective.name,
                "best": arm.winner and trial_values(results.study, arm.arm, arm.winner),
                "iterations": arm.iterations,
                "seconds": arm.seconds,
                "tuned": dict(arm.tuned.values) if arm.tuned else {},
                "as_it_is": dict(arm.untuned.values) if arm.untuned else {},
                "p": None if gain is None else gain[1],
                "verdict": arm.verdict,
                "command": arm.winner and command(results.study, arm.arm, arm.winner),
            }
        )
    return found
