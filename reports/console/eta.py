"""The tally of a run: which cells have ended, and an estimate of the time that is left."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ...bench.cell import Cell
from ...bench.outcome import LastPoint
from ...reproductions.running.plan import Plan, shape, work
from ...reproductions.running.rates import may_end_early
from ...results.record import Record
from ..analysis.naming import cell_names, duration


def about(cells: Iterable[Cell]) -> str:
    """Return what stands before the time of cells: `at most` where some may end by themselves."""
    return "at most" if may_end_early(cells) else "about"


class Running(NamedTuple):
    """A running program: the iteration and time at which it was first seen, and where it is now."""

    first: int
    since: float
    iteration: int
    point: LastPoint

    @property
    def rate(self) -> float | None:
        """Updates a second since it was first seen; None before there is any."""
        elapsed = time.monotonic() - self.since
        return (self.iteration - self.first) / elapsed if self.iteration > self.first else None


class Tally:
    """The states of a plan's cells as they are trained, and the time that is left."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan, self.workers = plan, workers
        self.names = cell_names([planned.cell for planned in plan.cells])
        self.states = [planned.state for planned in plan.cells]
        self.records = [planned.record for planned in plan.cells]
        self.before = Counter(self.states)["done"]
        self.left = set(range(len(plan.programs)))
        self.running: dict[int, Running] = {}
        self.began = time.monotonic()
        self._about = about(map(self.cell, self.left))
        self._seconds: dict[str, float] = {}
        self._factor = [0.0, 0.0]  # seconds, and the work that was done in them
        # By shape and length, so that an estimate does not go through all programs.
        self._kinds = [self._kind(program) for program in range(len(plan.programs))]
        self._waiting = Counter(self._kinds)
        self._examples = {kind: program for program, kind in enumerate(self._kinds)}
        self.cells_left = sum(map(len, plan.programs))  # that have not ended yet
        for planned in plan.cells:
            if planned.record is not None:
                self._learn(planned.record)

    @property
    def counts(self) -> Counter[str]:
        """The number of cells in each state."""
        return Counter(self.states)

    @property
    def elapsed(self) -> float:
        """Seconds since the plan was made."""
        return time.monotonic() - self.began

    def cell(self, program: int) -> Cell:
        """Return a program's first cell; the others have the same shape."""
        return self.plan.cells[self.plan.programs[program][0]].cell

    def until(self, program: int) -> int:
        """Return the number of updates that are wanted of a program."""
        return self.plan.cells[self.plan.programs[program][0]].until

    def name(self, program: int) -> str:
        """Return a program's name."""
        first, *others = self.plan.programs[program]
        return self.names[first] + (f" and {len(others)} more" if others else "")

    def see(self, program: int, iteration: int, point: LastPoint) -> None:
        """Note how far a running program is, and its last evaluation."""
        if program in self.left:
            first = Running(iteration, time.monotonic(), iteration, point)
            known = self.running.get(program, first)
            self.running[program] = known._replace(iteration=iteration, point=point)

    def end(self, program: int, records: list[Record]) -> None:
        """Note the records of a program that has ended."""
        self.running.pop(program, None)
        for index, record in zip(self.plan.programs[program], records, strict=True):
            self.states[index] = "done" if record.status in ("ok", "partial") else record.status
            self.records[index] = record
            self._learn(record)
        if all(record.status != "timeout" for record in records) and program in self.left:
            self.left.discard(program)
            self.cells_left -= len(self.plan.programs[program])
            self._waiting[self._kinds[program]] -= 1

    @property
    def progress(self) -> float:
        """The number of cells that have ended, and the fractions of those that are running."""
        ended = len(self.states) - self.cells_left
        return ended + sum(r.iteration / self.until(p) for p, r in self.running.items())

    def time_left(self) -> str:
        """Return the time that is left, in words: `about 5 min`; nothing before it is known."""
        seconds = self.seconds_left()
        return f"{self._about} {duration(seconds)} left" if seconds else ""

    def seconds_left(self) -> float | None:
        """Return an estimate of the seconds that are left; None before there is any."""
        seconds, done = self._factor
        for program, running in self.running.items() if not done else ():
            if running.rate:
                seconds += 1 / running.rate
                done += self._work(program)
        if not done:
            return None
        spans = [(self._span(program, seconds / done), 1) for program in self.running]
        waiting = self._waiting - Counter(self._kinds[program] for program in self.running)
        for kind, number in waiting.items():
            spans.append((kind[1] * self._per_step(self._examples[kind], seconds / done), number))
        longest = max((span for span, _ in spans), default=0.0)
        return max(sum(span * number for span, number in spans) / max(1, self.workers), longest)

    def _span(self, program: int, factor: float) -> float:
        """Return an estimate of the seconds that a running program still takes."""
        running, known = self.running[program], self._kinds[program][0] in self._seconds
        measured = running.rate if not known else None
        per_step = 1 / measured if measured else self._per_step(program, factor)
        return (self.until(program) - running.iteration) * per_step

    def _per_step(self, program: int, factor: float) -> float:
        """Return the seconds of an update of a program: measured, else estimated by its work."""
        per_step = self._seconds.get(self._kinds[program][0])
        return factor * self._work(program) if per_step is None else per_step

    def _kind(self, program: int) -> tuple[str, int]:
        """Return the shape and what is left of a program: alike ones take the same time."""
        planned = self.plan.cells[self.plan.programs[program][0]]
        return shape(planned.cell), planned.iterations_left

    def _work(self, program: int) -> float:
        return work(self.cell(program)) / self.cell(program).iterations

    def _learn(self, record: Record) -> None:
        if record.status in ("ok", "partial") and record.iterations_done:
            cell, seconds = record.cell, record.train_seconds + record.evaluation_seconds
            self._seconds[shape(cell)] = seconds / record.iterations_done
            self._factor[0] += seconds
            self._factor[1] += work(cell) * record.iterations_done / cell.iterations
