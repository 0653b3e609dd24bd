"""What the figures of a page share, once: their styles as classes, and their markers.

    style, defs, figures = shared(figures)

Thirty figures of an exhibit have a few hundred styles between them, and each is used all over.
"""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from ..figures.drawing.compact import letters

_MARKER = re.compile(r'<marker id="([^"]+)"(.*?)</marker>')
_STYLE = re.compile(r' style="([^"]*)"(/?)')
_EMPTY = "<defs></defs>"
_CLASS, _ID = "z-", "zm-"  # that nothing else in the page begins with


def shared(figures: Sequence[Markup]) -> tuple[Markup, Markup, list[Markup]]:
    """Return the rules of a style sheet, an element with all markers, and the figures by them.

    Args:
        figures: svg elements as `figures.compact` makes them.
    """
    markers: dict[str, str] = {}
    names = (f"{_ID}{name}" for name in letters())
    found = [_without_markers(str(figure), markers, names) for figure in figures]
    defined = "".join(f'<marker id="{name}"{rest}</marker>' for rest, name in markers.items())
    styles: dict[str, str] = {}
    classes = (f"{_CLASS}{name}" for name in letters())

    def name(style: str) -> str:
        return styles.get(style) or styles.setdefault(style, next(classes))

    def classed(content: str) -> str:  # unquoted, a slash must not touch it
        return _STYLE.sub(lambda one: f" class={name(one[1])}{' /' if one[2] else ''}", content)

    found = [classed(content) for content in found]
    defined = classed(defined)
    rules = "\n".join(f".{name}{{{style}}}" for style, name in styles.items())
    element = f"<svg width=0 height=0 aria-hidden=true><defs>{defined}</defs></svg>"
    return Markup(rules), Markup(element if defined else ""), [Markup(one) for one in found]


def _without_markers(content: str, markers: dict[str, str], names: Iterator[str]) -> str:
    """Return a figure by the page's markers; those that are new are added to `markers`."""
    mine: dict[str, str] = {}
    for name, rest in _MARKER.findall(content):
        mine[name] = markers.get(rest) or markers.setdefault(rest, next(names))
    content = _MARKER.sub("", content).replace(_EMPTY, "")
    return re.sub(
        r"marker:url\(#([^)]+)\)",
        lambda one: f"marker:url(#{mine.get(one[1], one[1])})",
        content,
    )
