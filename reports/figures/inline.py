"""A figure as SVG within a page: small, with no name that another figure has, and with values.

The values are in `data-points` of the svg element, as JSON: [[label, [[x, y, text], …]], …], x and
y in the units of its viewBox; the page's script shows the text of the nearest.
"""

import hashlib
import html
import io
import itertools
import json
import re
import string
from collections import Counter
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

_NAMES = string.ascii_letters + string.digits
_VALUES = 8  # points of a line that have their value
_DRAWN_POINTS = 20  # of a line that are drawn: as many as a panel of a page shows
_BAND_POINTS = 28  # of the outline of a band, both sides together
_DOTS = 300  # of a figure, from which on they are an image within the SVG, which takes less
_MARKED = 5  # of the drawn points of a line, every so many have its marker
_DOTS_DPI = 130
_NEAR = 0.03  # of an axis, from a tick, that bars are set aside
_POINTS = 72  # in an inch, which the viewBox counts
_HOLLOW = "white"  # the face of the paper's markers
_FONT = "'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif"  # the second has the same widths
_PREAMBLE = re.compile(r"^.*?(?=<svg )|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_UPRIGHT = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
_TAG = re.compile(r"<g\b[^>]*>|</g>")
_SPACE = re.compile(r">\s+<")
_GROUP = re.compile(r'<g id="[^"]*"')
_NAME = re.compile(r'(?<= id=")[^"]+')
_REFERENCE = re.compile(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+')
_DRAWN = re.compile(r'(?<= )(d|x|y|width|height|transform)="([^"]*)"')
_LINES = re.compile(r"M[-\d. ]+(?:L[-\d. ]+)+")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_STYLE = re.compile(r'(?<= )style="([^"]*)"')
_ALIKE = re.compile(r'<use [^>]* class="(\w+)"/>(?:<use [^>]* class="\1"/>){2,}')
_BETWEEN = re.compile(r"\s*([MLCz])\s*")
_AROUND = re.compile(r"([:;]) ")


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
    content = _compact(buffer.getvalue().decode())
    values = json.dumps(list(_lines(figure)), separators=(",", ":"), ensure_ascii=False)
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


def _compact(content: str) -> str:
    """Return matplotlib's SVG with names of its own, repeated styles as classes, short numbers."""
    own = _name(content)
    content = _GROUP.sub("<g", _SPACE.sub("><", _PREAMBLE.sub("", content))).strip()
    content = _ungrouped(_UPRIGHT.sub("", content))
    content = content.replace("xlink:href", "href").replace(*_FONT)
    own_names = map("".join, zip(itertools.repeat(own), _letters(), strict=False))
    names = dict(zip(dict.fromkeys(_NAME.findall(content)), own_names, strict=False))
    for pattern in (_NAME, _REFERENCE):
        content = pattern.sub(lambda found: names.get(found[0], found[0]), content)
    content = _DRAWN.sub(lambda found: f'{found[1]}="{_short(found[2])}"', content)
    content = _STYLE.sub(lambda found: _AROUND.sub(r"\1", found[0]), content)
    counted = Counter(_STYLE.findall(content))
    classes = dict(zip((s for s, n in counted.items() if n > 2), _letters(), strict=False))
    rules = "".join(f"#{own} .{name}{{{style}}}" for style, name in classes.items())
    content = _STYLE.sub(
        lambda found: f'class="{classes[found[1]]}"' if found[1] in classes else found[0], content
    )
    content = _ALIKE.sub(_grouped, content)
    return content.replace("<svg ", f'<svg id="{own}" ', 1).replace(
        "<defs>", f"<style>{rules}</style><defs>", 1
    )


def _name(content: str) -> str:
    """Return four letters and digits by the content's hash: one of 10^7, so no other figure's."""
    number = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    rest, first = divmod(number, len(string.ascii_letters))
    return string.ascii_letters[first] + "".join(
        _NAMES[rest // len(_NAMES) ** n % len(_NAMES)] for n in range(3)
    )


def _ungrouped(content: str) -> str:
    """Return the SVG without the groups that have no attributes."""
    kept: list[bool] = []

    def tag(found: re.Match[str]) -> str:
        if found[0].endswith("/>"):
            return ""  # of nothing
        if found[0] != "</g>":
            kept.append(found[0] != "<g>")
            return found[0] if kept[-1] else ""
        return "</g>" if kept.pop() else ""

    return _TAG.sub(tag, content)


def _grouped(found: re.Match[str]) -> str:
    """Return markers of one class as a group of that class."""
    markers = found[0].replace(f' class="{found[1]}"', "")
    return f'<g class="{found[1]}">{markers}</g>'


def _short(numbers: str) -> str:
    rounded = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), numbers)
    joined = _BETWEEN.sub(r"\1", rounded).strip()
    return _relative(joined) if _LINES.fullmatch(joined.removesuffix("z")) else joined


def _relative(path: str) -> str:
    """Return a path of lines by the steps from point to point, in tenths: fewer digits."""
    end = "z" if path.endswith("z") else ""
    points = [
        [round(10 * float(number)) for number in point.split()]
        for point in re.split("[ML]", path.removesuffix("z"))[1:]
    ]
    steps = [
        f"{_tenths(x - before[0])} {_tenths(y - before[1])}".replace(" -", "-")
        for before, (x, y) in itertools.pairwise(points)
    ]
    x, y = points[0]
    return f"M{_tenths(x)} {_tenths(y)}l{' '.join(steps).replace(' -', '-')}{end}"


def _tenths(number: int) -> str:
    return f"{number / 10:g}".replace("0.", ".", 1) if abs(number) < 10 else f"{number / 10:g}"


def _letters() -> Iterator[str]:
    """Yield a, b and so on to z, aa, ab and so on."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for length in itertools.count(1):
        yield from map("".join, itertools.product(letters, repeat=length))


def _lines(figure: Figure) -> Iterator[list[Any]]:
    """Yield each line and each cloud of dots of a drawn figure: its label, and its points."""
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
                [round(left, 1), round(height - up, 1), f"{x_words(x)}: {y_words(y)}"]
                for (left, up), (x, y) in zip(placed, shown.tolist(), strict=True)
                if inside.contains(left, up)
            ]
            if points:
                yield [label, points]


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
