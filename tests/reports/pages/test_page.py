"""A page as Markdown, LaTeX and text: the same content, nothing that markup would act on."""

import re

import pytest
from sgbench.reports.pages.exhibit import build
from sgbench.reports.pages.page import Caution, Page, Picture, Section, markdown, tex, text
from sgbench.reports.tables.table import simple_table

HOSTILE = "a_b <b>*x*</b> | {{ 7 * 7 }} \\end{table} \x1b[31m 50% & #\nsecond line"


@pytest.fixture
def page():
    table = simple_table(("a", "b"), [("one", "1.5"), (HOSTILE, "2.5")], caption=HOSTILE)
    return Page(
        name="mine-demo",
        title=f"Title {HOSTILE}",
        lead=(f"Lead {HOSTILE}", "Second lead."),
        cautions=(Caution("Careful.", HOSTILE), Caution("", "No lead.")),
        summary=("cells: 1 of 2 run",),
        sections=(
            Section("table", "Table", table, notes=(f"Note {HOSTILE}", "Second note.")),
            Section("commands", "Commands", commands=("sgbench run mine",)),
        ),
        figure_notes=("Below the figures.",),
        runs=("machine: this",),
        failures=(f"failed: {HOSTILE}",),
    )


def test_markdown_is_in_order_and_escaped(page):
    found = markdown(page, [Picture("mine.png", "What_it shows")])
    assert re.findall(r"^## (.*)$", found, re.MULTILINE) == [
        "Table", "Commands", "Figures", "Runs",
    ]  # fmt: skip
    assert found.startswith(r"# Title a\_b \<b\>")
    assert "\n> **Careful.** a" in found
    assert "\n> No lead.\n" in found
    assert r"![What\_it shows](mine.png)" in found
    assert "\n```\nsgbench run mine\n```\n" in found
    assert "\n- machine: this\n- failed: a" in found
    assert "\x1b" not in found
    assert "{{ 7" in found
    assert "49" not in found
    assert not re.search(r"\n{3}", found)
    assert found.endswith("\n")
    assert not found.endswith("\n\n")


def test_markdown_without_figures_has_no_heading_for_them(page):
    found = markdown(page)
    assert "Figures" not in found
    assert "Below the figures" not in found


def test_tex_has_the_tables_with_cautions_and_notes(page):
    found = tex(page)
    assert found.startswith("% needs \\usepackage{booktabs}\n")
    assert found.count(r"\begin{") == found.count(r"\end{")
    assert r"\label{tab:mine-demo-table}" in found
    assert r"\parbox{\linewidth}{Careful. a\_b" in found
    assert r"No lead. \par Note a\_b" in found
    assert "sgbench run" not in found
    assert not re.search(r"(?<!\\)[%&#]", found.partition("\n")[2].replace(" & ", ""))


def test_tex_of_a_page_without_tables_is_a_comment():
    assert tex(Page(name="x", title="x")) == "% needs \\usepackage{booktabs}\n"


def test_text_ends_with_the_summary(page):
    found = text(page)
    lines = found.splitlines()
    assert lines[0].startswith("Title a_b <b>*x*</b> | {{ 7")
    assert lines[-2] == "cells: 1 of 2 run"
    assert lines[-1].startswith("failed: a_b")
    assert "\x1b" not in found
    assert "machine: this" not in found
    assert not re.search(r"\n{3}", found)
    assert found.index("one") < found.index("Note") < found.index("sgbench run mine")


def test_paragraphs_wrap_and_commands_do_not():
    words = "word " * 60
    page = Page(
        name="x",
        title="x",
        lead=(words,),
        sections=(Section("c", "Commands", commands=("sgbench " + "x" * 200,)),),
    )
    lines = text(page).splitlines()
    assert max(map(len, lines[:4])) <= 120
    assert "sgbench " + "x" * 200 in lines


def test_an_empty_page_is_its_title():
    page = Page(name="x", title="Only this")
    assert markdown(page) == "# Only this\n"
    assert text(page) == "Only this\n"


def test_latex_is_balanced(table1, make):
    text = build(table1, "quick", make.grid(table1, "quick"), ("tex",)).files["table1-quick.tex"]
    words = re.sub(r"\\[\\{}%$]", "", text.decode())
    assert words.count("{") == words.count("}")
    assert words.count("$") % 2 == 0
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", words):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    assert not re.search(r"[^\x00-\x7f]", words)
