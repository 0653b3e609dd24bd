"""Optuna's samplers and pruners: what to try next, and what to give up early.

Optuna's own state is never stored: each start rebuilds it from the trials (`Optimizer.replay`). The
next choice depends on the study's name, the arm, the trial's number and the trials told so far, so
an interrupted study continues as it would have. Optuna is imported when an optimizer is made.
"""

import hashlib
import math
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import field_of
from ...bench.errors import UsageError
from ...results.store.study import Study
from ..exhibits.field_text import format_value
from ..exhibits.space import Dimension, applies, as_json, in_space
from .candidates import Arm, trial_cells, untuned_params
from .trials import Trial

STARTUP = 8  # trials chosen at random before a sampler learns from them; Optuna's default is 10
FACTOR = 3  # of this many trials one continues at each pruning iteration
_FIRST = 9  # the first is after one ninth of the iterations


def pruning_iterations(cell: Cell, pruner: str) -> tuple[int, ...]:
    """Return the iterations at which a trial may be given up: evaluations, FACTOR times apart."""
    if pruner == "none":
        return ()
    at = cell.next_evaluation(max(0, math.ceil(cell.iterations / _FIRST) - 1))
    found: list[int] = []
    while at < cell.iterations:
        found.append(at)
        at = cell.next_evaluation(at * FACTOR - 1)
    return tuple(found)


def of_trials(study: Study, arm: Arm) -> tuple[int, ...]:
    """Return the iterations at which the trials of an arm may be given up.

    Raises UsageError where trials differ in them: an epoch has fewer updates of larger batches.
    """
    sizes = [{}, *({d.field: v} for d in arm.space if d.field == "batch_size" for v in d.ends)]
    cells = (trial_cells(study, arm, size)[0] for size in sizes)
    found = list(dict.fromkeys(pruning_iterations(cell, study.pruner) for cell in cells))
    if len(found) > 1:
        raise UsageError(
            "--space batch_size: by a schedule in epochs trials of different batches have different"
            " numbers of updates, and cannot be judged beside one another on the way; give --pruner"
            " none, or iterations and evaluate_every in updates by --set"
        )
    return found[0]


class Optimizer:
    """The Optuna study of one arm, in memory."""

    def __init__(self, study: Study, arm: Arm) -> None:
        self._study, self._arm = study, arm
        self._iterations = trial_cells(study, arm, {})[0].iterations
        self.pruning_iterations = of_trials(study, arm)
        self._open: dict[int, Any] = {}
        self._told: dict[int, int] = {}  # the last iteration that was reported of each trial
        with quietly() as optuna:
            self._optuna = optuna.create_study(
                study_name=f"{study.name}/{arm.label}",
                direction="minimize" if arm.objective.minimize else "maximize",
                sampler=self._sampler(0),
                pruner=_pruner(optuna, study.pruner, self.pruning_iterations, self._iterations),
            )

    def ask(self, number: int) -> dict[str, Any]:
        """Return what to try as trial `number`, the next; the first is the untuned protocol."""
        if number == 0:
            params = untuned_params(self._arm)
            self._take(number, params)
            return params
        with quietly():
            self._optuna.sampler = self._sampler(number)
            trial = self._open[number] = self._optuna.ask()
            return _suggest(trial, self._arm)

    def replay(self, trial: Trial) -> None:
        """Tell of a trial of an earlier start, the next one, as far as it went."""
        self._take(trial.number, trial.params)
        for at in self.pruning_iterations:
            if any(iteration >= at for iteration, _ in trial.points):
                self.prune(trial, at)
        if trial.state != "open":
            self.tell(trial)

    def _take(self, number: int, params: Mapping[str, Any]) -> None:
        """Begin the next trial with this choice; with none where it lies outside the space."""
        with quietly() as optuna:
            self._optuna.sampler = optuna.samplers.RandomSampler(seed=0)  # quick, chooses nothing
            inside = in_space(self._arm.space, params)
            if inside:
                dimensions = [d for d in self._arm.space if d.field in params]
                self._optuna.enqueue_trial(
                    {d.field: optuna_value(d, params[d.field]) for d in dimensions}
                )
            self._open[number] = self._optuna.ask()
            if inside:
                _suggest(self._open[number], self._arm)

    def prune(self, trial: Trial, at: int) -> bool:
        """Tell of a trial's values up to the iteration `at`; return whether to give it up there.

        The untuned protocol, the reference of all other trials, is never given up.
        """
        with quietly():
            live = self._open[trial.number]
            for iteration, value in trial.points:
                if self._told.get(trial.number, 0) < iteration <= at:
                    live.report(value, iteration)
                    self._told[trial.number] = iteration
            return bool(live.should_prune()) and trial.params != untuned_params(self._arm)

    def tell(self, trial: Trial) -> None:
        """Tell how a trial ended."""
        with quietly() as optuna:
            states = optuna.trial.TrialState
            live = self._open.pop(trial.number)
            if not in_space(self._arm.space, trial.params):
                self._optuna.tell(live, state=states.FAIL)  # samplers learn only from the space
            elif trial.state in ("complete", "diverged"):
                self._optuna.tell(live, trial.value)
            else:
                state = states.PRUNED if trial.state == "pruned" else states.FAIL
                self._optuna.tell(live, state=state)

    def _sampler(self, number: int) -> Any:
        name = f"{self._study.name}/{self._arm.label}/{number}"
        return _sampler(self._study.sampler, _seed(name))


def chosen_dimensions(arm: Arm, trial: Trial) -> list[Dimension]:
    """Return the dimensions in which a trial made a choice."""
    return [dimension for dimension in arm.space if dimension.field in trial.params]


def _suggest(trial: Any, arm: Arm) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for d in arm.space:
        if applies(d.field, arm.cell, params):
            params[d.field] = _suggested(trial, d)
    return params


def _suggested(trial: Any, d: Dimension) -> Any:
    if d.values:
        found = trial.suggest_categorical(d.field, [optuna_value(d, value) for value in d.values])
        return next(as_json(value) for value in d.values if optuna_value(d, value) == found)
    suggest = trial.suggest_int if isinstance(d.low, int) else trial.suggest_float
    return suggest(d.field, d.low, d.high, log=d.log)


def optuna_value(d: Dimension, value: Any) -> Any:
    """Return a value as Optuna accepts it: a list becomes its text."""
    many = field_of(d.field).many
    return format_value(d.field, tuple(value)) if many and value is not None else value


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _sampler(name: str, seed: int) -> Any:
    from optuna import samplers

    if name == "random":
        return samplers.RandomSampler(seed=seed)
    if name == "gp":
        return samplers.GPSampler(seed=seed, n_startup_trials=STARTUP)
    return samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, constant_liar=True)


def _pruner(optuna: Any, name: str, at: Sequence[int], iterations: int) -> Any:
    pruners = optuna.pruners
    if name == "none" or not at:
        return pruners.NopPruner()
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=STARTUP // 2)
    if name == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=at[0], reduction_factor=FACTOR)
    return pruners.HyperbandPruner(
        min_resource=at[0], max_resource=iterations, reduction_factor=FACTOR
    )


@contextmanager
def quietly() -> Generator[Any]:
    """Yield the module optuna, its log messages and experimental warnings silenced."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(level)
