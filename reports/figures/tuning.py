"""The figures of a study: history, slices, importance and the expected best of a budget."""

import io
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ...bench.cell import coerce
from ...reproductions.exhibits.field_text import format_value
from ...reproductions.tuning.space import Dimension
from ...reproductions.tuning.study_options import space_of
from ...reproductions.tuning.trials import Trial
from ...results.metrics import Objective
from ..analysis.study_results import ArmResults, StudyResults
from . import style as figure_style
from . import words
from .axes import short
from .render import METADATA
from .style import FAINT, INK

_WIDTH, _ROW = 7.2, 2.2  # inches
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.7, 0.15, 0.56, 0.62  # inches around the panels
_NAMES = 1.1  # inches that fields' names take
_GAP, _GAP_ROWS = 0.2, 0.75  # inches between panels
_MOST_COLUMNS = 4
_MARKS = {"complete": "o", "pruned": "x", "diverged": "^"}


def drawn(tuned: StudyResults, formats: Sequence[str]) -> list[tuple[str, str, dict[str, bytes]]]:
    """Return each figure's name, title and content in each of `formats`; those that have any."""
    kinds: tuple[tuple[str, str, Callable[[StudyResults, str], Figure | None]], ...] = (
        ("history", "Trials in their order, and the best so far", _history),
        ("budget", "Expected best of a number of trials", _budget),
        ("slices", "What was chosen, and what came of it", _slices),
        ("importance", "Share of each field in the spread of the objective", _importance),
    )
    found: list[tuple[str, str, dict[str, bytes]]] = []
    if not any(told.ended for told in tuned.arms):
        return found
    with figure_style.style():
        for name, title, draw in kinds:
            figure = draw(tuned, title)
            if figure is not None:
                found.append((name, title, _saved(figure, formats)))
    return found


def _saved(figure: Figure, formats: Sequence[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for form in formats:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=200, metadata=METADATA[form])
        files[form] = buffer.getvalue()
    return files


def _panels(title: str, rows: int, columns: int, left: float = _LEFT) -> tuple[Figure, Any]:
    """Return a figure with its title and a grid of panels, laid out in inches."""
    height = _TOP + rows * _ROW + (rows - 1) * _GAP_ROWS + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height))
    width = (_WIDTH - left - _RIGHT - (columns - 1) * _GAP) / columns
    grid = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharey=True,
        gridspec_kw={
            "left": left / _WIDTH,
            "right": 1 - _RIGHT / _WIDTH,
            "bottom": _BOTTOM / height,
            "top": 1 - _TOP / height,
            "wspace": _GAP / width,
            "hspace": _GAP_ROWS / _ROW,
        },
    )
    figure.text(0.08 / _WIDTH, 1 - 0.08 / height, title, size=10.5, weight="bold", va="top")
    for axes in grid.flat:
        axes.grid(visible=True, axis="y")
        axes.set_axisbelow(True)
    return figure, grid


def _y(axes: Axes, objective: Objective, tuned: StudyResults) -> None:
    """Fit y to the values of all trials."""
    values = [t.value for told in tuned.arms for t in told.ended if t.value is not None]
    if objective.minimize and values and min(values) > 0:
        _log_y(axes, min(values) / 1.15, max(values) * 1.2)


def _log_y(axes: Axes, low: float, high: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(_steps(low, high))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(short))


def _steps(low: float, high: float) -> Any:
    for subs in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), tuple(n / 10 for n in range(10, 100))):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [s * 10.0**p for p in powers for s in subs if low <= s * 10.0**p <= high]
        if len(ticks) >= 3:
            return FixedLocator(ticks[:: max(1, len(ticks) // 7)])
    return MaxNLocator(5)


def _history(tuned: StudyResults, title: str) -> Figure:
    """A panel an arm: each trial's value, and the best so far."""
    rows = math.ceil(len(tuned.arms) / _MOST_COLUMNS)
    columns = min(len(tuned.arms), _MOST_COLUMNS)
    figure, grid = _panels(title, rows, columns)
    for axes, told in itertools.zip_longest(grid.flat, tuned.arms):
        if told is None:
            axes.set_visible(False)
            continue
        color = _color(told)
        for state, mark in _MARKS.items():
            some = [trial for trial in told.ended if trial.state == state]
            axes.scatter(
                [trial.number for trial in some],
                [trial.value or 0.0 for trial in some],
                marker=mark, s=16, color=color if state == "complete" else FAINT,
                linewidth=0.9, clip_on=True, zorder=2,
            )  # fmt: skip
        so_far = _so_far(told)
        axes.plot(
            [n for n, _ in so_far], [v for _, v in so_far], drawstyle="steps-post", color=color
        )
        axes.set_title(told.arm.label, loc="left", color=color)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("trial")
    _y(grid[0][0], tuned.arms[0].arm.objective, tuned)
    _label_y(figure, tuned)
    _note(figure, "dot: complete; cross: given up there; triangle: diverged; line: best so far")
    return figure


def _so_far(told: ArmResults) -> list[tuple[int, float]]:
    objective, found = told.arm.objective, list[tuple[int, float]]()
    for trial in told.trials:
        if trial.state == "complete" and trial.value is not None:
            better = not found or objective.better(trial.value, found[-1][1])
            found.append((trial.number, trial.value if better else found[-1][1]))
        elif found:
            found.append((trial.number, found[-1][1]))
    return found


def _budget(tuned: StudyResults, title: str) -> Figure:
    """The expected best of k trials, a line an arm, all in one panel."""
    figure, grid = _panels(title, 1, 1)
    axes = grid[0][0]
    lines = ["-", "--", ":", "-."]
    seen: dict[str, int] = {}
    for told in tuned.arms:
        style = seen[told.arm.cell.rule] = seen.get(told.arm.cell.rule, -1) + 1
        curve = told.curve
        if curve:
            axes.plot(
                range(1, len(curve) + 1), curve, label=told.arm.label, color=_color(told),
                linestyle=lines[style % len(lines)], marker="o" if len(curve) < 25 else None,
                markersize=3,
            )  # fmt: skip
    objective = tuned.arms[0].arm.objective
    values = [value for told in tuned.arms for value in told.curve if value > 0]
    if objective.minimize and values:
        _log_y(axes, min(values) / 1.1, max(values) * 1.1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(f"trials (each {tuned.study.seeds} x {tuned.arms[0].arm.cell.iterations:,}"
                    " iterations, or fewer where it was given up)")  # fmt: skip
    axes.legend(frameon=False)
    _label_y(figure, tuned)
    return figure


def _slices(tuned: StudyResults, title: str) -> Figure:
    """A row an arm, a panel a field: the value of each trial against what was chosen."""
    space = space_of(tuned.study)
    figure, grid = _panels(title, len(tuned.arms), len(space))
    for row, told in zip(grid, tuned.arms, strict=True):
        for axes, dimension in zip(row, space, strict=True):
            _slice(axes, told, dimension)
        row[0].set_title(told.arm.label, loc="left", color=_color(told))
    _y(grid[0][0], tuned.arms[0].arm.objective, tuned)
    _label_y(figure, tuned)
    _note(figure, "dot: complete, the darker the later; cross: given up there; triangle: diverged")
    return figure


def _slice(axes: Axes, told: ArmResults, d: Dimension) -> None:
    if d.field in told.arm.dropped:
        axes.text(0.5, 0.5, "does not apply", ha="center", transform=axes.transAxes, color=FAINT)
        axes.set_xticks([])
        axes.set_xlabel(d.field)
        return
    values = [format_value(d.field, value) for value in d.values]
    trials = [trial for trial in told.ended if d.field in trial.params]
    shades = figure_style.sequence([str(n) for n in range(len(told.trials))])
    for state, mark in _MARKS.items():
        some = [trial for trial in trials if trial.state == state]
        axes.scatter(
            [_place(d, values, trial) for trial in some],
            [trial.value or 0.0 for trial in some],
            marker=mark, s=16, linewidth=0.9, zorder=2,
            color=[shades[str(t.number)] if state == "complete" else FAINT for t in some],
        )  # fmt: skip
    if d.values:
        axes.set_xticks(range(len(values)), values)
        axes.set_xlim(-0.5, len(values) - 0.5)
    elif d.log:
        axes.set_xscale("log")
        axes.set_xlim(d.low / 1.3, d.high * 1.3)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(short))
    else:
        margin = 0.08 * (d.high - d.low)
        axes.set_xlim(d.low - margin, d.high + margin)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=isinstance(d.low, int)))
    axes.set_xlabel(d.field)


def _place(d: Dimension, values: Sequence[str], trial: Trial) -> float:
    value = trial.params[d.field]
    if not d.values:
        return float(value)
    return values.index(format_value(d.field, coerce(d.field, value)))


def _importance(tuned: StudyResults, title: str) -> Figure | None:
    """A panel an arm that has it: bars of fANOVA and MDI."""
    shown = [told for told in tuned.arms if told.importances]
    if not shown:
        return None
    rows = math.ceil(len(shown) / _MOST_COLUMNS)
    figure, grid = _panels(title, rows, min(len(shown), _MOST_COLUMNS), left=_NAMES)
    fields = [*tuned.study.space][::-1]
    for axes, told in itertools.zip_longest(grid.flat, shown):
        if told is None:
            axes.set_visible(False)
            continue
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        for shift, (kind, shares) in zip((0.19, -0.19), told.importances.items(), strict=True):
            axes.barh(
                [n + shift for n in range(len(fields))],
                [shares.get(field, 0.0) for field in fields],
                height=0.34, color=_color(told), alpha=1.0 if kind == "fANOVA" else 0.45,
                label=kind,
            )  # fmt: skip
        axes.set_yticks(range(len(fields)), fields)
        axes.set_xlim(0, 1)
        axes.set_xticks([0.25, 0.5, 0.75], ["0.25", "0.5", "0.75"])
        axes.set_title(told.arm.label, loc="left", color=_color(told))
    kinds = grid[0][0].get_legend_handles_labels()
    figure.legend(*kinds, frameon=False, loc="lower right", ncols=len(kinds[1]))
    for axes in grid[:, 0]:
        axes.tick_params(axis="y", labelsize=8, pad=1)
    return figure


def _color(told: ArmResults) -> Any:
    return words.colors([told.arm.cell.rule])[told.arm.cell.rule]


def _label_y(figure: Figure, tuned: StudyResults) -> None:
    objective = tuned.arms[0].arm.objective
    unit = f" ({objective.unit})" if objective.unit == "%" else ""
    figure.text(0.08 / _WIDTH, 0.5, f"{objective.name}{unit}", rotation=90, va="center", color=INK)


def _note(figure: Figure, words: str) -> None:
    height = figure.get_figheight()
    figure.text(0.08 / _WIDTH, 0.08 / height, words, size=7, color=FAINT)
