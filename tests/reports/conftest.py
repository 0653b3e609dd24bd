"""Records as training would leave them, made up: seeded by the cell, with chosen means."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from reference import study_records
from reference.population import EXHIBIT, P
from sgbench.bench import datasets
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Level
from sgbench.bench.outcome import CurvePoint, Machine, Outcome, Solved
from sgbench.reproductions.exhibits.exhibit import Exhibit, expand, load
from sgbench.reproductions.exhibits.parser import parse
from sgbench.results.from_outcome import make_record
from sgbench.results.record import Record
from sgbench.results.rows import POINT_TYPES
from sgbench.results.store.study import Study

MACHINE = Machine(
    device="Made-up CPU", threads=1, matmul="mkl", matmul_error=1e-7, torch="2.13.0",
    python="3.12.0", numpy="2.0.0", platform="Linux-x86_64",
)  # fmt: skip
OTHER_DATA = "0123456789abcdef"


def typical(cell: Cell) -> float:
    """Return a result in the paper's order: no-bprop worst, DNI growing with depth, and so on.

    Of images an error (%), of episodes the number of the longest level solved, of text bits, of
    counting B's error (%).
    """
    if datasets.kind(cell.dataset) == "counting":
        return {"end_to_end": 31.0, "no_feedback": 65.0, "dni": 33.0}[cell.rule]
    if cell.T is not None:
        better = {"bptt": 0, "dni": 1, "dni_aux": 2}[cell.rule]
        if datasets.kind(cell.dataset) == "text":
            return 2.0 - 0.02 * cell.T - 0.05 * better
        return min(cell.T, 5) + 6 * better
    if cell.value("bp_lambda") is not None:
        return 2.0 + (1 - cell.value("bp_lambda")) * 0.8 * (cell.depth - 3)
    growth = {"no_bprop": 4.0, "top_only": 2.5, "backprop": 0.0, "dni": 0.8, "cdni": -0.1}[
        cell.rule
    ]
    start = {"no_bprop": 9.0, "top_only": 3.4, "backprop": 2.0, "dni": 2.0, "cdni": 2.1}[cell.rule]
    worse = abs((cell.sg_layers or 0) - 1) * 0.3 if cell.rule == "dni" else 0.0
    return start + growth * (cell.depth - 3) + worse


def record(
    cell: Cell,
    error: float | None = None,
    *,
    status: str = "ok",
    scale: str = "demo",
    exhibit: str = "table1",
    data_hash: str | None = None,
    machine_class: str = "made-up",
    noise: float = 0.05,
    reason: str | None = None,
) -> Record:
    """Return a record of `cell` whose result is `error`, or `typical` with noise by seed.

    Of episodes `error` is the longest T_task.
    """
    dice, kind = random.Random(cell.key), datasets.kind(cell.dataset)
    if error is None:
        error = typical(cell) + dice.gauss(0.0, noise / 10 if kind == "text" else noise)
        if kind == "episodes":
            error = _levels(cell)[round(error + dice.choice([0, 0, 1]))].length
    results = {
        "images": _of_images,
        "episodes": _of_episodes,
        "text": _of_text,
        "counting": _of_counting,
    }[kind]
    made = make_record(
        cell,
        Outcome(
            status=status, error=reason, iterations_done=cell.iterations,
            train_seconds=10.0, evaluation_seconds=1.0, steps_per_second=100.0,
            examples_per_second=25600.0, replicas=1, machine=MACHINE,
            **results(cell, error, dice),
        ),
        exhibit=exhibit,
        scale=scale,
        data_hash=data_hash or datasets.canonical_hash(cell.dataset),
        machine_class=machine_class,
    )  # fmt: skip
    return replace(
        made, finished="2026-01-01T00:00:00+00:00", git_revision="0" * 40, git_dirty=False
    )


def network(cell: Cell, final: float | None = None, **options: Any) -> Record:
    """Return a record of a decoupled cell, whose curve falls by what a layer has updated.

    It is evaluated wherever it should be.
    """
    dice = random.Random(cell.key)
    p, end = cell.p_update, cell.iterations
    if final is None:
        low = {"dni": 2.2, "cdni": 2.3 - 0.3 * (1 - p)}[cell.rule]
        worse = {"dni": 0.08, "cdni": 0.01}[cell.rule] / p
        final = (low + worse) * dice.lognormvariate(0, 0.04)
    at = {*range(cell.evaluate_every, end + 1, cell.evaluate_every), end}
    at |= {round(fraction * end) for fraction in cell.evaluate_at}
    curve = []
    for iteration in sorted(at):
        updates = [
            round(iteration * p + dice.gauss(0, (iteration * p * (1 - p)) ** 0.5))
            for _ in range(cell.depth)
        ]
        part = iteration / end
        error = final * (1 + 0.25 * (1 - part) / (part * p + 0.02) ** 0.5)
        curve.append(
            {
                **dict.fromkeys(POINT_TYPES),
                "iteration": iteration,
                "seconds": 10.0 * part * (0.3 + 0.7 * p) * dice.lognormvariate(0, 0.02),
                "error": final if iteration == end else error * dice.lognormvariate(0, 0.05),
                "loss": 0.1, "train_loss": 0.1, "sg_loss": [0.1] * 3, "sg_cosine": [0.5] * 3,
                "updates": [max(0, n) for n in updates],
            }
        )  # fmt: skip
    made = record(cell, final, exhibit="p_update", **options)
    return replace(made, curve=curve)


def grid(
    exhibit: Exhibit,
    scale: str,
    keep: Callable[[Cell], bool] = lambda cell: True,
    **options: object,
) -> list[Record]:
    """Return a record for each cell of `exhibit` at `scale` that `keep` keeps."""
    cells: Iterable[Cell] = expand(exhibit, scale)
    return [
        record(cell, scale=scale, exhibit=exhibit.name, **options) for cell in cells if keep(cell)
    ]


def _of_images(cell: Cell, error: float, dice: random.Random) -> dict[str, Any]:
    return {
        "error_rate": error,
        "loss": 0.1,
        "train_error": error / 2,
        "train_loss": 0.05,
        "curve": _curve(cell, error, dice),
    }


def _of_episodes(cell: Cell, longest: int, dice: random.Random) -> dict[str, Any]:
    """Levels are solved evenly spaced, the last at half the updates."""
    solved = [level for level in _levels(cell) if level.length <= longest]
    progression = [
        Solved(
            length=level.length, symbols=level.copied, repeats=level.repeats, iteration=at,
            data_steps=at * cell.T, seconds=at / 100,
        )
        for n, level in enumerate(solved, 1)
        for at in [cell.iterations * n // (2 * len(solved))]
    ]  # fmt: skip
    points = [
        replace(
            point,
            bits=0.5,
            longest=max([0, *(s.length for s in progression if s.iteration <= point.iteration)]),
        )
        for point in _recurrent_curve(cell, dice)
    ]
    return {"longest": longest, "progression": progression, "curve": points}


def _of_text(cell: Cell, bits: float, dice: random.Random) -> dict[str, Any]:
    points = [
        replace(point, bits=bits + 1 - point.iteration / cell.iterations)
        for point in _recurrent_curve(cell, dice)
    ]
    return {"validation_bits": bits + 0.01, "test_bits": bits, "curve": points}


def _of_counting(cell: Cell, error: float, dice: random.Random) -> dict[str, Any]:
    """A's error is a tenth of B's; both fall from twice that."""
    points = [
        replace(
            point,
            error_a=(2 - point.iteration / cell.iterations) * error / 10,
            error_b=(2 - point.iteration / cell.iterations) * error,
        )
        for point in _recurrent_curve(cell, dice)
    ]
    return {"error_a": error / 10, "error_b": error, "curve": points}


def _recurrent_curve(cell: Cell, dice: random.Random) -> list[CurvePoint]:
    model, auxiliary = cell.sg_layers is not None, cell.rule == "dni_aux"
    return [
        CurvePoint(
            iteration=iteration, seconds=iteration / 100, error=None, loss=None, train_loss=0.3,
            sg_loss=[0.1] if model else None, aux_loss=0.2 if auxiliary else None,
            sg_cosine=[0.4 + dice.gauss(0, 0.02)] if model else None,
        )
        for iteration in range(cell.evaluate_every, cell.iterations + 1, cell.evaluate_every)
    ]  # fmt: skip


def _levels(cell: Cell) -> tuple[Level, ...]:
    return datasets.load(cell.dataset).levels


def _curve(cell: Cell, final: float, dice: random.Random) -> list[CurvePoint]:
    points: list[CurvePoint] = []
    hidden = cell.depth - 1 if cell.sg_layers is not None else 0
    done = list(range(cell.evaluate_every, cell.iterations + 1, cell.evaluate_every))
    for iteration in done:
        part = iteration / cell.iterations
        error = final * (1 + 6 * (1 - part) ** 3) * (1 + dice.gauss(0, 0.01))
        cosines = [
            (0.25 + 0.7 * (layer + 1) / hidden) * (1 - 0.4 * part) + dice.gauss(0, 0.02)
            for layer in range(hidden)
        ]
        losses = [10 ** (-layer) * (1.2 - part) for layer in range(hidden)]
        points.append(
            CurvePoint(
                iteration=iteration, seconds=part, error=error, loss=error / 30,
                train_loss=error / 60, sg_loss=losses or None, sg_cosine=cosines or None,
            )
        )  # fmt: skip
    return points


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The functions above: test modules cannot import one another."""
    return SimpleNamespace(
        record=record, network=network, grid=grid, typical=typical, other_data=OTHER_DATA
    )


@pytest.fixture(scope="session")
def table1() -> Exhibit:
    """Table 1."""
    return load("table1")


@pytest.fixture(scope="session")
def table2() -> Exhibit:
    """Table 2."""
    return load("table2")


@pytest.fixture(scope="session")
def two_networks() -> Exhibit:
    """Figure 8, of two results a cell."""
    return load("two_networks")


@pytest.fixture(scope="session")
def dfa() -> Exhibit:
    """Direct feedback alignment, whose paper prints its numbers with their spread."""
    return load("dfa")


@pytest.fixture(scope="session")
def sg_scale() -> Exhibit:
    """A sweep of ours."""
    return load("sg_scale")


@pytest.fixture(scope="session")
def locking() -> Exhibit:
    """Networks that are cut into stages."""
    return load("locking")


@pytest.fixture(scope="session")
def population_exhibit() -> Exhibit:
    """A population with many values of p_update."""
    return parse("p_update", EXHIBIT)


@pytest.fixture(scope="session")
def small_population() -> Exhibit:
    """The same with two values of p_update: soon judged, and a table of them."""
    return parse("p_update", EXHIBIT.replace(str(P), "[0.2, 1]"))


@pytest.fixture
def study() -> Study:
    """A study of two arms."""
    return study_records.declared()


@pytest.fixture
def records(study: Study, make: SimpleNamespace) -> list[Record]:
    """Its records."""
    return study_records.records_of(study, make)
