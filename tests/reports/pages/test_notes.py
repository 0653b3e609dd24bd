"""The notes of an exhibit's report."""

import json
from dataclasses import replace

import pytest
from reference.reports import rows_of
from sgbench.bench import datasets, registry
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.pages import notes
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.parser import parse

MINUS = "\N{MINUS SIGN}"
WORDS = ("md", "csv", "tex")


def test_a_single_cell_is_no_plural(table1, make):
    cells = expand(table1, "demo", seeds=1)[:2]
    for number, words in ((1, "(1 cell)"), (2, "(2 cells)")):
        page = build(table1, "demo", map(make.record, cells[:number]), WORDS).files
        machine, code = (
            next(line for line in page["table1-demo.md"].decode().splitlines() if start in line)
            for start in ("- machine:", "- code:")
        )
        assert (machine.endswith(words), code.endswith(words)) == (True, True)


def test_machines_are_told_apart_by_what_is_known_of_them(table1, make):
    a, b, c, d = map(make.record, expand(table1, "demo", seeds=1)[:4])
    b, c = replace(b, instructions="AVX512"), replace(c, instructions="AVX2")
    d = replace(d, cuda="12.8")
    page = build(table1, "demo", [a, b, c, d], WORDS).files["table1-demo.md"].decode()
    told = [line for line in page.splitlines() if "- machine:" in line]
    for words in ("instruction set not recorded", "AVX512", "AVX2", "CUDA 12.8"):
        assert sum(line.endswith(f", {words} (1 cell)") for line in told) == 1


def test_data_that_is_not_the_original_is_marked(table1, make):
    records = make.grid(table1, "quick", lambda c: c.dataset == "mnist" and c.network == "fcn")
    records += make.grid(
        table1,
        "quick",
        lambda c: c.dataset == "cifar10" and c.network == "fcn",
        data_hash=make.other_data,
    )
    report = build(table1, "quick", records, WORDS)
    page = report.files["table1-quick.md"].decode()
    canonical = datasets.canonical_hash("cifar10")
    note = f"CIFAR-10 from files that are not the original: data hash {make.other_data}"
    assert f"\\[a\\] {note}, original {canonical}." in page
    row = next(line for line in page.splitlines() if line.startswith("| FCN | 3 |"))
    assert [r"\[a\]" in place for place in row.split("|")[3:-1]] == [False] * 5 + [True] * 5
    assert note in report.text
    assert note in report.files["table1-quick.tex"].decode().replace("{[}", "[")
    claims = rows_of(report, "table1-quick-claims.csv")
    marked = {r["dataset"] for r in claims if r["other_data"] == make.other_data}
    assert marked == {"cifar10"}


GAMMA = "\N{GREEK SMALL LETTER GAMMA}"
OWN = """
title = "Mine"
source = "made up"
[protocol]
split = "test"
batch_size = 64
drops = []
drop_factor = 0.1
precision = "float32"
hidden_units = 64
evaluate_every = 50
iterations = 100
learning_rate = 1e-3
[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3]
rule = ["backprop", "no_bprop"]

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3]
rule = ["mixed_feedback"]
mixture = [0, 0.5]
[scales.demo]
description = "small"
seeds = 2
"""


RULE = """
from sgbench.bench.contract import Hyperparameter, Rule

RULE = Rule(
    name="mixed_feedback", label="Mixed", sentence="a layer learns from its neighbours",
    color="#123456", families=("feedforward",), version=1, source="made up",
    hyperparameters=(
        Hyperparameter(name="mixture", doc="share of one", min=0, max=1, symbol="GAMMA"),
    ),
)


def step(network, x, labels):
    pass
"""


@pytest.fixture
def external(tmp_path):
    file = tmp_path / "mixed_feedback.py"
    file.write_text(RULE.replace("GAMMA", GAMMA), encoding="utf-8")
    yield registry.RULES.add_file(str(file), "--rule-file")
    registry.RULES.remove("mixed_feedback")


def test_a_rule_that_was_brought_has_its_label_its_sentence_and_its_numbers(external, make):
    exhibit = parse("mine", OWN)
    records = [make.record(cell, 2.0 + 0.1 * cell.seed) for cell in expand(exhibit, "demo")]
    report = build(exhibit, "demo", records, WORDS)
    page = report.files["mine-demo.md"].decode()
    assert f"| {GAMMA} | bprop | no-bprop | Mixed |" in page
    assert "Mixed: a layer learns from its neighbours" in page
    found = rows_of(report, "mine-demo.csv")
    mixtures = [row["mixture"] for row in found if row["rule"] == external]
    assert mixtures == ["0.0", "0.5"]
    assert {row["mixture"] for row in found if row["rule"] == "backprop"} == {""}
    assert report.files["mine-demo.tex"].decode().isascii()


def test_what_the_paper_leaves_open_is_on_the_page(table1, make):
    records = make.grid(table1, "quick", lambda c: c.rule == "cdni" and c.dataset == "mnist")
    page = build(table1, "quick", records, ("md",)).files["table1-quick.md"].decode()
    assert "order of examples: each seed walks its own permutations" in page


def test_a_place_that_cannot_tell_its_rule_is_marked_and_the_mark_explained(table1, make):
    page = build(table1, "paper", [], ("md", "tex")).files
    text = page["table1-paper.md"].decode().replace("\N{NO-BREAK SPACE}", " ")
    row = next(line for line in text.splitlines() if "12.6" in line)  # of the FCN at depth 4
    # DNI's 2.2 is 0.4 from backprop's 1.8, cDNI's 1.9 a tenth, which is within the margin of 0.3
    assert "paper 2.2 |" in row
    assert "paper 1.9 † |" in row
    assert "number for bprop lies within the margin too" in text
    assert r"paper 1.9 \dag{}" in page["table1-paper.tex"].decode().replace("~", " ")


def test_further_seeds_have_a_line_of_their_own(table1, make):
    cells = [
        c
        for c in expand(table1, "quick", seeds=6)
        if (c.dataset, c.network, c.depth, c.rule) == ("mnist", "fcn", 4, "backprop")
    ]
    records = [make.record(c, 2.0 + 0.1 * c.seed) for c in cells]
    page = build(table1, "quick", records, ("md",)).files["table1-quick.md"].decode()
    shown = page.replace("\N{NO-BREAK SPACE}", " ")
    assert "2.10 ± 0.25 (3)<br>all 2.25 ± 0.20 (6)<br>paper 1.8" in shown
    assert "which are shown and not judged" in shown


def test_seeds_beyond_the_plan_are_told_and_change_no_verdict(table1, make):
    """`run --seeds 9` after the declared three: other results, the same verdicts."""
    cells = [
        cell
        for cell in expand(table1, "paper", seeds=9)
        if (cell.dataset, cell.network) == ("mnist", "fcn") and cell.sg_layers in (None, 0, 2)
    ]
    worse = [make.record(c, make.typical(c) + 0.01 * c.seed + 5 * (c.seed > 2)) for c in cells]
    planned = build(table1, "paper", [r for r in worse if r.seed < 3], ("json",))
    every = build(table1, "paper", worse, ("json",))
    kept = ("kind", "text", "verdict", "n", "estimate", "p", "within", "drawn", "decides")

    def verdicts(report):
        found = json.loads(report.files["table1-paper.json"])["verdicts"]
        return [[one[name] for name in kept] for one in found]

    assert verdicts(planned) == verdicts(every)
    assert any(row[2] in ("reproduced", "not reproduced") for row in verdicts(every))
    assert "further seeds than the scale's own" not in planned.text
    own, further = len(cells) * 3 // 9, len(cells) * 6 // 9
    assert f"run ({own} ok)" in every.text
    assert f"further seeds than the scale's own: {further} cells ({further} ok)" in every.text
    assert "which are shown and not judged" in every.text


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ("quick", ["Orders are of this schedule."]),
        ("paper", ["Reproduced: p is below 0.05;", "Comparisons of ours are confirmed"]),
    ],
)
def test_claims_say_what_those_verdicts_mean_that_can_be_there(table1, make, scale, said):
    every = {
        "Orders are of this schedule.",
        "Reproduced: p is below 0.05;",
        "Comparisons of ours are confirmed",
    }

    def few(cell):
        return (cell.dataset, cell.network, cell.depth) == ("mnist", "fcn", 6)

    records = make.grid(table1, scale, few)
    first = notes.of_claims(claims(select(table1, scale, records)))[0]
    assert [words for words in sorted(every) if words in first] == sorted(said)
