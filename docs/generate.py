"""Write what stands between the markers of README and docs, from the records in the package.

    python docs/generate.py                     # all pages and their figures; `make docs` does it
    python docs/generate.py --check             # write nothing; exit 1 where a page is stale
    python docs/generate.py docs/exhibits/table1.md --no-figures
    python docs/generate.py --help              # every kind of block and number

A number in a page comes from a record: never write one by hand between markers, run this instead.
Blocks stand on lines of their own; SCALE is demo, quick, tenth, paper or custom;
FIELD=VALUE,… is what --where takes:

    <!-- begin: table table1 quick dataset=mnist,network=fcn,seed<3 -->
    <!-- end -->

    <!-- begin: figure table1 quick curves-mnist-fcn -->
    <!-- end -->

Numbers stand in a line, also in a table written by hand:

    DNI ends at <!-- n: interval table1 quick dataset=mnist,depth=4,rule=dni --><!-- /n -->
    (the paper: <!-- n: paper table1 quick dataset=mnist,depth=4,rule=dni --><!-- /n -->),
    p = <!-- n: claim table1 quick dni-grows p dataset=mnist --><!-- /n -->, cosines up to
    about <!-- n: curve table1 quick sg_cosine max .2f dataset=mnist,rule=dni --><!-- /n -->.

A line does not begin with such a marker: Markdown would take it for HTML.
What no kind says gets a function in docs/generator/findings.py.
"""

import argparse
import sys
from pathlib import Path

from generator import blocks, figures, llms, numbers
from generator.markers import MarkerError, fill

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent


def pages() -> list[Path]:
    """Return README and every page of the docs."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def main(words: list[str] | None = None) -> int:
    """Write or check pages; return the exit code: 1 where something is stale, 2 for bad markers."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_kinds(),
    )
    parser.add_argument("pages", nargs="*", type=Path, help="pages; all if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    parser.add_argument("--no-figures", action="store_true", help="leave figures as they are")
    asked = parser.parse_args(words)
    stale: list[str] = []
    shown: blocks.Asked = {}
    for page in [path.resolve() for path in asked.pages] or pages():
        text = page.read_text(encoding="utf-8")
        try:
            new = fill(text, blocks.Blocks(DOCS, page, shown).write, numbers.number)
        except MarkerError as error:
            print(f"{_name(page)}: {error}", file=sys.stderr)
            return 2
        if new != text:
            stale.append(_name(page))
            if not asked.check:
                page.write_text(new, encoding="utf-8")
    if not asked.pages:
        try:
            stale += _llms(asked.check)
        except MarkerError as error:
            print(error, file=sys.stderr)
            return 2
    if not asked.no_figures:
        stale += _figures(shown, whole=not asked.pages, check=asked.check)
    for name in stale:
        print(f"{'stale' if asked.check else 'wrote'} {name}", file=sys.stderr)
    if stale and asked.check:
        print("run `make docs` and commit what it writes", file=sys.stderr)
    return 1 if stale and asked.check else 0


def _figures(shown: blocks.Asked, *, whole: bool, check: bool) -> list[str]:
    """Draw or check the figures of pages; return the names of those that are stale.

    Where `shown` is of the `whole` of the pages, files that none of them shows are stale, too.
    """
    folder = DOCS / figures.FOLDER
    stale = [
        folder / file
        for file, what in sorted(shown.items())
        if figures.update(folder / file, figures.picture(*what), check=check)
    ]
    unused = sorted(set(folder.glob("*.png")) - {folder / file for file in shown}) if whole else []
    for path in unused:
        if not check:
            path.unlink()
    return [_name(path) for path in (*stale, *unused)]


def _llms(check: bool) -> list[str]:
    """Write or check docs/llms.txt; return its name if it is stale."""
    path, new = DOCS / "llms.txt", llms.text(DOCS)
    if path.is_file() and path.read_text(encoding="utf-8") == new:
        return []
    if not check:
        path.write_text(new, encoding="utf-8")
    return [_name(path)]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _kinds() -> str:
    kinds = {name: write.__doc__ or "" for name, write in blocks.KINDS.items()}
    lines = [f"  {name:10} {doc}" for name, doc in kinds.items()]
    return "\n".join(
        [
            "blocks: KIND EXHIBIT SCALE [FIELD=VALUE,…]",
            *lines,
            "  figure     Its picture in docs/figures/ (EXHIBIT SCALE NAME …; tune STUDY NAME).",
            "numbers:",
            *(f"  {line}" for line in numbers.kinds()),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
