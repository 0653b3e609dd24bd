"""A figure as SVG within a page: small, with no name that another figure has, and with values.

The values are in `data-points` of the svg element, as JSON: [{x: text, …}, [[label, [x, y, text,
…]], …]], x and y in whole units of its viewBox. The page's script shows those of the nearest point:
`label, text of x: text`, or the text alone where it has a colon.
"""

import html
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from .compact import compact

_VALUES = 8  # points of a line that have their value
_DRAWN_POINTS = 20  # of a line that are drawn: as many as a panel of a page shows
_BAND_POINTS = 28  # of the outline of a band, both sides together
_DOTS = 300  # of a figure, from which on they are an image within the SVG, which takes less
_MARKED = 5  # of the drawn points of a line, every so many have its marker
_DOTS_DPI = 130
_NEAR = 0.03  # of an axis, from a tick, that bars are set aside
_POINTS = 72  # in an inch, which the viewBox counts
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?")  # what JavaScript writes alike
_HOLLOW = "white"  # the face of the paper's markers


def inline(figure: Figure) -> bytes:
    """Return the figure as an svg element; to be called within `style.style`."""
    figure.set_dpi(_POINTS)
    clouds = [found for axes in figure.axes for found in axes.collections]
    many = sum(len(_offsets(found)) for found in clouds) > _DOTS
    for axes in figure.axes:
        _thin(axes, many)
    buffer, plain = io.BytesIO(), {"Date": None, "Creator": None}
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", dpi=_DOTS_DPI, transparent=True, metadata=plain)
    figure.set_dpi(_POINTS)
    content = compact(buffer.getvalue().decode())
    values = json.dumps(_values(figure), separators=(",", ":"), ensure_ascii=False)
    values = html.escape(values, quote=False).replace("'", "&#39;")
    return content.replace("<svg ", f"<svg data-points='{values}' ", 1).encode()


def _thin(axes: Axes, many: bool) -> None:
    """Draw fewer points where there are more than a page shows, and dots as an image if `many`."""
    axes.patch.set_visible(False)
    for tick in (*axes.xaxis.get_major_ticks(), *axes.yaxis.get_major_ticks()):
        tick.gridline.set_clip_on(False)  # it ends where the axes do
    for line in axes.lines:
        data = np.asarray(line.get_xydata())
        if len(data) > _DRAWN_POINTS and line.get_drawstyle() == "default":
            kept = _evenly(len(data), _DRAWN_POINTS)
            line.set_data(*data[kept].T)
            line.set_markevery((_MARKED // 2, _MARKED))
    for found in axes.collections:
        paths = found.get_paths()
        if isinstance(found, PolyCollection) and len(paths) == 1:
            outline: Any = np.asarray(paths[0].vertices)
            found.set_verts([outline[_evenly(len(outline), _BAND_POINTS)]])
        elif many and len(_offsets(found)) > 1:
            found.set_rasterized(True)
    _unclip(axes)


def _unclip(axes: Axes) -> None:
    """Clip only what leaves the panel: a reference to a clip path takes as much as a short line."""
    axes.get_xlim()  # which settles both limits
    panel = axes.bbox.padded(1)
    for artist in (*axes.lines, *(one for one in axes.collections if not len(_offsets(one)) > 1)):
        box: Any = artist.get_window_extent()
        if panel.x0 <= box.x0 <= box.x1 <= panel.x1 and panel.y0 <= box.y0 <= box.y1 <= panel.y1:
            artist.set_clip_on(False)


def _offsets(dots: Collection) -> Any:
    return np.ma.getdata(dots.get_offsets())


def _evenly(number: int, most: int) -> Any:
    """Return at most `most` of so many indices, the first and the last among them."""
    if not number:
        return np.arange(0)
    return np.unique(np.linspace(0, number - 1, most).round().astype(int))


def _values(figure: Figure) -> list[Any]:
    """Return what `data-points` holds: the texts along x once, and the points of each line."""
    texts: dict[int, str] = {}
    lines: list[Any] = []
    for label, points in _lines(figure):
        flat: list[Any] = []
        for left, down, x, y in points:
            same = texts.setdefault(left, x) == x
            flat += [left, down, _brief(y) if same else f"{x}: {y}"]
        lines.append([label, flat])
    return [texts, lines]


def _brief(text: str) -> Any:
    """Return a number as JSON has it, where a reader sees the same."""
    return json.loads(text) if _PLAIN.fullmatch(text) else text


def _lines(figure: Figure) -> Iterator[tuple[str, list[tuple[int, int, str, str]]]]:
    """Yield each line and each cloud of dots of a drawn figure: its label, and its points.

    A point is where it lies, from the left and from the top, and its values in words.
    """
    height = figure.get_figheight() * _POINTS
    handles = [handle for legend in figure.legends for handle in _lines_of(legend)]
    for axes in figure.axes:
        legend = axes.get_legend()
        here = [*handles, *(_lines_of(legend) if legend else ())]
        drawn = [(_label(here, line), np.asarray(line.get_xydata())) for line in axes.lines]
        drawn += [
            (_of_color(here, dots.get_facecolor()[0]), _offsets(dots))
            for dots in axes.collections
            if len(_offsets(dots)) > 1 and len(dots.get_facecolor())
        ]
        x_words, y_words = _writer(axes.xaxis), _writer(axes.yaxis)
        inside = axes.bbox.padded(1)
        for label, data in drawn:
            if len(data) == 2 and len(set(data[:, 0])) * len(set(data[:, 1])) == 2:
                continue  # a rule across the panel
            shown = data[_evenly(len(data), _VALUES)]
            placed = axes.transData.transform(shown.astype(float)).tolist()
            points = [
                (round(left), round(height - up), x_words(x), y_words(y))
                for (left, up), (x, y) in zip(placed, shown.tolist(), strict=True)
                if inside.contains(left, up)
            ]
            if points:
                yield label, points


def _label(handles: Sequence[Any], line: Line2D) -> str:
    """Return the legend's words for a line: by its colour, or its marker where colours are shades.

    What has hollow markers is the paper's, and has its words beside.
    """
    hollow = line.get_markerfacecolor() == _HOLLOW
    name = _of_color(handles, line.get_color()) or next(
        (_words(h) for h in handles if h.get_marker() == line.get_marker() != "None"), ""
    )
    paper = next((_words(h) for h in handles if h.get_markerfacecolor() == _HOLLOW), "")
    return ", ".join(dict.fromkeys(filter(None, (name, paper if hollow else ""))))


def _of_color(handles: Sequence[Any], color: Any) -> str:
    wanted = to_hex(color)
    return next((_words(h) for h in handles if to_hex(h.get_color()) == wanted), "")


def _lines_of(legend: Legend) -> list[Line2D]:
    return [handle for handle in legend.legend_handles if isinstance(handle, Line2D)]


def _words(handle: Any) -> str:
    label = str(handle.get_label())
    return "" if label.startswith("_") else label


def _writer(axis: Axis) -> Callable[[float], str]:
    """Return what writes an axis' values as a reader does.

    Where the ticks are chosen, as those of categories and bars are, a value has the nearest's name.
    """
    ticks, near = list[tuple[float, str]](), 0.0
    if isinstance(axis.get_major_locator(), FixedLocator):
        low, high = axis.get_view_interval()
        near = _NEAR * abs(high - low)
        names = [label.get_text() for label in axis.get_ticklabels()]
        ticks = list(zip(axis.get_ticklocs(), names, strict=False))  # some have none

    def write(value: float) -> str:
        for place, name in ticks:
            if name and abs(value - place) <= near:
                return name
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

    return write
