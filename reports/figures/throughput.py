"""The figures of a throughput report: costs by depth, T, p_update and replicas."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ...bench import registry
from ...bench.cell import Cell
from ...reproductions.exhibits import exhibit as exhibits
from ...results.timings import Median
from ..analysis.cost_to_accuracy import Reached, quantity
from ..analysis.speeds import Speed
from . import words
from .spec import Drawing

Point = dict[str, Any]
_RULES = ("no_bprop", "no_feedback", "backprop", "bptt", "end_to_end", "bp_lambda", "dni", "cdni")
_AXES = {
    "depth": "depth (layers with weights)",
    "T": "T (steps between updates)",
    "p_update": "p_update (probability that a layer is active)",
}
_NO_M = "no M"
_INTERVALS = "Lines are medians over rounds, bands their 95 % intervals."


def drawings(speeds: Sequence[Speed], reached: Sequence[Reached]) -> list[Drawing]:
    """Return the pictures that there is something to show in, some for each data and network."""
    groups: dict[tuple[Any, ...], None] = {}
    cells = [*(speed.cell for speed in speeds), *(one.cell for one in reached)]
    for cell in cells:
        groups.setdefault(_group(cell))
    found: list[Drawing | None] = []
    alike = Counter(group[:3] for group in groups)
    for group in sorted(groups, key=str):
        some = [speed for speed in speeds if _group(speed.cell) == group]
        ends = [one for one in reached if _group(one.cell) == group and one.first]
        found += _of_group(some, ends, sizes=alike[group[:3]] > 1)
    return [drawing for drawing in found if drawing is not None]


def _group(cell: Cell) -> tuple[Any, ...]:
    """Return what the cells of a picture share: data, network, sizes, and how they are coupled."""
    sizes = (cell.batch_size, cell.hidden_units, cell.filters, cell.precision)
    depth = cell.depth if axis_of(cell) == "p_update" else None
    return (cell.dataset, cell.network, cell.decoupled, depth, *sizes)


def _of_group(
    speeds: Sequence[Speed], reached: Sequence[Reached], *, sizes: bool
) -> list[Drawing | None]:
    """Return the pictures of a group, whose names tell its sizes where other groups need that."""
    cell = (speeds or reached)[0].cell
    axis = axis_of(cell)
    words = [_label("dataset", cell.dataset), _label("network", cell.network)]
    words += [f"decoupled={cell.decoupled}", f"depth {cell.depth}"] if cell.decoupled else []
    parts = [cell.dataset, cell.network, *filter(None, [cell.decoupled])]
    if sizes:
        width = cell.hidden_units or cell.filters
        words.append(f"{width} wide, batch {cell.batch_size}, {cell.precision}")
        parts += [str(cell.depth or ""), str(width), str(cell.batch_size), cell.precision]
    place, name = " ".join(words), "-".join(filter(None, parts))
    single = [speed for speed in speeds if speed.timing.replicas == 1]
    return [
        _drawing(
            f"limit-{name}",
            f"How near an update is to the machine's limit: {place}",
            "% of the limit",
            _AXES[axis],
            [_point(s.cell, axis, _percent(s.timing.fraction)) for s in single],
            percent=True,
        ),
        _drawing(
            f"cost-{name}",
            f"What an update takes beside backprop's at the same sizes: {place}",
            "times backprop's",
            _AXES[axis],
            [_point(s.cell, axis, s.cost) for s in single if s.cost],
        ),
        *_seconds(name, place, reached),
        _replicas(name, place, speeds),
    ]


def _mixes(rule: str) -> bool:
    """Tell whether a rule has a number that changes what it computes and no shape."""
    own = registry.RULES.declared(rule).hyperparameters
    return any(one.replica_axis for one in own)


def _seconds(name: str, place: str, reached: Sequence[Reached]) -> list[Drawing | None]:
    """Return a picture a schedule; BP(lambda) is left to the table: its lambdas share a place."""
    found: list[Drawing | None] = []
    some = [one for one in reached if not _mixes(one.cell.rule)]
    schedules = sorted({one.cell.iterations for one in some})
    for iterations in schedules:
        here = [one for one in some if one.cell.iterations == iterations]
        timed = any(one.timed is not None for one in here)  # one clock a picture
        times = [(one, one.timed if timed else one.seconds) for one in here]
        axis, several = axis_of(here[0].cell), len(schedules) > 1
        target = f"{here[0].factor:g} times the {quantity(here[0].cell)}"
        found.append(
            _drawing(
                f"seconds-{name}" + (f"-{iterations}" if several else ""),
                f"Training time to {target} that backprop ends with: {place}"
                + (f", {iterations:,} updates" if several else ""),
                "seconds",
                _AXES[axis],
                [_point(one.cell, axis, Median(*(s,) * 3)) for one, s in times if s],
                note="By the timings of the programs; what did not get there, or was not timed, is"
                " left out."
                if timed
                else "As the cells were trained; what did not get there is left out.",
            )
        )
    return found


def axis_of(cell: Cell) -> str:
    """Return what programs like the cell's are drawn against."""
    if cell.p_update is not None:
        return "p_update"
    return "depth" if cell.family == "feedforward" else "T"


def _percent(found: Median) -> Median:
    return Median(*(100 * value for value in found))


def _replicas(name: str, place: str, speeds: Sequence[Speed]) -> Drawing | None:
    counts: dict[str, set[int]] = {}
    for speed in speeds:
        counts.setdefault(_program(speed), set()).add(speed.timing.replicas)
    points: list[Point] = []
    for speed in speeds:
        if len(counts[_program(speed)]) > 1:
            step, size = speed.timing.of("step"), speed.timing.replicas
            rates = Median(size / step.median, size / step.high, size / step.low)
            axis = axis_of(speed.cell)
            point = _point(speed.cell, axis, rates)
            words = {"depth": "depth", "T": "T", "p_update": "p"}[axis]
            points.append(point | {"row": f"{words} {point['x']:g}", "x": size})
    return _drawing(
        f"replicas-{name}",
        f"What training together brings: {place}",
        "cell updates a second",
        "replicas (cells trained together)",
        points,
        x_log=True,
    )


@functools.cache
def _label(field: str, value: str) -> str:
    """Return how the exhibits write a field's value."""
    told = (exhibits.load(name).label(field, value) for name in exhibits.names())
    return next((label for label in told if label != value), value)


def _program(speed: Speed) -> str:
    return speed.name.rpartition(" x ")[0] or speed.name


def _point(cell: Cell, axis: str, value: Median) -> Point:
    model = "linear" if cell.sg_layers == 0 else str(cell.sg_layers)
    return {
        "row": "",
        "column": cell.rule,
        "line": _NO_M if cell.sg_layers is None else model,
        "rule": cell.rule,
        "x": cell.value(axis),
        "mean": value.median,
        "low": value.low,
        "high": value.high,
        "paper": float("nan"),
    }


def _drawing(
    name: str,
    title: str,
    y_label: str,
    x_label: str,
    points: Sequence[Point],
    *,
    percent: bool = False,
    x_log: bool = False,
    note: str = _INTERVALS,
) -> Drawing | None:
    """Return a picture of points, None where there are not two to compare."""
    if len(points) < 2:
        return None
    data = pd.DataFrame(points).sort_values(["row", "column", "line", "x"], ignore_index=True)
    ranks: dict[str, Callable[[Any], Any]] = {
        "row": lambda row: float(row.rpartition(" ")[2] or 0),
        "column": lambda rule: (_RULES.index(rule) if rule in _RULES else len(_RULES), rule),
        "line": lambda line: (line not in (_NO_M, "linear"), line != _NO_M, line),
    }
    for column, rank in ranks.items():
        names = sorted(data[column].unique(), key=rank)
        data[column] = pd.Categorical(data[column], names, ordered=True)
    called = {rule: _label("rule", rule) for rule in data["column"].cat.categories}
    data["column"] = data["column"].cat.rename_categories(called)
    return Drawing(
        name=name,
        title=title,
        legend="Hidden layers of M",
        x_label=x_label,
        y_label=y_label,
        x_log=x_log,
        y_log=not percent,
        bars=False,
        shaded=True,
        colors=words.colors(data["rule"]),
        data=data,
        notes=(note,),
    )
