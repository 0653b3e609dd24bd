"""What of a plan has ended while it runs, and about how long the rest takes."""

import time
from collections import Counter
from typing import NamedTuple

from ...bench.cell import Cell
from ...bench.outcome import LastPoint
from ...reproductions.running.plan import Plan, shape, work
from ...results.record import Record
from .terminal import cell_names


class Running(NamedTuple):
    """A running program: the iteration and time at which it was first seen, and where it is now."""

    first: int
    since: float
    iteration: int
    point: LastPoint

    @property
    def rate(self) -> float | None:
        """Updates a second since it was first seen; None until that can be told."""
        elapsed = time.monotonic() - self.since
        return (self.iteration - self.first) / elapsed if self.iteration > self.first else None


class Tally:
    """What of a plan has ended, and about how long the rest takes."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan, self.workers = plan, workers
        self.names = cell_names([planned.cell for planned in plan.cells])
        self.states = [planned.state for planned in plan.cells]
        self.records = [planned.record for planned in plan.cells]
        self.before = Counter(self.states)["done"]
        self.left = set(range(len(plan.programs)))
        self.running: dict[int, Running] = {}
        self.began = time.monotonic()
        self._seconds: dict[str, float] = {}
        self._factor = [0.0, 0.0]  # seconds taken and the work that was done in them
        # By shape and length: an estimate after each of many programs must not look at all others.
        self._kinds = [self._kind(program) for program in range(len(plan.programs))]
        self._waiting = Counter(self._kinds)
        self._examples = {kind: program for program, kind in enumerate(self._kinds)}
        self.cells_left = sum(map(len, plan.programs))  # that the run still has to bring to an end
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
        """Return a program's first cell; the others have its shape."""
        return self.plan.cells[self.plan.programs[program][0]].cell

    def name(self, program: int) -> str:
        """Return what a program is called."""
        first, *others = self.plan.programs[program]
        return self.names[first] + (f" and {len(others)} more" if others else "")

    def see(self, program: int, iteration: int, point: LastPoint) -> None:
        """Note how far a running program is, and its last evaluation."""
        if program in self.left:
            first = Running(iteration, time.monotonic(), iteration, point)
            known = self.running.get(program, first)
            self.running[program] = known._replace(iteration=iteration, point=point)

    def end(self, program: int, records: list[Record]) -> None:
        """Note that a program has ended."""
        self.running.pop(program, None)
        for index, record in zip(self.plan.programs[program], records, strict=True):
            self.states[index] = "done" if record.status == "ok" else record.status
            self.records[index] = record
            self._learn(record)
        if all(record.status != "timeout" for record in records) and program in self.left:
            self.left.discard(program)
            self.cells_left -= len(self.plan.programs[program])
            self._waiting[self._kinds[program]] -= 1

    @property
    def progress(self) -> float:
        """The number of cells that have ended, with the parts of those that run."""
        ended = len(self.states) - self.cells_left
        return ended + sum(r.iteration / self.cell(p).iterations for p, r in self.running.items())

    def seconds_left(self) -> float | None:
        """Return about how long the rest takes; None before anything is known."""
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
        """Return the seconds that a running program still takes."""
        running, known = self.running[program], self._kinds[program][0] in self._seconds
        measured = running.rate if not known else None
        per_step = 1 / measured if measured else self._per_step(program, factor)
        return (self.cell(program).iterations - running.iteration) * per_step

    def _per_step(self, program: int, factor: float) -> float:
        """Return the seconds an update of a program takes: as measured, else by its work."""
        per_step = self._seconds.get(self._kinds[program][0])
        return factor * self._work(program) if per_step is None else per_step

    def _kind(self, program: int) -> tuple[str, int]:
        """Return what programs that take the same time share."""
        cell = self.cell(program)
        return shape(cell), cell.iterations

    def _work(self, program: int) -> float:
        return work(self.cell(program)) / self.cell(program).iterations

    def _learn(self, record: Record) -> None:
        if record.status == "ok":
            cell, seconds = record.cell, record.train_seconds + record.evaluation_seconds
            self._seconds[shape(cell)] = seconds / cell.iterations
            self._factor[0] += seconds
            self._factor[1] += work(cell)
