"""The figures of a study: history, expected best, slices and importance."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from ...bench.configuration import coerce
from ...reproductions.exhibits.field_text import format_value
from ...reproductions.exhibits.space import Dimension
from ...reproductions.tuning.study_options import space_of
from ...reproductions.tuning.trials import Trial
from ..analysis.study_results import ArmResults, StudyResults
from . import colors
from .data import words
from .drawing import style
from .drawing.axes import log_y, open_left, short
from .drawing.render import saved
from .drawing.style import DOTTED, FAINT, SHEETS, Sheet
from .titles import tuning as titles

_ROW, _WORDS = 2.5, 0.7  # inches: a row's height, and that of title and caption
_LEGEND = 0.18  # inches: a line of a legend
_MOST_COLUMNS = 4
_STATES = {"complete": "o", "pruned": "x", "diverged": "^"}
_STATES_SAID = (
    "Dots: complete trials{}. Crosses: trials given up, with the value then. Triangles: diverged."
)


def drawn(
    study: StudyResults, formats: Sequence[str], sheet: str = "screen"
) -> list[tuple[str, str, dict[str, bytes]]]:
    """Return each figure's name, title and content in each of `formats`; those that have any.

    `sheet` is a name in `style.SHEETS`.
    """
    what = study.arms[0].arm.objective.name if study.arms else ""
    kinds: tuple[tuple[str, str, Callable[[StudyResults, _Frame], Figure | None]], ...] = (
        ("history", f"{what.capitalize()} of each trial", _history),
        ("budget", f"Expected best {what} by number of trials", _budget),
        ("slices", f"{what.capitalize()} by the value of each field", _slices),
        ("importance", f"Importance of each field for the {what}", _importance),
    )
    found: list[tuple[str, str, dict[str, bytes]]] = []
    if not any(results.ended for results in study.arms):
        return found
    with style.style(SHEETS[sheet]):
        for name, title, draw in kinds:
            frame = _Frame(title, SHEETS[sheet])
            figure = draw(study, frame)
            if figure is not None:
                figure.draw_without_rendering()  # laid out once: formats measure text differently
                figure.set_layout_engine("none")
                told = (frame.title, frame.note)
                found.append((name, frame.title, saved(figure, formats, told)))
    return found


@dataclass
class _Frame:
    """What is around the panels of a figure: its title, its caption, and the sheet it is for."""

    title: str
    sheet: Sheet
    note: str = ""

    @property
    def most_columns(self) -> int:
        return min(_MOST_COLUMNS, self.sheet.columns)

    def panels(self, rows: int, columns: int, note: str, legend: int = 0) -> tuple[Figure, Any]:
        """Return a figure with its title, its caption and a grid of panels.

        Above those it has room for so many lines of a legend.
        """
        self.note, sheet = note, self.sheet
        layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06)
        figure = Figure(
            figsize=(sheet.width, _WORDS + rows * _ROW + legend * _LEGEND), layout=layout
        )
        if sheet.titled:
            edge: dict[str, Any] = {"x": 0.08 / sheet.width, "ha": "left"}
            inner = sheet.width - 0.16
            title = style.wrapped(self.title, inner, sheet.title, "bold")
            figure.suptitle("\n".join(title), size=sheet.title, weight="bold", **edge)
            lines = style.wrapped(note, inner, sheet.note)
            figure.supxlabel("\n".join(lines), size=sheet.note, color=FAINT, **edge)
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes in grid.flat:
            axes.grid(visible=True, axis="y")
            axes.set_axisbelow(True)
        open_left(grid)
        return figure, grid


def _fit_y(figure: Figure, axes: Axes, study: StudyResults, values: Sequence[float]) -> None:
    """Label y, and fit it to the values."""
    objective = study.arms[0].arm.objective
    unit = f" ({objective.unit})" if objective.unit == "%" else ""
    figure.supylabel(f"{objective.name}{unit}", size=mpl.rcParams["axes.labelsize"])
    if objective.minimize and values and min(values) > 0:
        log_y(axes, min(values) / 1.15, max(values) * 1.2)


def _values(study: StudyResults) -> list[float]:
    return [t.value for results in study.arms for t in results.ended if t.value is not None]


def _history(study: StudyResults, frame: _Frame) -> Figure:
    """A panel for each arm: the value of each trial, and the best so far."""
    rows = math.ceil(len(study.arms) / frame.most_columns)
    note = f"{_STATES_SAID.format('')} Lines: the best so far."
    figure, grid = frame.panels(rows, min(len(study.arms), frame.most_columns), note)
    for axes, results in itertools.zip_longest(grid.flat, study.arms):
        if results is None:
            axes.set_visible(False)
            continue
        color = titles.color(results)
        _scatter(axes, results.ended, [t.number for t in results.ended], lambda _, c=color: c)
        numbers, best = zip(*_so_far(results), strict=True) if _so_far(results) else ((), ())
        axes.plot(numbers, best, drawstyle="steps-post", color=color)
        axes.set_title(titles.label(results), loc="left", color=color)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("trial")
    _fit_y(figure, grid[0][0], study, _values(study))
    return figure


def _so_far(results: ArmResults) -> list[tuple[int, float]]:
    """Return the best value after each trial, from the first that is complete."""
    objective, found = results.arm.objective, list[tuple[int, float]]()
    for trial in results.trials:
        if trial.state == "complete" and trial.value is not None:
            better = not found or objective.better(trial.value, found[-1][1])
            found.append((trial.number, trial.value if better else found[-1][1]))
        elif found:
            found.append((trial.number, found[-1][1]))
    return found


def _budget(study: StudyResults, frame: _Frame) -> Figure:
    """The expected best of k trials, and the default protocol, of each arm, all in one panel."""
    seeds, cell = study.study.seeds, study.arms[0].arm.cell
    each = f"{seeds} seed{'' if seeds == 1 else 's'} for {cell.iterations:,} iterations"
    note = (
        f"A trial trains {each}, or fewer where it was given up. Lines: means over all orders."
        f"{titles.defaults_said(study)}"
    )
    frame.title = titles.gain(study) or frame.title
    columns = max(1, frame.sheet.columns // 2)
    figure, grid = frame.panels(1, 1, note, legend=math.ceil(2 * len(study.arms) / columns))
    axes: Axes = grid[0][0]
    looks = style.looks(
        {titles.label(results): titles.color(results) for results in study.arms}, dashed=True
    )
    shown: list[float] = []
    for results in study.arms:
        curve, look, own = results.curve, looks[titles.label(results)], titles.default(results)
        if curve:
            axes.plot(
                range(1, len(curve) + 1), curve, label=titles.label(results), color=look.color,
                linestyle=look.linestyle, marker=look.marker, markersize=3, markeredgewidth=0,
                markevery=max(1, len(curve) // 12),
            )  # fmt: skip
        if own is not None:
            tested = f" ({results.arm.objective.tested_name})" if own[1] else ""
            label = f"{titles.label(results)}, default{tested}"
            axes.plot(
                [1, max(2, len(results.trials))], [own[0]] * 2, color=look.color, linestyle=DOTTED,
                marker=look.marker, markersize=4, markerfacecolor="white", markeredgewidth=0.9,
                markevery=[1], label=label,
            )  # fmt: skip
        shown += [*curve, *([] if own is None else [own[0]])]
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trials")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns,
        frameon=False, borderaxespad=0.2,
    )  # fmt: skip
    _fit_y(figure, axes, study, shown)
    return figure


def _slices(study: StudyResults, frame: _Frame) -> Figure:
    """A row for each arm, a panel for each field: the value of each trial by the field's."""
    space = space_of(study.study)
    note = _STATES_SAID.format(", the later the more they stand out")
    figure, grid = frame.panels(len(study.arms), len(space), note)
    for row, results in zip(grid, study.arms, strict=True):
        for axes, dimension in zip(row, space, strict=True):
            _slice(axes, results, dimension)
        row[0].set_title(titles.label(results), loc="left", color=titles.color(results))
    _fit_y(figure, grid[0][0], study, _values(study))
    return figure


def _slice(axes: Axes, results: ArmResults, d: Dimension) -> None:
    axes.set_xlabel(words.axis(d.field))
    if d.field in results.arm.dropped:
        axes.text(0.5, 0.5, "does not apply", ha="center", transform=axes.transAxes, color=FAINT)
        axes.set_xticks([])
        return
    trials = [trial for trial in results.ended if d.field in trial.params]
    values = _names(d, trials)
    shades = colors.sequence([str(n) for n in range(len(results.trials))])
    x = [_position(d, values, trial) for trial in trials]
    _scatter(axes, trials, x, lambda trial: shades[str(trial.number)])
    if d.values:
        axes.set_xticks(range(len(values)), values)
        axes.set_xlim(-0.5, len(values) - 0.5)
    elif d.log:
        axes.set_xscale("log")
        axes.set_xlim(min([d.low, *x]) / 1.3, max([d.high, *x]) * 1.3)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(short))
    else:
        margin = 0.08 * (d.high - d.low)
        axes.set_xlim(min([d.low, *x]) - margin, max([d.high, *x]) + margin)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=isinstance(d.low, int)))


def _names(d: Dimension, trials: Sequence[Trial]) -> list[str]:
    """Return the names along x: the space's, then what the untuned protocol has beside them."""
    if not d.values:
        return []
    tried = (coerce(d.field, trial.params[d.field]) for trial in trials)
    return list(dict.fromkeys(format_value(d.field, value) for value in (*d.values, *tried)))


def _position(d: Dimension, values: Sequence[str], trial: Trial) -> float:
    """Return where along x a trial's value of the field is: of names, their number."""
    value = trial.params[d.field]
    if not d.values:
        return float(value)
    return values.index(format_value(d.field, coerce(d.field, value)))


def _scatter(
    axes: Axes, trials: Sequence[Trial], x: Sequence[float], color: Callable[[Trial], Any]
) -> None:
    """Draw trials, each with the marker of its state; what is not complete is grey."""
    for state, marker in _STATES.items():
        some = [(at, trial) for at, trial in zip(x, trials, strict=True) if trial.state == state]
        axes.scatter(
            [at for at, _ in some],
            [trial.value or 0.0 for _, trial in some],
            marker=marker, s=16, linewidth=0.9, zorder=2,
            color=[color(trial) if state == "complete" else FAINT for _, trial in some],
        )  # fmt: skip


def _importance(study: StudyResults, frame: _Frame) -> Figure | None:
    """A panel for each arm that has it: bars of fANOVA and MDI."""
    shown = [results for results in study.arms if results.importances]
    if not shown:
        return None
    rows = math.ceil(len(shown) / frame.most_columns)
    note = "Bars: share of each field in the spread of the objective over trials."
    frame.title = titles.most_important(shown, study) or frame.title
    figure, grid = frame.panels(rows, min(len(shown), frame.most_columns), note)
    fields = [*study.study.space][::-1]
    for axes, results in itertools.zip_longest(grid.flat, shown):
        if results is None:
            axes.set_visible(False)
            continue
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        for shift, (kind, shares) in zip((0.19, -0.19), results.importances.items(), strict=True):
            axes.barh(
                [n + shift for n in range(len(fields))],
                [shares.get(field, 0.0) for field in fields],
                height=0.34, color=titles.color(results), alpha=1.0 if kind == "fANOVA" else 0.45,
                label=kind,
            )  # fmt: skip
        axes.set_yticks(range(len(fields)), [words.axis(field) for field in fields])
        axes.set_xlim(0, 1)
        axes.set_xticks([0.25, 0.5, 0.75], ["0.25", "0.5", "0.75"])
        axes.set_title(titles.label(results), loc="left", color=titles.color(results))
        axes.legend(frameon=False)
    return figure
