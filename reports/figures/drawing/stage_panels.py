"""Figures of networks in stages, drawn: lines by delay, shares of time, timelines, simulation."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ..spec import StagesDrawing
from .axes import log_y, short
from .style import FAINT, INK, Sheet, looks, width, wrapped

_EDGE, _GAP = 0.08, 0.16  # inches: around all, between panels
_TITLE, _LEGEND, _NOTE, _HEAD = 0.19, 0.19, 0.14, 0.2  # inches of a line
_AXIS = 0.46  # below a panel
_HANDLE, _PAD, _COLUMN = 2.2, 0.5, 1.2  # of the legend, in its font's size
_BAR, _ROW = 0.17, 0.36  # inches of a stage's bar, of a panel of a timeline
_TENTH = "#ececec"


def figure(drawing: StagesDrawing, sheet: Sheet) -> Figure:
    """Return the figure; to be called within `style.style`."""
    inner = sheet.width - 2 * _EDGE
    title = wrapped(drawing.title, inner, sheet.title, "bold") if sheet.titled else []
    notes = [line for note in drawing.notes for line in wrapped(note, inner, sheet.note)]
    notes = notes if sheet.titled else []
    handles = _rows(_handles(drawing), inner, sheet.legend)
    top = _EDGE + _TITLE * len(title) + 0.06 + _LEGEND * len(handles) + _HEAD
    bottom = _AXIS + 0.06 + _NOTE * len(notes)
    draw, body = _KINDS[drawing.kind](drawing, sheet)
    height = top + body + bottom
    found = Figure(figsize=(sheet.width, height))
    draw(found, (top, bottom, height))
    for n, line in enumerate(title):
        y = 1 - (_EDGE + n * _TITLE) / height
        found.text(_EDGE / sheet.width, y, line, size=sheet.title, weight="bold", va="top")
    for n, some in enumerate(handles):
        y = 1 - (_EDGE + _TITLE * len(title) + 0.04 + n * _LEGEND) / height
        found.legend(
            handles=some, loc="upper left", bbox_to_anchor=(_EDGE / sheet.width, y),
            ncols=len(some), frameon=False, borderpad=0, borderaxespad=0, handlelength=_HANDLE,
            handletextpad=_PAD, columnspacing=_COLUMN,
        )  # fmt: skip
    for n, line in enumerate(reversed(notes)):
        y = (_EDGE + n * _NOTE) / height
        found.text(_EDGE / sheet.width, y, line, size=sheet.note, color=FAINT)
    return found


Frame = tuple[float, float, float]
"""Inches above the panels, below them, and of the whole figure."""
Draw = Callable[[Figure, Frame], None]


def _handles(drawing: StagesDrawing) -> list[Any]:
    if drawing.kind in ("shares", "timeline"):
        shown = set(drawing.data["kind"])
        return [Patch(color=c, label=k) for k, c in drawing.colors.items() if k in shown]
    styles = looks(drawing.colors, dashed=drawing.kind == "crossover")
    return [
        Line2D([], [], color=one.color, marker=one.marker, linestyle=one.linestyle, label=line)
        for line, one in styles.items()
    ]


def _rows(handles: Sequence[Any], inches: float, size: float) -> list[list[Any]]:
    """Return the handles of the legend, as many in a row as so many inches hold."""
    rows: list[list[Any]] = [[]]
    used = 0.0
    for handle in handles:
        mine = (_HANDLE + _PAD + _COLUMN) * size / 72 + width(str(handle.get_label()), size)
        if rows[-1] and used + mine > inches:
            rows.append([])
            used = 0.0
        rows[-1].append(handle)
        used += mine
    return rows


def _grid(found: Figure, frame: Frame, shape: tuple[int, int], left: float, right: float) -> Any:
    """Return the axes of a grid: rows and columns, with so many inches left and right of them."""
    (top, bottom, height), (rows, columns) = frame, shape
    wide = found.get_figwidth()
    each = (wide - left - right - (columns - 1) * _GAP) / columns
    return found.subplots(
        rows, columns, squeeze=False,
        gridspec_kw={
            "left": left / wide, "right": 1 - right / wide,
            "bottom": bottom / height, "top": 1 - top / height, "wspace": _GAP / each,
            "hspace": 0.35,
        },
    )  # fmt: skip


def _head(axes: Axes, text: str, sheet: Sheet) -> None:
    axes.set_title(text, loc="left", size=sheet.panel, color=INK, pad=3)


def _crossover(drawing: StagesDrawing, sheet: Sheet) -> tuple[Draw, float]:
    data: Any = drawing.data
    panels = list(dict.fromkeys(data["panel"])) or [""]

    def draw(found: Figure, frame: Frame) -> None:
        grid = _grid(found, frame, (1, len(panels)), 0.62, _EDGE)
        styles = looks(drawing.colors, dashed=True)
        values = data[["mean", "low", "high"]].astype(float).stack()
        delays = sorted(set(data["x"])) or [0.0]
        for axes, panel in zip(grid[0], panels, strict=True):
            _delays(axes, delays)
            _marks(axes, drawing, panel)
            mine = data[data["panel"] == panel]
            for line, one in styles.items():
                some = mine[mine["line"] == line].sort_values("x")
                if some.empty:
                    continue
                axes.plot(
                    some["x"], some["mean"], color=one.color, marker=one.marker,
                    linestyle=one.linestyle, label=line,
                )  # fmt: skip
                ends = some.dropna(subset=["low", "high"])
                axes.vlines(
                    ends["x"],
                    ends["low"].astype(float),
                    ends["high"].astype(float),
                    color=one.color,
                    linewidth=1,
                )
            if len(values):
                log_y(axes, values.min() / 1.25, values.max() * 1.25)
            _head(axes, panel, sheet)
            axes.grid(visible=True, axis="y")
            axes.set_xlabel("delay of a message (ms)")
            if axes is not grid[0][0]:
                axes.tick_params(labelleft=False)
        grid[0][0].set_ylabel(drawing.y_label)

    return draw, 2.6


def _delays(axes: Axes, delays: Sequence[float]) -> None:
    """Make x logarithmic with 0 beside it, ticks where something was run."""
    above = [d for d in delays if d > 0]
    least = min(above, default=1.0)
    axes.set_xscale("symlog", linthresh=least, linscale=0.5)
    axes.set_xlim(-least / 4, max([*above, 1.0]) * 1.4)
    axes.xaxis.set_major_locator(FixedLocator([0.0, *above]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(short))


def _marks(axes: Axes, drawing: StagesDrawing, panel: str) -> None:
    marks = drawing.marks
    for one in [] if marks is None else marks[marks["panel"] == panel].to_dict("records"):
        if pd.notna(one["low"]) and pd.notna(one["high"]):
            axes.axvspan(one["low"], one["high"], color=_TENTH, linewidth=0, zorder=0.5)
        axes.axvline(one["x"], color=INK, linewidth=0.9, zorder=0.6)


def _shares(drawing: StagesDrawing, sheet: Sheet) -> tuple[Draw, float]:
    data: Any = drawing.data
    panels = list(dict.fromkeys(data["panel"]))
    lines = list(dict.fromkeys(data["line"]))

    def draw(found: Figure, frame: Frame) -> None:
        left = 0.2 + max(width(line, sheet.note) for line in lines)
        grid = _grid(found, frame, (1, len(panels)), left, 2 * _EDGE)
        for axes, panel in zip(grid[0], panels, strict=True):
            mine = data[data["panel"] == panel]
            base = dict.fromkeys(lines, 0.0)
            for kind, color in drawing.colors.items():
                values = dict(mine.loc[mine["kind"] == kind, ["line", "share"]].to_numpy().tolist())
                for line, share in values.items():
                    axes.barh(lines.index(line), share, left=base[line], color=color, height=0.8)
                    base[line] += share
            axes.set_ylim(len(lines) - 0.5, -0.5)
            axes.set_xlim(0, 100)
            axes.xaxis.set_major_locator(FixedLocator([0, 25, 50, 75]))
            axes.set_yticks(range(len(lines)), lines, size=sheet.note)
            axes.tick_params(axis="y", length=0, labelleft=axes is grid[0][0])
            axes.spines["left"].set_visible(False)
            axes.set_xlabel("share of time (%)")
            _head(axes, panel, sheet)

    return draw, _BAR * len(lines)


def _timeline(drawing: StagesDrawing, sheet: Sheet) -> tuple[Draw, float]:
    data: Any = drawing.data
    panels = list(dict.fromkeys(data["panel"]))
    columns = list(dict.fromkeys(data["column"]))
    columns.sort(key=lambda name: name != "no delay")

    def draw(found: Figure, frame: Frame) -> None:
        left = 0.2 + max(width(panel, sheet.note) for panel in panels)
        grid = _grid(found, frame, (len(panels), len(columns)), left, _EDGE)
        for row, panel in enumerate(panels):
            for column, name in enumerate(columns):
                axes = grid[row][column]
                here = (data["panel"] == panel) & (data["column"] == name)
                _spans(axes, drawing, data[here])
                axes.set_xlim(0, data.loc[data["column"] == name, "end"].max())
                last = row == len(panels) - 1
                axes.tick_params(labelbottom=last, bottom=last)
                axes.spines["left"].set_visible(False)
                axes.spines["bottom"].set_visible(last)
                axes.xaxis.set_major_locator(MaxNLocator(5))
                if row == 0:
                    _head(axes, name, sheet)
                if last:
                    axes.set_xlabel("milliseconds")
            words = {"rotation": 0, "ha": "right", "va": "center", "labelpad": 4}
            grid[row][0].set_ylabel(panel, size=sheet.note, **words)

    return draw, _ROW * len(panels)


def _spans(axes: Axes, drawing: StagesDrawing, spans: Any) -> None:
    top = int(spans["stage"].max()) if len(spans) else 0
    for (stage, kind), some in spans.groupby(["stage", "kind"]):
        bars = [(start, end - start) for start, end in some[["start", "end"]].to_numpy().tolist()]
        axes.broken_barh(bars, (int(stage) - 0.42, 0.84), color=drawing.colors[kind], linewidth=0)
    axes.set_ylim(-0.5, top + 0.5)
    axes.set_yticks([])


def _simulated(drawing: StagesDrawing, sheet: Sheet) -> tuple[Draw, float]:
    data: Any = drawing.data
    panels = list(dict.fromkeys(data["panel"]))
    above, below, between = 2.3, 1.6, 0.75  # inches: what was measured, what was not

    def draw(found: Figure, frame: Frame) -> None:
        top, bottom, height = frame
        rest = below + between if panels[1:] else 0.0
        narrow = sheet.width - 0.62 - above - 0.8
        ((axes,),) = _grid(found, (top, bottom + rest, height), (1, 1), 0.62, max(_EDGE, narrow))
        mine = data[data["panel"] == panels[0]]
        _points(axes, drawing, mine, beyond=False)
        values = pd.concat([mine["x"], mine["mean"]])
        ends = [values.min() / 1.5, values.max() * 1.5]
        within = ([0.9 * x for x in ends], [1.1 * x for x in ends])
        axes.fill_between(ends, *within, color=_TENTH, linewidth=0, zorder=0.5)
        log_y(axes, ends[0], ends[1])
        axes.set_xlim(ends)
        axes.set_xlabel("updates a second, measured")
        axes.set_ylabel("simulated")
        _head(axes, "as run", sheet)
        if not panels[1:]:
            return
        shape = (1, len(panels) - 1)
        grid = _grid(found, (top + above + between, bottom, height), shape, 0.62, _EDGE)
        some = data[data["panel"] != panels[0]]
        for axes, panel in zip(grid[0], panels[1:], strict=True):
            _points(axes, drawing, some[some["panel"] == panel], beyond=True)
            axes.xaxis.set_major_locator(FixedLocator(sorted(set(some["x"]))))
            axes.set_xlabel("stages")
            log_y(axes, some["mean"].min() / 1.5, some["mean"].max() * 1.5)
            axes.tick_params(labelleft=axes is grid[0][0])
            axes.grid(visible=True, axis="y")
            _head(axes, panel, sheet)
        grid[0][0].set_ylabel("updates a second")

    return draw, above + (below + between if panels[1:] else 0.0)


def _points(axes: Axes, drawing: StagesDrawing, data: Any, *, beyond: bool) -> None:
    """Draw each arm's points: hollow, and joined by dashes, where they are simulated alone."""
    for line, one in looks(drawing.colors, dashed=False).items():
        some = data[data["line"] == line].sort_values("x")
        axes.plot(
            some["x"], some["mean"], color=one.color, marker=one.marker, label=line,
            linestyle=(0, (3, 2)) if beyond else "none",
            markerfacecolor="white" if beyond else one.color,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(short))


_KINDS: dict[str, Callable[[StagesDrawing, Sheet], tuple[Draw, float]]] = {
    "crossover": _crossover,
    "shares": _shares,
    "timeline": _timeline,
    "simulated": _simulated,
}
