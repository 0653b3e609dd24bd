"""A study as an Optuna study: for Optuna's importances, and for tools such as optuna-dashboard."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError, one_line
from ...results.files.atomic_io import reason
from ...results.store.study import Study
from ..exhibits.space import Dimension, in_space
from .candidates import Arm
from .optuna_adapter import chosen_dimensions, optuna_value, quietly
from .trials import Trial, span


def importances(arm: Arm, trials: Sequence[Trial]) -> dict[str, dict[str, float]]:
    """Return each searched field's share in the variance of the objective, by two estimates.

    They are `fANOVA` and `MDI` (mean decrease in impurity), both from random forests, over complete
    trials inside the space and for fields that all of these have. Empty where fewer than four
    results differ.
    """
    ended = [t for t in trials if t.state == "complete" and in_space(arm.space, t.params)]
    if len({trial.value for trial in ended}) < 4:
        return {}
    with quietly() as optuna:
        study = _filled(optuna, optuna.create_study(), arm, ended)
        kinds = optuna.importance
        evaluators = {
            "fANOVA": kinds.FanovaImportanceEvaluator(seed=0),
            "MDI": kinds.MeanDecreaseImpurityImportanceEvaluator(seed=0),
        }
        return {
            name: {
                field: float(share)
                for field, share in kinds.get_param_importances(study, evaluator=how).items()
            }
            for name, how in evaluators.items()
        }


def export(study: Study, arms: Sequence[tuple[Arm, Sequence[Trial]]], path: Path) -> None:
    """Write an Optuna storage with a study per arm: a journal if named `*.log`, otherwise SQLite.

    Raises UsageError where the file exists or cannot be written.
    """
    if path.exists():
        raise UsageError(f"--export {path} exists: give another file")
    if path.suffix != ".log" and (odd := set("?#%").intersection(str(path.absolute()))):
        words = f"the path must not contain {' '.join(sorted(odd))}"  # it becomes part of a URL
        raise UsageError(f"--export {path}: {words}; give another file")
    try:
        path.open("xb").close()
        path.unlink()
    except OSError as error:
        words = f"cannot be written: {reason(error)}; give another file"
        raise UsageError(f"--export {path}: {words}") from error
    try:
        _write(study, arms, path)
    except Exception as error:  # Optuna's, SQLAlchemy's or the system's: all mean the same
        path.unlink(missing_ok=True)
        words = f"cannot be written: {one_line(str(error))}; give another file"
        raise UsageError(f"--export {path}: {words}") from error


def _write(study: Study, arms: Sequence[tuple[Arm, Sequence[Trial]]], path: Path) -> None:
    with quietly() as optuna:
        stores = optuna.storages
        if path.suffix == ".log":
            storage = stores.JournalStorage(stores.journal.JournalFileBackend(str(path)))
        else:
            storage = f"sqlite:///{path.absolute()}"
        for arm, trials in arms:
            made = optuna.create_study(
                study_name=f"{study.name}/{arm.label}",
                storage=storage,
                direction="minimize" if arm.objective.minimize else "maximize",
            )
            made.set_metric_names([arm.objective.name])
            _filled(optuna, made, arm, trials)


def _filled(optuna: Any, study: Any, arm: Arm, trials: Sequence[Trial]) -> Any:
    states = optuna.trial.TrialState
    names = {
        "complete": states.COMPLETE,
        "diverged": states.COMPLETE,
        "pruned": states.PRUNED,
        "failed": states.FAIL,
        "open": states.WAITING,
    }
    for trial in trials:
        # Optuna refuses values outside the space: of such a trial (the untuned protocol) it gets
        # the result only.
        mine = chosen_dimensions(arm, trial) if in_space(arm.space, trial.params) else []
        made = optuna.trial.create_trial(
            state=names[trial.state],
            value=trial.value if names[trial.state] == states.COMPLETE else None,
            params={d.field: optuna_value(d, trial.params[d.field]) for d in mine},
            distributions={d.field: _distribution(optuna, d) for d in mine},
            intermediate_values=dict(trial.points),
            user_attrs={
                "cells": [record.id for record in trial.records],
                "state": trial.state,
                "choice": dict(trial.params),
            },
        )
        if trial.state != "open":  # Optuna has made it just now
            spans = [span(record) for record in trial.records]
            made.datetime_start = _local(min(began for began, _ in spans))
            made.datetime_complete = _local(max(ended for _, ended in spans))
        study.add_trial(made)
    return study


def _local(time: datetime) -> datetime:
    """Return a time as Optuna has them: local, without its zone."""
    return time.astimezone().replace(tzinfo=None)


def _distribution(optuna: Any, d: Dimension) -> Any:
    kinds = optuna.distributions
    if d.values:
        return kinds.CategoricalDistribution([optuna_value(d, value) for value in d.values])
    kind = kinds.IntDistribution if isinstance(d.low, int) else kinds.FloatDistribution
    return kind(d.low, d.high, log=d.log)
