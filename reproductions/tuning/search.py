"""The parts of a study that is run: its arms' searches, batches of trials, options and listener."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...bench.cell import Cell
from ...results.store.store import Store
from ...results.study import Study
from ..running.plan import Plan
from ..running.run import SignalListener
from .candidates import Arm
from .optuna_adapter import Optimizer
from .trials import Trial


class StudyListener(SignalListener, Protocol):
    """Hears of a study as it goes, in the main thread."""

    def begins(self, study: Study, arms: Sequence[Arm], there: int, workers: int) -> None:
        """Training begins; `there` trials of all arms have ended before."""
        ...

    def ended(self, arm: Arm, trial: Trial, leading: Trial | None) -> None:
        """A trial has ended, and its records are durable; `leading` is the arm's best one."""
        ...

    def retraining(self, arm: Arm, trial: Trial) -> None:
        """An arm's search has ended; its best trial is trained anew."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a study is run with; as the options of `sgbench run`."""

    store: Store
    data_dir: str | None = None
    device: str = "auto"
    jobs: int | None = None
    time_limit: float | None = None
    retry: Sequence[str] = ()


@dataclass(kw_only=True, eq=False)
class TrialBatch:
    """Trials that are judged together, or an arm's winner, and the programs of their cells."""

    search: "Search"
    numbers: tuple[int, ...] = ()  # of its trials; none: the winner and the protocol as it is
    plan: Plan
    rungs: tuple[int, ...] = ()
    waiting: set[int] = field(default_factory=set[int])  # programs that are being trained
    closed: bool = False

    @property
    def pause_at(self) -> int | None:
        """The iteration at which it is judged next; None: at its end."""
        return self.rungs[0] if self.rungs else None

    def cells(self, program: int) -> list[Cell]:
        """Return the cells of a program."""
        return [self.plan.cells[index].cell for index in self.plan.programs[program]]


class Search:
    """An arm on its way."""

    def __init__(self, arm: Arm, optimizer: Optimizer) -> None:
        self.arm, self.optimizer = arm, optimizer
        self.trials: list[Trial] = []
        self.retrained = False
