"""Matplotlib's SVG in fewer bytes: the same picture, as an svg element of a page.

Names are the figure's own, numbers are rounded to tenths, and what is drawn often (ticks, grid
lines, markers) is one element. Styles stay where they are: a page's figures share them
(`pages.shared`).
"""

import hashlib
import itertools
import math
import re
import string
from collections import Counter
from collections.abc import Iterator

from .style import GRID

_NEARLY = 4  # tenths of a unit, two thirds of a pixel of a page
_SHAPE = 12  # points that a marker has at most, which is too small to be simplified
_NAMES = string.ascii_letters + string.digits
_FONT = "'DejaVu Sans'", "'DejaVu Sans',Verdana,sans-serif"  # the second has the same widths
_PREAMBLE = re.compile(
    r"^.*?(?=<svg )|<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>"
    r'|(?<=<svg) xmlns:xlink="[^"]*"|(?<=") version="1.1"',
    re.DOTALL,
)
_UPRIGHT = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
_TAG = re.compile(r"<g\b[^>]*>|</g>")
_SPACE = re.compile(r">\s+<")
_GROUP = re.compile(r'<g id="[^"]*"')
_NAME = re.compile(r'(?<= id=")[^"]+')
_REFERENCE = re.compile(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+')
_DRAWN = re.compile(r'(?<= )(d|x|y|width|height|transform)="([^"]*)"')
_LINES = re.compile(r"M[-\d. ]+(?:L[-\d. ]+)+")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_STYLE = re.compile(r'(?<= style=")[^"]*')
_BETWEEN = re.compile(r"\s*([MLCz])\s*")
_AROUND = re.compile(r"([:;,]) ")
_DEFINED = re.compile(r'<defs><path id="(\w+)" d="([^"]*)"(?: style="[^"]*")?/></defs>')
_STROKE = re.compile(r"M0 0(l-?[\d.]+ ?-?[\d.]+)")
_USE = re.compile(r'<use href="#(\w+)" x="(-?[\d.]+)" y="(-?[\d.]+)" style="([^"]*)"/>')
_RUN = re.compile(
    r'<use href="#(\w+)" x="[^"]*" y="[^"]*" style="([^"]*)"/>'
    r'(?:<use href="#\1" x="[^"]*" y="[^"]*" style="\2"/>)+'
)
_AT = re.compile(r' x="(-?[\d.]+)" y="(-?[\d.]+)"')
_GRID_LINE = re.compile(rf'<path d="(M[^"]*)" style="([^"]*stroke:{GRID};[^"]*)"/>')
_BACKGROUND = re.compile(r'<path d="M0 [^"]*z" style="fill:none"/>')
_START = re.compile(r"M(-?[\d.]+) ?(-?[\d.]+)")


def compact(content: str) -> str:
    """Return an svg element from a file of matplotlib's SVG."""
    own = _name(content)
    content = _GROUP.sub("<g", _SPACE.sub("><", _PREAMBLE.sub("", content))).strip()
    content = _ungrouped(_UPRIGHT.sub("", content))
    content = content.replace("xlink:href", "href").replace(*_FONT)
    own_names = map("".join, zip(itertools.repeat(own), letters(), strict=False))
    names = dict(zip(dict.fromkeys(_NAME.findall(content)), own_names, strict=False))
    for pattern in (_NAME, _REFERENCE):
        content = pattern.sub(lambda found: names.get(found[0], found[0]), content)
    content = _DRAWN.sub(lambda found: f'{found[1]}="{_short(found[2])}"', content)
    content = _STYLE.sub(lambda found: _AROUND.sub(r"\1", found[0]), content)
    return _markers(_in_place(_joined(_strokes(content))), own)


def letters() -> Iterator[str]:
    """Yield a, b and so on to z, aa, ab and so on."""
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=length))


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


def _strokes(content: str) -> str:
    """Return the SVG with the ticks of one kind as one path."""
    shapes = {name: d for name, d in _DEFINED.findall(content) if _STROKE.fullmatch(d)}
    drawn: dict[tuple[str, str], list[str]] = {}
    for name, x, y, style in _USE.findall(content):
        if name in shapes:
            drawn.setdefault((name, style), []).append(f"M{x} {y}{shapes[name][4:]}")

    def first(found: re.Match[str]) -> str:
        if found[1] not in shapes:
            return found[0]
        some = drawn.pop((found[1], found[4]), None)
        return f'<path d="{"".join(some)}" style="{found[4]}"/>' if some else ""

    content = _USE.sub(first, content)
    return _DEFINED.sub(lambda found: "" if found[1] in shapes else found[0], content)


def _joined(content: str) -> str:
    """Return the SVG with the grid lines of one style as one path: they lie below all else."""
    drawn: dict[str, list[str]] = {}
    for d, style in _GRID_LINE.findall(content):
        drawn.setdefault(style, []).append(d)

    def first(found: re.Match[str]) -> str:
        some = drawn.pop(found[2], None)
        return f'<path d="{"".join(some)}" style="{found[2]}"/>' if some else ""

    return _GRID_LINE.sub(first, content)


def _in_place(content: str) -> str:
    """Return the SVG with shapes that are used once drawn where they are used."""
    uses = Counter(name for name, *_ in _USE.findall(content))
    shapes = {name: d for name, d in _DEFINED.findall(content) if uses[name] == 1}

    def drawn(found: re.Match[str]) -> str:
        if found[1] not in shapes:
            return found[0]
        d = _moved(shapes[found[1]], float(found[2]), float(found[3]))
        if d is None:
            del shapes[found[1]]
            return found[0]
        return f'<path d="{d}" style="{found[4]}"/>'

    content = _USE.sub(drawn, content)
    return _DEFINED.sub(lambda found: "" if found[1] in shapes else found[0], content)


def _moved(path: str, x: float, y: float) -> str | None:
    """Return a path of relative steps, moved; None where a part of it is absolute."""
    if len(re.findall("[A-Z]", path)) > 1:
        return None
    return _START.sub(lambda m: f"M{_plain(float(m[1]) + x)} {_plain(float(m[2]) + y)}", path)


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _markers(content: str, own: str) -> str:
    """Return the SVG with a run of markers as one line that has only markers."""
    shapes = dict(_DEFINED.findall(content))
    found: dict[tuple[str, str], str] = {}

    def line(run: re.Match[str]) -> str:
        name = found.setdefault((run[1], run[2]), f"{own}_{len(found)}")
        points = " ".join(f"{x} {y}" for x, y in _AT.findall(run[0]))
        return f'<polyline points="{points}" style="fill:none;marker:url(#{name})"/>'

    content = _RUN.sub(line, content)
    left = {name for name, *_ in _USE.findall(content)}
    content = _DEFINED.sub(lambda one: one[0] if one[1] in left else "", content)
    made = "".join(
        f'<marker id="{name}" overflow="visible" markerUnits="userSpaceOnUse">'
        f'<path d="{shapes[shape]}" style="{style}"/></marker>'
        for (shape, style), name in found.items()
    )
    content = _BACKGROUND.sub("", content.replace("<svg ", f'<svg id="{own}" ', 1), count=1)
    return content.replace(">", f"><defs>{made}</defs>", 1) if made else content


def _short(numbers: str) -> str:
    rounded = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), numbers)
    joined = _BETWEEN.sub(r"\1", rounded).strip()
    return _relative(joined) if _LINES.fullmatch(joined.removesuffix("z")) else joined


def _relative(path: str) -> str:
    """Return a path of lines by the steps from point to point, in tenths: fewer digits."""
    end = "z" if path.endswith("z") else ""
    points = [
        (round(10 * float(x)), round(10 * float(y)))
        for x, y in (point.split() for point in re.split("[ML]", path.removesuffix("z"))[1:])
    ]
    if len(points) > _SHAPE:
        points = _simplified(points)
    steps = [
        f"{_tenths(x - before[0])} {_tenths(y - before[1])}".replace(" -", "-")
        for before, (x, y) in itertools.pairwise(points)
    ]
    x, y = points[0]
    return f"M{_tenths(x)} {_tenths(y)}l{' '.join(steps).replace(' -', '-')}{end}"


def _simplified(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the points without those that lie nearly on a line of others (Douglas, Peucker)."""
    (x, y), (end_x, end_y) = points[0], points[-1]
    wide, tall = end_x - x, end_y - y
    length = math.hypot(wide, tall)
    far = [
        abs(wide * (b - y) - tall * (a - x)) / length if length else math.hypot(a - x, b - y)
        for a, b in points
    ]
    n = max(range(len(points)), key=far.__getitem__)
    if far[n] <= _NEARLY:
        return [points[0], points[-1]]
    return [*_simplified(points[: n + 1])[:-1], *_simplified(points[n:])]


def _tenths(number: int) -> str:
    return f"{number / 10:g}".replace("0.", ".", 1) if abs(number) < 10 else f"{number / 10:g}"
