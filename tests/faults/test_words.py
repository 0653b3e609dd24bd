"""Words that come from files are words: no output acts on what a record or a file name says."""

import dataclasses
import re

import pytest
from click.testing import CliRunner
from faults.harness import Tally
from sgbench.cli import main
from sgbench.reports.analysis.naming import cell_names
from sgbench.reports.console.terminal import outcome
from sgbench.results.store.published import open_published
from sgbench.results.store.store import Store

EVIL = (
    r"\input{/etc/passwd} \write18{id} $x^2$ %% & # _ ~ {",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;",
    "| a | b |\n\n# heading\n- item\n[x](javascript:alert(1)) ![y](http://z) `code` **b**",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b2J \x08\x08 \u202egnirts",
    "=cmd|' /C calc'!A0",
)
# Whatever a record says that a report, a listing or a record's own page may show.
FIELDS = ("error", "device", "matmul", "torch", "machine_class", "git_revision", "sgbench")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
STYLE = re.compile(r"\x1b\[[012]m")


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A store of published records of which some say evil words; the ids of one for each word."""
    monkeypatch.chdir(tmp_path)
    records = [r for r in open_published().scan() if (r.exhibit, r.scale) == ("table1", "quick")]
    store = Store(tmp_path / "store")
    for number, record in enumerate(records[: 4 * len(EVIL)]):
        changes = dict.fromkeys(FIELDS, EVIL[number // 4])
        if number % 2:
            changes |= {"status": "failed", "test_error": None}
        store.put(dataclasses.replace(record, **changes))
    return [records[number].id for number in range(1, 4 * len(EVIL), 4)]


def sgbench(*words):
    done = CliRunner().invoke(main, [*words, "--store", "store"], color=True)
    assert done.exit_code == 0, done.stderr
    return done.stdout, done.stderr


def test_terminal(evil):
    with Tally("outputs made of records with evil words") as tally:
        for words in (
            *(("show", one) for one in evil),
            *(("show", one, "--json") for one in evil),
            ("status", "table1", "--scale", "quick"),
            ("status", "table1", "--scale", "quick", "--json"),
            ("report", "table1", "--scale", "quick", "--format", "csv"),
        ):
            for text in sgbench(*words):
                assert not CONTROL.search(STYLE.sub("", text)), words
            tally()


def test_pages(evil, tmp_path):
    sgbench("report", "table1", "--scale", "quick", "--format", "md,tex,csv", "--out", "out")
    with Tally("outputs made of records with evil words") as tally:
        page = (tmp_path / "out" / "table1-quick.md").read_text()
        assert "failed:" in page
        assert "# heading" not in page.splitlines()
        bare = re.sub(r"\\.", "", page).replace("<br>", "")  # what is left can act
        assert not re.search(r"<\w|&\w+;|\]\(javascript|\]\(http:|`", bare)
        tally()
        tex = (tmp_path / "out" / "table1-quick.tex").read_text()
        commands = set(re.findall(r"\\[A-Za-z]+", tex))
        assert not commands & {r"\input", r"\write"}
        tally()
        assert not CONTROL.search(page + tex)


def test_what_a_run_says_of_a_failure(evil):
    with Tally("outputs made of records with evil words") as tally:
        for record in Store("store").scan():
            if record.id in evil:
                assert not CONTROL.search(outcome(record))
                tally()


def test_names_of_files_that_are_no_names(tmp_path):
    """A text's name is a field of its cells: it tells them apart in every listing."""
    cell = next(r for r in open_published().scan() if r.corpus is None and r.dataset == "ptb").cell
    with Tally("outputs made of records with evil words") as tally:
        for word in EVIL:
            names = cell_names([cell, dataclasses.replace(cell, corpus=f"{word}.txt")])
            assert "corpus=" in names[1]
            assert not CONTROL.search(names[1])
            assert "\n" not in names[1]
            tally()
