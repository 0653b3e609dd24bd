"""The commands of README and docs: what a reader would type, from fences and from prose.

A fence tagged `sh` holds commands, one a line, a comment after ` #`; a backslash joins lines. In
prose, backticks that begin with `sgbench` hold one. A page's other fences (output, TOML, Python)
hold none, and a fence without a tag that begins with a command is an error of the page.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from generator.markers import parse

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*(\S*)")
_PROSE = re.compile(r"`(sgbench [^`]+)`")
_COMMAND = ("sgbench ", "make ", "pytest ", "python ", "pip ")


@dataclass(frozen=True)
class Block:
    """Commands that are typed one after another: page, line and the words of each."""

    page: str
    line: int
    tag: str
    lines: tuple[str, ...]

    @property
    def commands(self):
        """Each command's text, comments taken off and broken lines joined."""
        text = "\n".join(self.lines).replace("\\\n", " ")
        bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
        return [" ".join(line.split()) for line in bare if line]

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(path: Path, name: str) -> list[Block]:
    """Return every fence of a page."""
    found, begun, tag, inside = [], 0, "", []
    for line in parse(path.read_text(encoding="utf-8")):
        if not line.fenced:
            continue
        mark = _FENCE.match(line.text)
        if not begun:
            begun, tag, inside = line.number, mark[2], []
        elif mark and not mark[2]:
            found.append(Block(name, begun, tag, tuple(inside)))
            begun = 0
        else:
            inside.append(line.text)
    return found


def in_prose(path: Path, name: str) -> list[tuple[str, str]]:
    """Return (page:line, command) of the commands in backticks."""
    return [
        (f"{name}:{line.number}", command)
        for line in parse(path.read_text(encoding="utf-8"))
        if not line.fenced
        for command in _PROSE.findall(line.text)
    ]


def untagged(block: Block) -> bool:
    """Tell whether a fence holds commands and does not say so."""
    return block.tag != "sh" and any(line.startswith(_COMMAND) for line in block.lines)


def words(command: str) -> list[str]:
    """Return the words of a command as a shell would part them."""
    return shlex.split(command)
