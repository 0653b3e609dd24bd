"""The gate on correctness: both builds train the same cells, and their results are held together.

Of one seed first: mostly they are the same to the last bit, and that is that. Where they are not
and no version says that they need not be, two things are asked. *Do the first updates agree to
rounding?* Another order of a sum does; other initial weights or batches, a label that leaks, a
target that is not bootstrapped, batch norm in the wrong mode do not, and what changes a rule has
to raise a version. *Are the results the same over seeds?* Rounding grows in training, so they are
tested for equivalence.
"""

import dataclasses
import itertools
import math
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from typing import Any, cast

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.hardware import cores
from ...results.comparison.stores import compare, groups, names
from ...results.comparison.verdict import Finding
from ...results.record import Record
from ...results.store.store import Store
from ..exhibits.exhibit import Exhibit, expand, load
from ..exhibits.schema import Gated
from ..exhibits.sets import parse_set
from ..exhibits.where import parse_where
from .builds import Build

SEEDS = 5
"""Paired seeds of an equivalence test."""
CUT_SHORT = 3
"""The exit code of a run that its `--time-limit` ended."""
FIRST_UPDATES = 3
ROUNDING = {"loss": 1e-3, "train_loss": 1e-3, "bits": 1e-3, "aux_loss": 2e-2, "sg_loss": 2e-2}
"""By what of a curve's point: the relative difference after the first updates that is taken for
rounding. Sums in another order stay within it, the mistakes that tests/gate plants do not. Of M
more: its last layer starts at zero, where Adam makes steps of full size of gradients that are
nothing but rounding. An error is no such number: it jumps by a whole example."""


def agree(
    exhibit: str,
    gated: Gated,
    builds: tuple[Build, Build],
    *,
    machine: Store,
    folder: Path,
    device: str,
    deadline: float,
    say: Callable[[str], object],
) -> list[Finding]:
    """Return what was found of every place that `gated` picks.

    Args:
        exhibit: the exhibit's name.
        gated: which cells.
        builds: baseline and candidate.
        machine: a store that knows the machine's back-end, which both builds then use.
        folder: where the builds may keep their records.
        device: `cpu` or `cuda:i`.
        deadline: when to stop, of `time.monotonic`.
        say: hears what is being done.

    Raises UsageError where a build cannot run the exhibit at all.
    """
    cut: list[Build] = []
    running: list[subprocess.Popen[str]] = []

    def trained(name: str, seeds: int, sets: Sequence[str] = ()) -> tuple[list[Record], ...]:
        say(f"correctness: {exhibit}, {name}, in both at once")

        def train(build: Build) -> list[Record]:
            store = folder / f"{build.name}.{bool(sets)}"
            if not store.exists():
                copytree(machine.path, store)
            options = {
                "--scale": [gated.scale],
                "--where": gated.where,
                "--set": _merged(gated.set, sets),
                "--seeds": [str(seeds)],
                "--store": [str(store)],
                "--device": [device],
                **({"--jobs": [str(max(1, cores() // len(builds)))]} if device == "cpu" else {}),
                "--time-limit": [f"{max(1.0, deadline - time.monotonic()):.0f}s"],
            }
            if _run(build, exhibit, options, running) == CUT_SHORT:
                cut.append(build)
            return list(Store(store).scan())

        with ThreadPoolExecutor(len(builds)) as pool:
            try:
                return tuple(pool.map(train, builds))
            except BaseException:
                for process in running:
                    process.terminate()
                raise

    first = trained("one seed", 1)
    found = compare(*first, speed=False)
    if cut:
        found += _untrained(exhibit, gated, itertools.chain.from_iterable(first))
    elif _open(found):
        every = [f"iterations={FIRST_UPDATES}", "evaluate_every=1"]
        apart = _apart(*trained("the first updates", 1, every))
        if any(_of(finding, apart) is None for finding in _open(found)):
            found = compare(*trained(f"{SEEDS} seeds", SEEDS), speed=False)
        still = _open(found)
        found = [(_of(f, apart) if f in still else None) or f for f in found]
        found = list(dict.fromkeys(found))  # of two results of a place that is apart
    found = [dataclasses.replace(f, name=f"{exhibit}: {f.name}") for f in found]
    if not cut:
        return found
    late = {"verdict": "inconclusive", "words": "the budget was spent before it was trained"}
    return [dataclasses.replace(f, **late) if f.verdict == "missing" else f for f in found]


def cells_of(exhibit: Exhibit, gated: Gated) -> list[Cell]:
    """Return the cells that `gated` picks, of one seed."""
    where = parse_where(gated.where) if gated.where else None
    return expand(exhibit, gated.scale, parse_set(gated.set), 1, where)


def _untrained(exhibit: str, gated: Gated, records: Iterable[Record]) -> list[Finding]:
    """Return a finding of each place that neither build came to."""
    there = {record.key for record in records}
    left = [cell for cell in cells_of(load(exhibit), gated) if cell.key not in there]
    return [
        Finding(name=name, kind="correctness", verdict="missing", words="", unit="")
        for name in names(left)
    ]


def _open(found: Sequence[Finding]) -> list[Finding]:
    """Return what one seed has not decided: the places whose results are not the same."""
    return [f for f in found if f.verdict not in ("pass", "incomparable", "missing")]


def _merged(sets: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the options of --set, of those on one field the later one."""
    return list({text.partition("=")[0]: text for text in (*sets, *more)}.values())


def _run(
    build: Build,
    exhibit: str,
    options: Mapping[str, Sequence[str]],
    running: list[subprocess.Popen[str]],
) -> int:
    """Return the run's exit code: 0, that of a run CUT_SHORT, or 4 where some cells failed.

    Its process is among those that are `running` from then on.
    """
    words = [word for name, values in options.items() for value in values for word in (name, value)]
    process = subprocess.Popen(
        **build.command("-m", "sgbench", "run", exhibit, *words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    running.append(process)
    _, errors = process.communicate()
    if process.returncode not in (0, CUT_SHORT, 4):
        said = errors.strip().splitlines() or [f"exit code {process.returncode}"]
        raise UsageError(
            f"the {build.name}, {build.words}, cannot run {exhibit}:"
            f" {said[-1].removeprefix('sgbench: ')}"
        )
    return process.returncode


def _of(finding: Finding, apart: Mapping[str, Finding]) -> Finding | None:
    """Return what `apart` has of the place of a finding, which may be on one result of it."""
    return next((f for n, f in apart.items() if f"{finding.name} ".startswith(f"{n} ")), None)


def _apart(baseline: Sequence[Record], candidate: Sequence[Record]) -> dict[str, Finding]:
    """Return a finding of every place whose first updates differ by more than rounding."""
    before, after = ({r.key: r for r in records} for records in (baseline, candidate))
    found: dict[str, Finding] = {}
    for name, keys in groups(baseline).items():
        for key in keys:
            words = _difference(before[key], after[key]) if key in after else None
            if words:
                found[name] = Finding(
                    name=name, kind="correctness", verdict="changed", words=words, unit="", n=1
                )
    return found


def _difference(one: Record, other: Record) -> str | None:
    """Say where the curves of two records of the first updates part, None where they do not."""
    for before, after in zip(one.curve, other.curve, strict=False):
        for field, allowed in ROUNDING.items():
            for a, b in zip(_numbers(before[field]), _numbers(after[field]), strict=False):
                if not math.isclose(a, b, rel_tol=allowed, abs_tol=1e-9):
                    return (
                        f"{field} is {b:.5g} and was {a:.5g} after {before['iteration']} updates,"
                        " more than rounding makes: a mistake, or a change that must raise its"
                        " VERSION; or seeds are no longer paired"
                    )
    return None


def _numbers(value: Any) -> list[float]:
    items = cast("list[Any]", value if isinstance(value, list) else [value])
    return [float(item) for item in items if isinstance(item, int | float)]
