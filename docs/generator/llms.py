"""`docs/llms.txt`: what the project is, its pages with a line each, and its commands.

Made from the toctrees of `docs/index.md`, the first sentence of each page, and the commands' help.
"""

import re
from pathlib import Path

from .markers import MarkerError, parse
from .other import commands

_TREE = re.compile(r"```\{toctree\}\n(.*?)```", re.DOTALL)
_HEAD = """\
# sgbench

> Benchmark and reproduction suite of "Decoupled Neural Interfaces using Synthetic Gradients"
> (Jaderberg et al., arXiv 1608.05343): it trains the paper's grid of learning rules, networks and
> data sets, stores a record of every run, and says number by number whether the paper reproduces.
> It is also a bench for learning rules of one's own: one Python file each.

Install: `pip install .` in a checkout (Python 3.11 or newer). Nothing is downloaded at scale demo.
In Python: `import sgbench`; `sgbench.load_records(published=True)` is a pandas DataFrame."""

_NOT_MARKDOWN = {
    "gallery/index": (
        "- [Gallery](gallery/index.html): Questions answered in a few lines of Python."
    ),
    "api": (
        "- [Python API](api.html): The functions of `import sgbench`: what they take, return and"
        " raise, with examples."
    ),
}


def text(docs: Path) -> str:
    """Return the content of `llms.txt` for the pages in `docs`."""
    index = (docs / "index.md").read_text(encoding="utf-8")
    lines = [_HEAD]
    for tree in _TREE.findall(index):
        caption = re.search(r":caption: (.+)", tree)
        lines.append(f"\n## {caption[1] if caption else 'Pages'}\n")
        lines += [_entry(docs, name) for name in re.findall(r"^([\w/-]+)$", tree, re.MULTILINE)]
    lines.append("\n## Commands\n")
    lines += [f"- `sgbench {name}`: {words}" for name, words in commands()]
    return "\n".join(lines) + "\n"


def _entry(docs: Path, name: str) -> str:
    if name in _NOT_MARKDOWN:
        return _NOT_MARKDOWN[name]
    page = docs / f"{name}.md"
    if not page.is_file():
        raise MarkerError(f"docs/index.md: its toctree names {name}, and there is no {name}.md")
    title, sentence = head(page.read_text(encoding="utf-8"))
    return f"- [{title}]({name}.html): {sentence}"


def head(page: str) -> tuple[str, str]:
    """Return the title of a page and its first sentence, markup and markers taken off."""
    lines = [line.text for line in parse(page) if not line.fenced and not line.generated]
    title = next(line for line in lines if line.startswith("# ")).removeprefix("# ")
    after = "\n".join(lines[lines.index(f"# {title}") + 1 :]).strip()
    first = " ".join(after.split("\n\n")[0].split())
    plain = re.sub(r"<!--.*?-->|[*`]|\[([^]]*)\]\([^)]*\)", r"\1", first)
    return title, re.split(r"(?<=[.?])\s", plain)[0]
