"""The plan of a run: what is done, what a run would do and how long it would take."""

from collections import Counter
from typing import Any

from ...bench.cell import Cell
from ...bench.errors import one_line
from ...bench.outcome import UNFINISHED
from ...reproductions.exhibits.exhibit import load
from ...reproductions.running.dry_run import DryRun
from ...reproductions.running.request import RunRequest
from ..analysis.naming import count, duration
from ..analysis.selection.protocol import PAPER
from ..analysis.verdicts.planned import Planned, answered, hardly, spread_unknown
from ..analysis.verdicts.planned import planned as plan_power
from .eta import about
from .terminal import dim

_MOST_TIMES = 4  # of places before the end, that are told
_NOTES = {
    "partial": "were trained as far as --until said",
    "timeout": "were cut short",
    "pruned": "were given up by a study",
    "stale": "have results of other code or other data",
    "failed": "only with --retry failed",
    "diverged": "only with --retry diverged",
}


def title(request: RunRequest) -> str:
    """Return what a request asks for: exhibit, scale, how far to train, and shard."""
    part = "" if request.shard is None else ", shard {}/{}".format(*request.shard)
    until = "" if request.until is None else f", until {request.until}"
    return f"{request.exhibit}, scale {request.label}{until}{part}"


def plan_text(request: RunRequest, seen: DryRun) -> str:
    """Return what is done, what a run would do and how long it would take.

    Published records cannot be added to: of a run on them nothing is said.
    """
    plan = seen.plan
    lines = [f"{title(request)}: {count(len(plan.cells), 'cell')}", ""]
    rerun = {plan.cells[index].state for program in plan.programs for index in program}
    for state, number in plan.counts().items():
        note = _note(state, state in rerun, seen.checkpoints.get(state, 0))
        lines.append(f"  {state:9}  {number:6,}  {dim(note)}".rstrip())
    lines.append("")
    cells = sum(map(len, plan.programs))
    if request.store.read_only:
        pass
    elif cells:
        programs = len(plan.programs)
        parts = "" if programs == cells else f" in {count(programs, 'program')}"
        workers = "one at a time" if seen.workers == 1 else f"{seen.workers} at a time"
        unknown = "time unknown (sgbench run --dry-run measures it)"
        planned = (plan.cells[index].cell for program in plan.programs for index in program)
        time = unknown if seen.seconds is None else f"{about(planned)} {duration(seen.seconds)}"
        lines.append(f"next run   {count(cells, 'cell')}{parts}, {workers}, {time}")
    else:
        lines.append("next run   nothing to do")
    if seen.too_large:
        number = sum(len(plan.programs[program]) for program in seen.too_large)
        why = next(iter(seen.too_large.values())).partition(": ")[2]
        lines.append(f"too large  {count(number, 'cell')} would fail: {why}")
    lines += _early_lines(request, seen)
    lines += _power_lines(request, seen)
    lines.append(f"store      {request.store.path}")
    lines.append(f"machine    {seen.machine or 'any: the records of every machine are counted'}")
    for name, number in sorted(seen.elsewhere.items()):
        lines.append(f"elsewhere  {count(number, 'cell')} done on {one_line(name)}")
    return "\n".join(lines) + "\n"


def _early_lines(request: RunRequest, seen: DryRun) -> list[str]:
    """Return which of the paper's numbers the first part of training answers, by --until."""
    if request.set or request.scale != PAPER or request.until is not None:
        return []
    found = answered(load(request.exhibit), _cells(seen))
    if not found:
        return []
    shown = list(found.items())
    shown = shown if len(shown) <= _MOST_TIMES else [*shown[: _MOST_TIMES - 1], shown[-1]]
    every = max(found.values())
    said = ", ".join(f"{number} of {every} by --until {at}" for at, number in shown)
    return [f"early      places before the end: {said}"]


def _power_lines(request: RunRequest, seen: DryRun) -> list[str]:
    """Return what the declared seeds would rather not decide, and which seeds are not judged."""
    if request.set:
        return []
    declared = load(request.exhibit).scale(request.scale).seeds
    lines: list[str] = []
    if request.seeds is not None and request.seeds > declared:
        lines.append(f"seeds      the first {declared} are judged, further ones only shown")
    few = _hardly(request, seen)
    if few:
        lines.append(f"power      {count(declared, 'seed')} would rather not decide")
        lines += [f"             {one.words}" for one in few]
    unknown = spread_unknown(load(request.exhibit), request.scale, _cells(seen))
    if unknown:
        lines.append("power      not told where no spread over seeds is known:")
        lines += [f"             {name}" for name in unknown]
    return lines


def _hardly(request: RunRequest, seen: DryRun) -> list[Planned]:
    if request.set:
        return []
    return hardly(plan_power(load(request.exhibit), request.scale, _cells(seen)))


def _cells(seen: DryRun) -> list[Cell]:
    """Return the configurations of a plan, each as its cell of seed 0."""
    return list(dict.fromkeys(planned.cell.with_seed(0) for planned in seen.plan.cells))


def _note(state: str, again: bool, checkpoints: int) -> str:
    """Return what there is to say of the cells in a state; `again` if they would be run."""
    retried = again and state in ("failed", "diverged")
    words = ["run again" if retried else _NOTES.get(state, "")]
    if checkpoints == 1:
        words.append("1 goes on from its checkpoint")
    elif checkpoints:
        words.append(f"{checkpoints:,} go on from their checkpoints")
    elif state in UNFINISHED:
        words.append("no checkpoint is left to go on from")
    return "; ".join(filter(None, words))


def plan_values(request: RunRequest, seen: DryRun) -> dict[str, Any]:
    """Return what `plan_text` tells as JSON values."""
    states = Counter(planned.state for planned in seen.plan.cells)
    return {
        "exhibit": request.exhibit,
        "scale": request.label,
        "shard": request.shard and "{}/{}".format(*request.shard),
        "cells": len(seen.plan.cells),
        "states": dict(sorted(states.items())),
        "checkpoints": dict(sorted(seen.checkpoints.items())),
        "to_run": sum(map(len, seen.plan.programs)),
        "programs": len(seen.plan.programs),
        "too_large": sum(len(seen.plan.programs[number]) for number in seen.too_large),
        "workers": seen.workers,
        "seconds": seen.seconds,
        "machine_class": seen.machine,
        "elsewhere": seen.elsewhere,
        "low_power": {one.name: round(one.power, 4) for one in _hardly(request, seen)},
        "store": str(request.store.path),
    }
