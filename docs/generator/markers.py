"""Markers in Markdown, and what stands between them.

    <!-- begin: table table1 quick dataset=mnist -->      a block: its lines are generated
    <!-- end -->

    DNI ends at <!-- n: mean table1 quick rule=dni,depth=4 -->8.12<!-- /n --> %        inline

A marker in a code fence or in backticks is text. No line begins with an inline marker: Markdown
would take the whole line for HTML.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Write = Callable[[list[str]], str]
"""Takes the words of a marker, returns what stands there; raises MarkerError."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_BEGIN = re.compile(r"^\s*<!-- begin: (.+?) -->\s*$")
_END = re.compile(r"^\s*<!-- end -->\s*$")
_INLINE = re.compile(r"(?<!`)<!-- n: (.+?) -->(.*?)<!-- /n -->")
_STRAY = re.compile(r"<!-- (begin:|end|n:|/n)")
_CODE = re.compile(r"`[^`]*`")


class MarkerError(Exception):
    """A marker that cannot be filled; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its number from 1, its text, and whether it is in a fence or generated."""

    number: int
    text: str
    fenced: bool = False
    generated: bool = False


def fill(text: str, block: Write, inline: Write) -> str:
    """Return a page with everything between its markers written anew.

    Args:
        text: the page.
        block: writes the lines of a block, without a line end at the end.
        inline: writes a number in a line.

    Raises:
        MarkerError: a marker cannot be filled, has no end or no begin; the line is named.
    """
    lines: list[str] = []
    for line in parse(text):
        if line.generated:
            continue
        if line.fenced:
            lines.append(line.text)
            continue
        try:
            lines.append(_INLINE.sub(lambda m: _filled(m, inline), line.text))
            if begin := _BEGIN.match(line.text):
                lines.append(block(begin[1].split()))
        except MarkerError as error:
            raise MarkerError(f"line {line.number}: {error}") from None
    return "".join(f"{line}\n" for line in lines)


def _filled(match: re.Match[str], inline: Write) -> str:
    return f"<!-- n: {match[1]} -->{inline(match[1].split())}<!-- /n -->"


def parse(text: str) -> Iterator[Line]:
    """Yield the lines of a page. Raises MarkerError where markers do not pair."""
    fence, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if begun:
            if _BEGIN.match(line):
                raise MarkerError(f"line {begun}: a block without <!-- end --> below it")
            end = _END.match(line)
            begun = 0 if end else begun
            yield Line(number, line, generated=not end)
            continue
        if opened := _FENCE.match(line):
            if not fence:
                fence = opened[1]
            elif line.strip().startswith(fence) and line.strip("` ~") == "":
                fence = ""
            yield Line(number, line, fenced=True)
            continue
        if fence:
            yield Line(number, line, fenced=True)
            continue
        if _BEGIN.match(line):
            begun = number
        elif line.lstrip().startswith("<!-- n:"):
            raise MarkerError(f"line {number}: begin the line with a word, not with a marker")
        elif _STRAY.search(_CODE.sub("", _INLINE.sub("", line))):
            raise MarkerError(
                f"line {number}: write <!-- begin: … --> and <!-- end --> on lines of their own,"
                " and <!-- n: … -->number<!-- /n --> within one line"
            )
        yield Line(number, line)
    if begun:
        raise MarkerError(f"line {begun}: a block without <!-- end --> below it")


def written_by_hand(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of what a page says outside of fences, markers and backticks."""
    for line in parse(text):
        if line.fenced or line.generated:
            continue
        prose = _INLINE.sub(" ", line.text)
        prose = re.sub(r"<!--.*?-->|`[^`]*`|\]\([^)]*\)", " ", prose)
        yield line.number, prose
