"""Progress of a run: bars of the running programs on a terminal, else a line for each cell."""

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ...bench.outcome import UNFINISHED, LastPoint
from ...reproductions.running.plan import Plan
from ...results.record import Record
from ..analysis.naming import count, duration, short_id
from .eta import Tally
from .terminal import evaluation, outcome

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STOPPING = "stopping: running cells save their state (once more: stop at once)"


class Display(Protocol):
    """Shows the progress of a run."""

    def start(self, tally: Tally) -> None:
        """Training begins."""
        ...

    def moved(self, tally: Tally, program: int) -> None:
        """A running program has progressed."""
        ...

    def ended(self, tally: Tally, program: int, records: list[Record]) -> None:
        """A program has ended."""
        ...

    def stopping(self) -> None:
        """The run was asked to stop; called in the signal handler."""
        ...

    def close(self) -> None:
        """Nothing more is shown."""
        ...


def display(title: str, *, alone: bool) -> Display:
    """Return bars where stderr is a terminal that nothing else is printed on, else lines.

    `alone` tells whether nothing else is printed there.
    """
    moving = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Bars(title) if moving and alone else ProgressLines(title)


class Watch:
    """Is told of a run's progress, and has a display show it.

    `begin` is called once the store has been read, `each` with every record that is stored.
    """

    def __init__(
        self,
        display: Display,
        begin: Callable[[], None],
        each: Callable[[Record], None] | None = None,
    ) -> None:
        self.display, self.tally = display, Tally(Plan(cells=(), programs=()), 0)
        self._begin, self._each, self._lock = begin, each, threading.RLock()

    def planned(self, plan: Plan, workers: int) -> None:
        """Show the plan."""
        self._begin()
        self.tally = Tally(plan, workers)
        if plan.programs:
            self.display.start(self.tally)

    def progress(self, program: int, iteration: int, point: LastPoint) -> None:
        """Show how far a program is; may be called in any thread."""
        with self._lock:
            if program in self.tally.left:
                self.tally.see(program, iteration, point)
                self.display.moved(self.tally, program)

    def finished(self, program: int, records: list[Record]) -> None:
        """Pass on the records of a program that has ended, and show them."""
        if self._each is not None:
            for record in records:
                self._each(record)
        with self._lock:
            self.tally.end(program, records)
            self.display.ended(self.tally, program, records)

    def stopping(self, number: int) -> None:
        """Show that the run is about to stop."""
        del number
        self.display.stopping()


class Quiet:
    """Shows nothing."""

    def start(self, tally: Tally) -> None:
        """Show nothing."""

    def moved(self, tally: Tally, program: int) -> None:
        """Show nothing."""

    def ended(self, tally: Tally, program: int, records: list[Record]) -> None:
        """Show nothing."""

    def stopping(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class ProgressLines:
    """A line for each cell on stderr, for logs."""

    def __init__(self, title: str) -> None:
        self.title = title

    def start(self, tally: Tally) -> None:
        """Print how many cells are to be run, and how many at a time."""
        workers = "one at a time" if tally.workers == 1 else f"{tally.workers} at a time"
        total = count(len(tally.states), "cell")
        self._say(f"{self.title}: {tally.cells_left:,} of {total} to run, {workers}")

    def moved(self, tally: Tally, program: int) -> None:
        """Print nothing: a log has what is done."""

    def ended(self, tally: Tally, program: int, records: list[Record]) -> None:
        """Print each cell's id and outcome, and the time that is left."""
        total = len(tally.states)
        at = f"{total - tally.cells_left:{len(str(total))}}/{total}"
        for index, record in zip(tally.plan.programs[program], records, strict=True):
            name = f"{short_id(record.id)}  {tally.names[index]}"
            self._say(f"{at}  {name}  {outcome(record)}  {_times(tally)}")

    def stopping(self) -> None:
        """Print that, past the buffers that the signal handler may have interrupted."""
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{STOPPING}\n".encode())

    def close(self) -> None:
        """Do nothing: every line is written by now."""

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _times(tally: Tally) -> str:
    words = ", ".join(filter(None, [duration(tally.elapsed), tally.time_left()]))
    return f"({words})"


class Bars:
    """A bar of all cells and one for each running program on stderr, for terminals."""

    def __init__(self, title: str) -> None:
        self.title, self._stopping = title, False
        self._slots: dict[TaskID, int] = {}  # rows, and the programs they show, ended ones too
        self._progress: Progress | None = None

    def start(self, tally: Tally) -> None:
        """Draw the first frame."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        longest = max(map(len, [self.title, *map(tally.name, tally.left)]))
        name = Column(no_wrap=True, overflow="ellipsis", min_width=min(longest, 44))
        self._progress = Progress(
            TextColumn("{task.description}", table_column=name, markup=False),
            BarColumn(bar_width=24, complete_style="cyan", finished_style="green"),
            TextColumn("{task.fields[info]}", style="dim", markup=False),
            console=Console(stderr=True, highlight=False),
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,  # it would put results on stderr
        )
        starting = f"starting {count(tally.workers, 'worker')}" if tally.workers > 1 else ""
        self._all = self._progress.add_task(self.title, total=len(tally.states), info=starting)
        self._draw(tally, starting)
        self._progress.start()

    def moved(self, tally: Tally, program: int) -> None:
        """Advance the program's bar."""
        running = tally.running[program]
        total, rate = tally.until(program), running.rate
        info = f"{running.iteration:,}/{total:,} iterations"
        if rate:
            info += f", {rate:,.0f}/s, {duration((total - running.iteration) / rate)} left"
        if running.point is not None:
            info = f"{evaluation(tally.cell(program), running.point)}, {info}"
        self._row(tally, program, running.iteration, info)
        self._draw(tally)

    def ended(self, tally: Tally, program: int, records: list[Record]) -> None:
        """Show how the program ended, until another one takes its row."""
        for index, record in zip(tally.plan.programs[program], records, strict=True):
            if record.status not in ("ok", *UNFINISHED) and self._progress is not None:
                line = f"{short_id(record.id)}  {tally.names[index]}  {outcome(record)}"
                self._progress.console.print(line, markup=False)
        self._row(tally, program, records[0].iterations_done, outcome(records[0]).strip())
        self._draw(tally)

    def stopping(self) -> None:
        """Note it for the next frame."""
        self._stopping = True

    def close(self) -> None:
        """Remove the bars."""
        if self._progress is not None:
            self._progress.stop()

    def _row(self, tally: Tally, program: int, iteration: int, info: str) -> None:
        if self._progress is None:
            return
        rows = {shown: row for row, shown in self._slots.items()}
        free = (row for row, shown in self._slots.items() if shown not in tally.running)
        row = rows.get(program, next(free, None))
        if row is None:
            row = self._progress.add_task("", total=None, info="")
        self._slots[row] = program
        total = tally.until(program)
        name = tally.name(program)
        self._progress.update(row, description=name, completed=iteration, total=total, info=info)

    def _draw(self, tally: Tally, info: str = "") -> None:
        if self._progress is None:
            return
        ended = len(tally.states) - tally.cells_left
        words = info or f"{ended:,}/{len(tally.states):,} cells"
        words = ", ".join(filter(None, [words, tally.time_left()]))
        words = STOPPING if self._stopping else words
        self._progress.update(self._all, completed=tally.progress, info=words)
