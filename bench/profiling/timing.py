"""Timing of programs against one another and against the machine's roofline, in rounds.

In a round everything has its turn: each program's step, the machine's limit for it, the same step
with its parts timed, and what the machine multiplies and copies; every other round goes backwards.
Whatever disturbs one disturbs all, and what is compared is compared within a round. Building, data,
first touches, compilation and counting come before the first round; nothing is ever evaluated.
"""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..cell import Cell
from ..families.family import family_for
from ..families.feedforward.program import FeedForwardProgram
from ..families.feedforward.update_mask import UpdateMask
from ..families.program import Program
from ..training.graphs import RECORDED_AFTER, stepper
from . import roofline
from .clock import Clock, clock_of
from .interleaved import Action, MachineRates, Turn, nothing
from .op_counter import Cost, count, resident
from .roofline import Memory
from .step_profile import PARTS, Stopwatch, watching
from .synthetic_data import program_for

MASK_STEPS = 32  # of a turn where steps differ by their update masks: always the same ones
WARM_UP = 2  # steps: with auxiliary outputs the second unroll is the first that does everything

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTiming:
    """The measurements of a program.

    `rounds` has for each round the seconds of a step, under `step`, `limit` (the machine's for it),
    the parts (`step_profile.PARTS`) and `other` (what is left of the step that they were timed in).
    """

    cells: tuple[Cell, ...]
    steps: int
    """In a turn."""
    rounds: Mapping[str, list[float]]
    limit: str
    """Through what the limit was fastest: a back-end, or how maps lie."""
    flops: float
    bytes: float
    adam_bytes: float
    peak_bytes: int
    """Memory of the program, its data included, and the most that a step takes on top."""
    compile_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Programs that were timed together, and what the machine did meanwhile, a round an entry."""

    timed: tuple[ProgramTiming, ...]
    matmul: list[float]
    """FLOP/s of float32 products of SIDE x SIDE, through the best back-end."""
    copy: list[float]
    """Bytes a second, read and written, of copying COPIED bytes."""
    load: tuple[float, float] | None
    """The machine's load average before the rounds and after; None where it has none."""


class _Entry:
    """A program with its turns."""

    def __init__(
        self, program: Program, memory: Memory, back_end: str, clock: Clock, compiled: float
    ) -> None:
        self.program, do_step = program, stepper(program)
        for _ in range(WARM_UP):
            program.step()
        self.compile_seconds = compile_seconds() - compiled
        masks = program.update_mask if isinstance(program, FeedForwardProgram) else None
        certain = masks is None or bool((masks.p == 1).all())
        unit = 1 if certain else MASK_STEPS
        begin = nothing if masks is None or certain else _same_masks(masks)
        begin()
        self.cost: Cost = count(program.step, unit)
        kept = resident(program)
        self.peak_bytes = kept + self.cost.peak_bytes
        for _ in range(RECORDED_AFTER if program.device.type == "cuda" else 0):
            do_step()  # until what is timed is replayed
        self.limit, do = roofline.best(self.cost, memory, back_end)
        self.parts: list[dict[str, float]] = []
        self._stopwatch = Stopwatch(clock)
        self.step, self.bound = Turn(do=do_step, begin=begin), Turn(do=do)
        self.watched = Turn(do=program.step, begin=begin)
        for turn in (self.step, self.bound):
            turn.fill(clock, unit)
        self.watched.steps = self.step.steps

    def watch(self, clock: Clock) -> None:
        """Take the turn with the parts timed."""
        with watching(self.program, self._stopwatch):
            self.watched.run(clock)
        taken = {p: s / self.watched.steps for p, s in self._stopwatch.take().items()}
        self.parts.append(taken | {"other": self.watched.seconds[-1] - sum(taken.values())})

    def result(self) -> ProgramTiming:
        """Return what was measured."""
        rounds = {"step": self.step.seconds, "limit": self.bound.seconds}
        rounds |= {part: [taken[part] for taken in self.parts] for part in (*PARTS, "other")}
        return ProgramTiming(
            cells=self.program.cells,
            steps=self.step.steps,
            rounds=rounds,
            limit=self.limit,
            flops=self.cost.flops,
            bytes=self.cost.bytes,
            adam_bytes=self.cost.adam_bytes,
            peak_bytes=self.peak_bytes,
            compile_seconds=self.compile_seconds,
        )


def measure(
    programs: Sequence[tuple[Cell, ...]],
    device: str,
    threads: int,
    back_end: str,
    *,
    rounds: int,
    clock: Clock | None = None,
    build: Callable[..., Any] = program_for,
    on_progress: OnProgress = lambda what, done, of: None,
) -> Session:
    """Time programs, on data that stands in for theirs; on a busy machine the numbers are worse.

    Args:
        programs: of each the cells it trains together; the largest first take the least memory,
            as the limits of those behind need none of their own.
        device: `cpu` or `cuda:i`.
        threads: CPU threads, part of the protocol.
        back_end: of the CPU's matrix products in training.
        rounds: at least 1.
        clock: the device's own if None.
        build: makes a program: `synthetic_data.program_for`.
        on_progress: told of progress: `building` or `timing`, how many programs or rounds are done,
            of how many.
    """
    clock = clock or clock_of(device)
    place = torch.device(device)
    with family_for(programs[0][0]).grad_mode():  # an exhibit's programs are of one kind
        memory, entries = Memory(place), list[_Entry]()
        for number, cells in enumerate(programs):
            on_progress("building", number, len(programs))
            compiled = compile_seconds()
            program = build(cells, device, threads, back_end)
            entries.append(_Entry(program, memory, back_end, clock, compiled))
        machine = MachineRates(place, back_end, clock)
        gc.collect()
        before = _load()
        for number in range(rounds):
            on_progress("timing", number, rounds)
            turns: list[Callable[[Clock], None]] = [
                take for e in entries for take in (e.step.run, e.bound.run, e.watch)
            ]
            turns += [turn.run for turn in machine.turns]
            for take in turns if number % 2 == 0 else reversed(turns):
                take(clock)
        after = _load()
    return Session(
        timed=tuple(entry.result() for entry in entries),
        matmul=machine.matmul(),
        copy=machine.copy(),
        load=None if before is None or after is None else (before, after),
    )


def compile_seconds() -> float:
    """Return the seconds this process has spent in torch's compiler, 0 where it never ran."""
    dynamo: Any = sys.modules.get("torch._dynamo.utils")
    if dynamo is None:
        return 0.0
    return float(sum(dynamo.compilation_time_metrics.get("_compile.compile_inner", ())))


def _same_masks(masks: UpdateMask) -> Action:
    """Return what lets the same update masks come again."""
    state = masks.state()
    state["generators"] = state["generators"].clone()
    return lambda: masks.restore(state)


def _load() -> float | None:
    """Return the load average of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
