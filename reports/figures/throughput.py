"""The figures of a throughput report: costs by depth, T, p_update and replicas."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.families import family
from ...bench.registry import DATASETS, RULES
from ...reproductions.exhibits import catalogue
from ...results.statistics.rounds import Median
from ..analysis.costs.cost_to_accuracy import Reached, quantity
from ..analysis.costs.speeds import Speed
from ..analysis.naming import span
from .data import words
from .spec import Drawing

Point = dict[str, Any]
_NO_M = "no M"
_INTERVALS = "Lines: medians over rounds. Bands: their 95 % intervals."
_ALONE = "Dots: medians over rounds. Bars: their 95 % intervals."
_TIMED = (
    "Lines: median updates to the target times the timed seconds of an update. Rules that did not"
    " reach it, or were not timed, are left out."
)
_TRAINED = (
    "Lines: medians over seeds, as the cells were trained. Rules that did not reach the target are"
    " left out."
)


def drawings(speeds: Sequence[Speed], reached: Sequence[Reached]) -> list[Drawing]:
    """Return the drawings that have points, some for each data set and network."""
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
    """Return what the cells of a drawing share: data, network, sizes and decoupling."""
    sizes = (cell.batch_size, cell.hidden_units, cell.filters, cell.precision)
    depth = cell.depth if axis_of(cell) == "p_update" else None
    return (cell.dataset, cell.network, cell.decoupled, depth, *sizes)


def _of_group(
    speeds: Sequence[Speed], reached: Sequence[Reached], *, sizes: bool
) -> list[Drawing | None]:
    """Return the drawings of a group, with its sizes in their names where groups differ in them."""
    cell = (speeds or reached)[0].cell
    axis = axis_of(cell)
    what = [DATASETS.label(cell.dataset), _network(cell.network)]
    what += [f"decoupled={cell.decoupled}", f"depth {cell.depth}"] if cell.decoupled else []
    parts = [cell.dataset, cell.network, *filter(None, [cell.decoupled])]
    if sizes:
        width = cell.hidden_units or cell.filters
        what.append(f"{width} wide, batch {cell.batch_size}, {cell.precision}")
        parts += [str(cell.depth or ""), str(width), str(cell.batch_size), cell.precision]
    of, name = " ".join(what), "-".join(filter(None, parts))
    single = [speed for speed in speeds if speed.timing.replicas == 1]
    return [
        _drawing(
            f"limit-{name}",
            f"{of}: updates run at {_limits(single)} of the machine's limit",
            "speed (% of the machine's limit)",
            words.axis(axis),
            [_point(s.cell, axis, _percent(s.timing.fraction)) for s in single],
            percent=True,
        ),
        _drawing(
            f"cost-{name}",
            f"{of}: {_costs(single)}",
            "update time (times the baseline's)",
            words.axis(axis),
            [_point(s.cell, axis, s.cost) for s in single if s.cost],
        ),
        *_seconds(name, of, reached),
        _replicas(name, of, speeds),
    ]


def _limits(speeds: Sequence[Speed]) -> str:
    """Return the range of speeds as shares of the limit: `66 to 87 %`."""
    found = [100 * speed.timing.fraction.median for speed in speeds]
    return f"{_range(found, 0)} %" if found else ""


def _costs(speeds: Sequence[Speed]) -> str:
    """Return the range of costs of each rule that is no baseline."""
    found: dict[str, list[float]] = {}
    for speed in speeds:
        if speed.cost and not RULES.declared(speed.cell.rule).baseline:
            found.setdefault(speed.cell.rule, []).append(speed.cost.median)
    rules = sorted(found, key=words.rank)
    told = ", ".join(f"{_range(found[rule], 1)} ({RULES.label(rule)})" for rule in rules)
    return f"an update takes {told} times the baseline's time" if told else "time of an update"


def _range(values: Sequence[float], decimals: int) -> str:
    low, high = (f"{value:.{decimals}f}" for value in (min(values), max(values)))
    return span(low, high)


def _seconds(name: str, of: str, reached: Sequence[Reached]) -> list[Drawing | None]:
    """Return a drawing for each schedule.

    A rule with hyperparameters of its own is left to the table: their values share a point.
    """
    found: list[Drawing | None] = []
    some = [one for one in reached if not one.cell.hyperparameters]
    schedules = sorted({one.cell.iterations for one in some})
    for iterations in schedules:
        here = [one for one in some if one.cell.iterations == iterations]
        timed = any(one.timed is not None for one in here)  # one clock for all of a drawing
        times = [(one, one.timed if timed else one.seconds) for one in here]
        axis, several = axis_of(here[0].cell), len(schedules) > 1
        target = f"{here[0].factor:g} times the baseline's final {quantity(here[0].cell)}"
        found.append(
            _drawing(
                f"seconds-{name}" + (f"-{iterations}" if several else ""),
                f"{of}: training time to {target}"
                + (f", {iterations:,} updates" if several else ""),
                "training time (s)",
                words.axis(axis),
                [_point(one.cell, axis, Median(*(s,) * 3)) for one, s in times if s],
                note=_TIMED if timed else _TRAINED,
            )
        )
    return found


def axis_of(cell: Cell) -> str:
    """Return what programs like the cell's are drawn against."""
    return "p_update" if cell.p_update is not None else family.family_for(cell).size_field


def _percent(found: Median) -> Median:
    return Median(*(100 * value for value in found))


def _replicas(name: str, of: str, speeds: Sequence[Speed]) -> Drawing | None:
    counts: dict[str, set[int]] = {}
    for speed in speeds:
        counts.setdefault(_program(speed), set()).add(speed.timing.replicas)
    points: list[Point] = []
    for speed in speeds:
        if len(counts[_program(speed)]) > 1:
            step, size = speed.timing.median_of("step"), speed.timing.replicas
            rates = Median(size / step.median, size / step.high, size / step.low)
            axis = axis_of(speed.cell)
            point = _point(speed.cell, axis, rates)
            points.append(point | {"row": f"{axis} {point['x']:g}", "x": size})
    return _drawing(
        f"replicas-{name}",
        f"{of}: throughput by the number of cells trained together",
        "cell updates per second",
        "replicas (cells trained together)",
        points,
        x_log=True,
    )


@functools.cache
def _network(name: str) -> str:
    """Return how the exhibits write a network."""
    told = (catalogue.read(exhibit).label("network", name) for exhibit in catalogue.builtin_names())
    return next((label for label in told if label != name), name)


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
    """Return a drawing of points, None where there are not two to compare."""
    if len(points) < 2:
        return None
    data = pd.DataFrame(points).sort_values(["row", "column", "line", "x"], ignore_index=True)
    ranks: dict[str, Callable[[Any], Any]] = {
        "row": lambda row: float(row.rpartition(" ")[2] or 0),
        "column": words.rank,
        "line": lambda line: (line not in (_NO_M, "linear"), line != _NO_M, line),
    }
    for column, rank in ranks.items():
        names = sorted(data[column].unique(), key=rank)
        data[column] = pd.Categorical(data[column], names, ordered=True)
    called = {rule: RULES.label(rule) for rule in data["column"].cat.categories}
    data["column"] = data["column"].cat.rename_categories(called)
    alone = data["x"].nunique() == 1
    return Drawing(
        name=name,
        title=title,
        legend=words.legend("sg_layers"),
        x_label=x_label,
        y_label=y_label,
        x_log=x_log,
        y_log=not percent,
        bars=alone,
        shaded=True,
        colors=words.colors(data["rule"]),
        data=data,
        notes=(_ALONE if alone and note == _INTERVALS else note,),
    )
