"""The commands of README and docs: what a reader would type, from fences and from prose.

A fence that is tagged `sh`, or not at all and begins with a program, holds commands, one a line, a
comment after ` #`; a backslash joins lines. One tagged `bash` is a script. In prose, backticks that
begin with a program hold a command. Other fences (output, TOML, Python) hold none.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from generator.markers import parse

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*(\S*)")
_PROSE = re.compile(r"`((?:SGBENCH_\w+=\S+\s+)*(?:sgbench|pytest|python|make)\s[^`]+)`")
_COMMAND = ("sgbench ", "make ", "pytest ", "python ", "pip ", "dask ")


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

    @property
    def shell(self):
        """Whether it holds commands."""
        begins = any(line.startswith(_COMMAND) for line in self.lines)
        return self.tag == "sh" or (not self.tag and begins)

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
    """Return (page:line, command) of the commands in backticks, broken lines joined."""
    lines = list(parse(path.read_text(encoding="utf-8")))
    text = "\n".join("" if line.fenced else line.text for line in lines)
    return [
        (f"{name}:{text[: found.start()].count(chr(10)) + 1}", " ".join(found[1].split()))
        for found in _PROSE.finditer(text)
    ]


def sgbench_words(script: str, folder: Path, **environment: str) -> list[list[str]]:
    """Return the words that each `sgbench` of a script is called with, as bash parts them.

    Args:
        script: shell commands; nothing but `sgbench`, which does nothing here, may be among them.
        folder: where they are typed.
        environment: variables that are set.
    """
    stub = folder / ".stub"
    stub.mkdir(exist_ok=True)
    told = stub / "told"
    told.write_text("")
    (stub / "sgbench").write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" >> {told}\necho >> {told}\n")
    (stub / "sgbench").chmod(0o755)
    path = f"{stub}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-uc", script],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        check=True,
        capture_output=True,
    )
    return [line.split("\0")[:-1] for line in told.read_text().split("\n")[:-1]]
