"""The results of a study: its arms with their trials, the winners retrained, and the cost."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...bench import datasets
from ...reproductions.tuning.candidates import (
    Arm,
    fresh_cells,
    set_texts,
    trial_cells,
    untuned_params,
)
from ...reproductions.tuning.optuna_export import importances
from ...reproductions.tuning.study_options import arms_of_study
from ...reproductions.tuning.trials import RecordIndex, Trial, best, derive, home
from ...results.metrics import grain
from ...results.record import Record
from ...results.statistics import intervals, two_samples
from ...results.statistics.expected_best import expected_best
from ...results.store.study import Study
from .naming import count
from .wording import beside_limit

CONFIDENCE = 0.95
LEVEL = 0.05
"""At which the one-sided test on fresh seeds calls a winner better than the untuned protocol."""

TuningVerdict = Literal["better", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """Results of one choice on the test split, on seeds that no trial had.

    Attributes:
        values: by seed.
        lost: the number of cells that were trained and have no result.
        wanted: the number of seeds.
        iterations: updates of all cells together.
        seconds: the time that those took.
    """

    values: Mapping[int, float]
    lost: int
    wanted: int
    iterations: int
    seconds: float

    @property
    def ended(self) -> bool:
        """Whether every seed has a result, or was trained without one."""
        return len(self.values) + self.lost >= self.wanted

    @property
    def interval(self) -> intervals.Interval | None:
        """The mean and its interval over seeds; None without any."""
        return intervals.mean_interval([*self.values.values()], CONFIDENCE) if self.values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResults:
    """An arm with its trials, and what its winner and the untuned protocol do on fresh seeds.

    Attributes:
        arm: the configuration that is tuned.
        trials: in order.
        winner: the best trial, None where none is complete.
        tuned: the winner, retrained; None while the search goes on.
        untuned: the untuned protocol, retrained on the same seeds.
        importances: each field's share in the spread of the objective, by method.
    """

    arm: Arm
    trials: tuple[Trial, ...]
    winner: Trial | None
    tuned: Retrained | None
    untuned: Retrained | None
    importances: Mapping[str, Mapping[str, float]]

    @property
    def ended(self) -> list[Trial]:
        """The trials that have a value and are at an end."""
        return [t for t in self.trials if t.value is not None and t.state != "open"]

    @property
    def iterations(self) -> int:
        """Updates of all trials' cells together; a cell that several trials have counts once."""
        return sum(record.iterations_done for record in self._records())

    @property
    def seconds(self) -> float:
        """The time that those took."""
        return sum((r.train_seconds + r.evaluation_seconds) / r.replicas for r in self._records())

    def _records(self) -> list[Record]:
        return [*{r.key: r for trial in self.trials for r in trial.records}.values()]

    @property
    def gain(self) -> tuple[intervals.Interval, float] | None:
        """Tuned less untuned, paired by seed, with its one-sided p; None without pairs."""
        if self.tuned is None or self.untuned is None:
            return None
        pairs = [
            value - self.untuned.values[seed]
            for seed, value in self.tuned.values.items()
            if seed in self.untuned.values
        ]
        if not pairs:
            return None
        return intervals.mean_interval(pairs, CONFIDENCE), self._p(pairs)

    def _p(self, pairs: Sequence[float]) -> float:
        """Return the p of a gain, by the test of a paired claim: of lengths an exact one."""
        side = "less" if self.arm.objective.minimize else "greater"
        if self._on_a_ladder:
            return two_samples.exact_paired(pairs, 0.0, side)
        width = math.sqrt(2) * grain(self.arm.cell.dataset)
        return intervals.paired_test(pairs, 0.0, side, width)

    @property
    def _on_a_ladder(self) -> bool:
        return datasets.kind(self.arm.cell.dataset) == "episodes"

    @property
    def unchanged(self) -> bool:
        """Whether the winner is the untuned protocol."""
        return self.winner is not None and self.winner.params == untuned_params(self.arm)

    @property
    def verdict(self) -> TuningVerdict | None:
        """`better` where the winner is better than the untuned protocol on fresh seeds.

        `keep` where that is not shown, seeds of the winner are lost, or the untuned protocol won.
        None while the search goes on, and where there are no pairs of results to compare.
        """
        if self.tuned is None or self.untuned is None:
            return None
        if self.unchanged:
            return "keep"
        if not (self.tuned.ended and self.untuned.ended):
            return None
        if self.tuned.lost:
            return "keep"
        if self.gain is None:
            return None
        return "better" if self.gain[1] < LEVEL else "keep"

    @property
    def verdict_words(self) -> str:
        """The verdict in words; nothing where there is none."""
        if self.verdict is None or self.winner is None:
            return ""
        if self.unchanged:
            return f"keep the untuned protocol: it is the best of {len(self.trials)} trials"
        if self.tuned is not None and self.tuned.lost:
            seeds = f"{self.tuned.lost} of {count(self.tuned.wanted, 'fresh seed')}"
            return (
                f"keep the untuned protocol: trial {self.winner.number} has no result of {seeds},"
                " and those that are left are no fair sample"
            )
        interval, p = self.gain or (None, 1.0)
        shown = beside_limit(p, LEVEL, "g", 2)
        trial, test = f"trial {self.winner.number} is", f"on fresh seeds (p = {shown})"
        if self.verdict == "better":
            return f"{trial} better than the untuned protocol {test}"
        words = f"keep the untuned protocol: {trial} not better {test}"
        n = 0 if interval is None else interval.n
        few = n == 1 or (self._on_a_ladder and two_samples.least_paired(n) >= LEVEL)
        seeds = "one seed is" if n == 1 else f"{n} seeds are"
        return f"{words}; {seeds} no test, --fresh 5 is" if few else words

    @property
    def curve(self) -> list[float]:
        """The expected best value of k trials, for every k."""
        values = [trial.value for trial in self.ended if trial.value is not None]
        return expected_best(values, minimize=self.arm.objective.minimize)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """A study and the results of its arms."""

    study: Study
    arms: tuple[ArmResults, ...]


def study_results(
    study: Study, records: Iterable[Record], *, importance: bool = True
) -> StudyResults:
    """Return the results of a study, from its records.

    `importance` costs a second and needs Optuna; a single field has none.
    """
    arms, records, results = arms_of_study(study), list(records), list[ArmResults]()
    asked = {
        arm.label: [(params, trial_cells(study, arm, params)) for params in study.asked[arm.label]]
        for arm in arms
        if arm.label in study.asked
    }
    trained = (cell for trials in asked.values() for _, cells in trials for cell in cells)
    known = RecordIndex(records, home=home(records, trained))
    for arm in arms:
        trials = [
            derive(number, params, cells, known)
            for number, (params, cells) in enumerate(asked.get(arm.label, ()))
        ]
        over = len(trials) >= study.trials and all(trial.state != "open" for trial in trials)
        winner = best(trials, arm.objective)
        fresh: list[Retrained | None] = [None, None]
        if winner is not None and over:
            for n, params in enumerate((winner.params, None)):
                cells = fresh_cells(study, arm, params)
                fresh[n] = _fresh(arm, known.records_of(cells), len(cells))
        results.append(
            ArmResults(
                arm=arm,
                trials=tuple(trials),
                winner=winner,
                tuned=fresh[0],
                untuned=fresh[1],
                importances=importances(arm, trials) if importance and len(study.space) > 1 else {},
            )
        )
    return StudyResults(study=study, arms=tuple(results))


def _fresh(arm: Arm, records: Sequence[Record], wanted: int) -> Retrained:
    results = {record.seed: arm.objective.test_result(record) for record in records}
    return Retrained(
        values={seed: value for seed, value in sorted(results.items()) if value is not None},
        lost=sum(record.status in ("diverged", "failed") for record in records),
        wanted=wanted,
        iterations=sum(record.iterations_done for record in records),
        seconds=sum((r.train_seconds + r.evaluation_seconds) / r.replicas for r in records),
    )


def command(study: Study, arm: Arm, trial: Trial) -> list[str]:
    """Return the command that trains a trial's choice on the test split, on the fresh seeds."""
    split = [] if arm.cell.split in (None, "test") else ["split=test"]
    where = f"{arm.where},seed>={study.seeds}"
    words = ["sgbench", "run", study.exhibit, "--scale", study.scale, "--where", where]
    for text in (*set_texts(arm, trial.params), *split):
        words += ["--set", text]
    return [*words, "--seeds", str(study.seeds + study.fresh)]


def choice_words(params: Mapping[str, Any]) -> str:
    """Return a trial's choice in words."""
    words = (f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
    return " ".join(words)
