"""The parts of a running study: searches of its arms, batches of trials, options and listener."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...bench.cell import Cell
from ...results.store.store import Store
from ...results.store.study import Study
from ..running.plan import Plan, Planned
from ..running.run import SignalListener
from .candidates import Arm
from .optuna_adapter import Optimizer
from .trials import Trial


class StudyListener(SignalListener, Protocol):
    """Hears of the progress of a study, in the main thread."""

    def begins(self, study: Study, arms: Sequence[Arm], there: int, workers: int) -> None:
        """Training begins; `there` trials of all arms together have already ended."""
        ...

    def ended(self, arm: Arm, trial: Trial, leading: Trial | None) -> None:
        """A trial has ended and its records are durable; `leading` is the arm's best trial."""
        ...

    def retraining(self, arm: Arm, trial: Trial) -> None:
        """An arm's search has ended, and its best trial is retrained."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a study is run; the fields are options of `sgbench tune`."""

    store: Store
    data_dir: str | None = None
    device: str = "auto"
    jobs: int | None = None
    time_limit: float | None = None
    retry: Sequence[str] = ()


@dataclass(kw_only=True, eq=False)
class TrialBatch:
    """Trials that are judged together, or what is retrained of an arm, and the programs of either.

    Attributes:
        search: the arm's search.
        numbers: the trials' numbers; empty: the winner and the untuned protocol, retrained.
        plan: the programs of their cells.
        pruning_iterations: the iterations at which the trials are still to be judged.
        waiting: the numbers of the programs in training.
        closed: whether the trials are decided.
    """

    search: "Search"
    numbers: tuple[int, ...] = ()
    plan: Plan
    pruning_iterations: tuple[int, ...] = ()
    waiting: set[int] = field(default_factory=set[int])
    closed: bool = False

    @property
    def pause_at(self) -> int | None:
        """The iteration of the next judgement; None: the end of training."""
        return self.pruning_iterations[0] if self.pruning_iterations else None

    def planned(self, program_index: int) -> list[Planned]:
        """Return the cells of the program with this number, as planned."""
        return [self.plan.cells[index] for index in self.plan.programs[program_index]]

    def cells(self, program_index: int) -> list[Cell]:
        """Return the cells of the program with this number."""
        return [planned.cell for planned in self.planned(program_index)]


class Search:
    """The search of one arm: its optimizer, and its trials so far.

    `retrained` is whether nothing is left to retrain.
    """

    def __init__(self, arm: Arm, optimizer: Optimizer) -> None:
        self.arm, self.optimizer = arm, optimizer
        self.trials: list[Trial] = []
        self.retrained = False
