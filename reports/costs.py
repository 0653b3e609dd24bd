"""The pictures of a throughput report: what programs cost by their depth, T, coins and replicas."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ..bench.cell import Cell
from ..results.timings import Spread
from .drawing import Drawing
from .speeds import Speed
from .to_error import Reached

Point = dict[str, Any]
_RULES = ("no_bprop", "no_feedback", "backprop", "bptt", "end_to_end", "bp_lambda", "dni", "cdni")
_AXES = {
    "depth": "depth (layers with weights)",
    "T": "T (steps between updates)",
    "p_update": "p_update (probability that a layer is free)",
}
_NO_M = "none"
_QUARTILES = "Lines are medians over rounds, bands their middle half."


def drawings(speeds: Sequence[Speed], reached: Sequence[Reached]) -> list[Drawing]:
    """Return the pictures that there is something to show in."""
    found: list[Drawing | None] = []
    single = [speed for speed in speeds if speed.timing.replicas == 1]
    for axis, label in _AXES.items():
        some = [speed for speed in single if axis_of(speed.cell) == axis]
        found.append(
            _drawing(
                f"limit-{axis}",
                "How near a step is to the machine's limit",
                "% of the limit",
                label,
                [_point(s.cell, axis, _percent(s.timing.fraction)) for s in some],
                y_range=(0.0, 100.0),
            )
        )
        found.append(
            _drawing(
                f"cost-{axis}",
                "What a step takes, of backprop's at the same sizes",
                "times backprop's",
                label,
                [_point(s.cell, axis, s.cost) for s in some if s.cost],
            )
        )
        last = [
            one
            for one in reached
            if axis_of(one.cell) == axis and one.factor < 1.5 and one.factor != 1.1
        ]
        times = [(one, _seconds(one)) for one in last]
        found.append(
            _drawing(
                f"seconds-{axis}",
                "Training time to 1.2 times the error backprop ends with",
                "seconds",
                label,
                [_point(one.cell, axis, Spread(*(s,) * 3)) for one, s in times if s],
                note="By the timing where there is one, else as the cells were trained.",
            )
        )
    found.append(_replicas(speeds))
    return [drawing for drawing in found if drawing is not None]


def axis_of(cell: Cell) -> str:
    """Return what programs like the cell's are drawn against."""
    if cell.p_update is not None:
        return "p_update"
    return "depth" if cell.entry == "step" else "T"


def _seconds(one: Reached) -> float | None:
    return one.seconds if one.timed is None else one.timed


def _percent(found: Spread) -> Spread:
    return Spread(*(100 * value for value in found))


def _replicas(speeds: Sequence[Speed]) -> Drawing | None:
    counts: dict[str, set[int]] = {}
    for speed in speeds:
        counts.setdefault(_program(speed), set()).add(speed.timing.replicas)
    points: list[Point] = []
    for speed in speeds:
        if len(counts[_program(speed)]) < 2:
            continue
        step, size = speed.timing.of("step"), speed.timing.replicas
        rates = Spread(size / step.median, size / step.high, size / step.low)
        point = _point(speed.cell, axis_of(speed.cell), rates)
        place = f"{axis_of(speed.cell)} {point['x']:g}, M {point['line']}"
        points.append(point | {"x": size, "line": place})
    return _drawing(
        "replicas",
        "What training together brings",
        "cell updates a second",
        "replicas (cells trained together)",
        points,
        log=True,
        legend="Program",
    )


def _program(speed: Speed) -> str:
    return speed.name.rpartition(" x ")[0] or speed.name


def _point(cell: Cell, axis: str, value: Spread) -> Point:
    model = "linear" if cell.sg_layers == 0 else str(cell.sg_layers)
    kind = f" {cell.decoupled}" if cell.decoupled else ""
    depth = f", depth {cell.depth}" if axis == "p_update" else ""
    return {
        "row": f"{cell.dataset} {cell.network}{kind}{depth}",
        "column": cell.rule,
        "line": _NO_M if cell.sg_layers is None else model,
        "rule": cell.rule,
        "x": getattr(cell, axis),
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
    y_range: tuple[float, float] | None = None,
    log: bool = False,
    legend: str = "Hidden layers of M",
    note: str = _QUARTILES,
) -> Drawing | None:
    """Return a picture of points, None where there are not two to compare."""
    if len(points) < 2:
        return None
    data = pd.DataFrame(points).sort_values(["row", "column", "line", "x"], ignore_index=True)
    ranks: dict[str, Callable[[Any], Any]] = {
        "row": str,
        "column": lambda rule: (_RULES.index(rule) if rule in _RULES else len(_RULES), rule),
        "line": lambda line: (line not in (_NO_M, "linear"), line != _NO_M, line),
    }
    for column, rank in ranks.items():
        names = sorted(data[column].unique(), key=rank)
        data[column] = pd.Categorical(data[column], names, ordered=True)
    return Drawing(
        name=name,
        title=title,
        legend=legend,
        x_label=x_label,
        y_label=y_label,
        x_log=log or x_label == _AXES["T"],
        y_log=log or y_range is None,
        y_range=None,
        bars=False,
        shaded=True,
        marks=(),
        mark_label="",
        paper_label="",
        data=data,
        notes=(note,),
    )
