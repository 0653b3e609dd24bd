"""llms.txt names every page of the toctrees, with its first sentence, and every command."""

import pytest
from generate import DOCS
from generator import llms
from generator.markers import MarkerError
from sgbench.cli import VERBS

INDEX = "# Index\n\n```{toctree}\n:caption: Use it\n\nrun\n```\n"


def test_every_page_and_command_is_there():
    text = (DOCS / "llms.txt").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md")]
    named = [
        page.as_posix() for page in pages if page.name != "index" and page.parts[0] != "gallery"
    ]
    assert [name for name in named if f"({name}.html)" not in text] == []
    assert [verb for verb in VERBS if f"`sgbench {verb}`" not in text] == []


def test_a_page_is_its_title_and_its_first_sentence(tmp_path):
    (tmp_path / "index.md").write_text(INDEX)
    (tmp_path / "run.md").write_text(
        "# Run *it*\n\nHow [to](a.md) run `sgbench_x`,\nwith <!-- n: a -->2<!-- /n --> cores. No.\n"
    )
    lines = llms.text(tmp_path).splitlines()
    assert "## Use it" in lines
    assert "- [Run *it*](run.html): How to run sgbench_x, with 2 cores." in lines


def test_a_toctree_that_names_no_page_is_told(tmp_path):
    (tmp_path / "index.md").write_text(INDEX)
    with pytest.raises(MarkerError, match=r"no run\.md"):
        llms.text(tmp_path)
