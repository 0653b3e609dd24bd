"""README answers first and stays short; what it links to is there."""

import re
import shutil
import subprocess
import sys

import pytest
from generate import ROOT, pages
from generator.markers import parse

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)")
PAGES = [*pages(), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]


def slug(heading):
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def test_readme_is_short_and_answers_first():
    lines = README.splitlines()
    assert len(lines) <= 150
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## Does it reproduce?"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings_that_are_there(path):
    lines = parse(path.read_text(encoding="utf-8"))
    prose = "\n".join(re.sub("`[^`]*`", "", line.text) for line in lines if not line.fenced)
    for target, anchor in LINK.findall(prose):
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (path.parent / target).resolve()
        assert file.exists(), f"{path.name}: {target}"
        if anchor:
            text = file.read_text(encoding="utf-8")
            headings = [slug(line.lstrip("#")) for line in re.findall(r"^#+ .*$", text, re.M)]
            assert anchor in headings, f"{path.name}: {target}#{anchor}"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    """The whole of it, gallery included, as `make docs` builds it."""
    source = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("gallery"))
    for name in ("examples", "bench", "reproductions", "results", "reports", "tests", ".github"):
        shutil.copytree(ROOT / name, tmp_path / name)
    flags = ["--quiet", "--fail-on-warning", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, str(source), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "llms.txt").is_file()
    assert len(list((tmp_path / "site" / "gallery").glob("plot_*.html"))) >= 6
