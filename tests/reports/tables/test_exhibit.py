"""The tables of results: laid out as the paper, or by what tells places apart."""

import json
from collections import Counter

import pytest
from reference.reports import page_of, panel, rows_of, table_of
from sgbench.bench import datasets
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reports.pages.exhibit import build
from sgbench.reports.tables.entries import paper
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.parser import parse

MINUS, EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


def test_a_report_off_the_papers_scale(table2, make):
    report = build(table2, "demo", make.grid(table2, "demo"), ("md", "csv", "tex", "svg"))
    page = page_of(report, "table2-demo")
    (head, _, *rows), t = table_of(page), [2, 4, 8]
    labels = [f"{rule}<br>T = {n}" for rule in ("BPTT", "DNI", "DNI+Aux") for n in t]
    assert head == ["dataset", *labels]
    assert [row[0] for row in rows] == ["Copy", "Repeat Copy", "descriptions"]
    caption = "Copy and Repeat Copy: longest T\\_task solved; descriptions: test bits per character"
    assert caption in page

    found = rows_of(report, "table2-demo.csv")
    assert len(found) == 27
    assert {row["verdict"] for row in found} == {"not comparable"}
    assert {(row["dataset"], row["measure"], row["split"]) for row in found} == {
        ("copy", "longest T_task solved", ""),
        ("repeat_copy", "longest T_task solved", ""),
        ("descriptions", "bits per character", "test"),
    }
    assert {(row["network"], row["depth"]) for row in found} == {("lstm", "")}
    by_place = {(row["dataset"], row["rule"], row["T"]): row for row in found}
    dataset = {"Copy": "copy", "Repeat Copy": "repeat_copy", "descriptions": "descriptions"}
    for name, *entries in rows:
        for entry, (rule, n) in zip(
            entries, [(r, n) for r in ("bptt", "dni", "dni_aux") for n in t], strict=True
        ):
            place = by_place[dataset[name], rule, str(n)]
            digits, mean = 3 if name == "descriptions" else 1, float(place["mean"])
            half = float(place["high95"]) - mean
            number = place["paper"] and paper(float(place["paper"]), 0)
            assert entry.split("<br>") == [
                f"{mean:.{digits}f} ± {half:.{digits}f} (2)",
                f"paper {number or EN_DASH}",
                "not comparable",
            ]
    assert by_place["copy", "dni", "2"]["paper"] == "16.0"
    assert by_place["descriptions", "dni", "2"]["paper"] == ""
    words = "demo: Copy, Repeat Copy, descriptions, "
    assert words in report.text
    assert "paper: Copy, Repeat Copy, Penn Treebank, " in report.text
    assert "cells: 54 of 54 run (54 ok)" in report.text


def test_a_report_at_the_papers_scale(table2, make):
    """With records that are the paper's numbers, every one of them reproduces."""

    def near(cell):
        number, rule = table2.number(cell).value, ["bptt", "dni", "dni_aux"].index(cell.rule)
        if cell.dataset == "ptb":
            noise = 0.002 * ((cell.seed + rule) % 3 - 1)
            return make.record(cell, number + noise, scale="paper")
        lengths = [0, *(level.length for level in datasets.load(cell.dataset).levels)]
        rung = lengths.index(number) + (cell.seed == rule)
        return make.record(cell, lengths[rung], scale="paper")

    records = [near(cell) for cell in expand(table2, "paper")]
    report = build(table2, "paper", records, ("md", "csv", "tex"))
    found = rows_of(report, "table2-paper.csv")
    assert len(found) == 41
    assert {row["verdict"] for row in found} == {"reproduced"}
    assert {row["grade"] for row in found} == {"T"}
    assert "places: 41 reproduced" in report.text
    assert "omparable with" not in report.text
    page = page_of(report, "table2-paper")
    (head, _, *rows) = table_of(page)
    t = {"BPTT": [2, 3, 4, 5, 8, 20, 40], "DNI": [2, 3, 4, 5, 8], "DNI+Aux": [2, 3, 4, 5, 8]}
    assert head == ["dataset", *(f"{rule}<br>T = {n}" for rule, some in t.items() for n in some)]
    assert [row[0] for row in rows] == ["Copy", "Repeat Copy", "Penn Treebank"]
    by_name = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_name["Copy"]["BPTT<br>T = 2"].split("<br>")[1:] == ["paper 7", "reproduced"]
    assert by_name["Copy"]["BPTT<br>T = 40"] == ""
    assert by_name["Penn Treebank"]["BPTT<br>T = 40"].split("<br>") == [
        "1.344 ± 0.002 (5)",
        "paper 1.344",
        "reproduced",
    ]

    told = rows_of(report, "table2-paper-claims.csv")
    assert Counter(row["claim"] for row in told) == {
        "dni-longer": 2,
        "dni-longer-by-factor": 4,
        "dni-repeats-longer-by-factor": 4,
        "dni-fewer-bits": 1,
        "aux-5-equals-bptt-20": 1,
    }
    assert {row["verdict"] for row in told} == {"reproduced"}
    assert {row["kind"] for row in told if row["claim"].startswith("dni-longer")} == {"above"}


RULES = ("end_to_end", "no_feedback", "dni")


def test_the_report_has_both_results_in_the_table(two_networks, make):
    report = build(
        two_networks, "demo", make.grid(two_networks, "demo"), ("md", "csv", "tex", "svg")
    )
    page = report.files["two_networks-demo.md"].decode().replace("\N{NO-BREAK SPACE}", " ")
    table = [line for line in page.splitlines() if line.startswith("|")][:5]
    head, _, *rows = [[place.strip() for place in line.split("|")[1:-1]] for line in table]
    assert head == ["rule", "A: odd digits", "B: 3s"]
    assert [row[0] for row in rows] == ["end to end", "no feedback", "DNI"]
    found = rows_of(report, "two_networks-demo.csv")
    assert [(r["rule"], r["measure"][0]) for r in found] == [(r, n) for r in RULES for n in "AB"]
    by_place = {(r["rule"], r["measure"][0]): r for r in found}
    for rule, (_, *entries) in zip(RULES, rows, strict=True):
        for name, entry in zip("AB", entries, strict=True):
            line = by_place[rule, name]
            mean = float(line["mean"])
            half = float(line["high95"]) - mean
            seeds = two_networks.scales["demo"].seeds
            assert entry.startswith(f"{mean:.2f} ± {half:.2f} ({seeds})")
    caption = "Test A's counts that are wrong, in percent or B's counts that are wrong, in percent"
    assert caption in page
    assert "DNI: A also learns from the gradient that M predicts at its message" in page
    assert "no feedback: A learns from its own loss alone" in page
    assert sorted(n for n in report.files if n.endswith("svg")) == [
        f"two_networks-demo-{name}.svg"
        for name in ("a-two_lstms", "b-two_lstms", "claims", "cosines-two_lstms")
    ]


SWEEPS = """
title = "Sweeps"
source = "made up"

[protocol]
split = "test"
batch_size = 256
drops = [0.6, 0.8]
drop_factor = 0.1
precision = "float32"
hidden_units = 256
sg_layers = 1
sg_units = 1024

[[grid]]
network = ["fcn"]
depth = [6, 21]
rule = ["bp_lambda"]
bp_lambda = [0, 0.5, 1]

[[grid]]
network = ["fcn"]
depth = [6, 11, 21]
rule = ["backprop", "cdni"]

[[grid]]
network = ["fcn"]
depth = [21]
rule = ["cdni"]
decoupled = ["update"]
p_update = [0.5]

[scales.quick]
description = "short"
seeds = 2
axes = { dataset = ["mnist"] }
protocol = { iterations = 1000, learning_rate = 1e-3, evaluate_every = 100 }

[[fixed]]
dataset = "mnist"
network = "fcn"
grade = "O"
sg_layers = { cdni = 1, bp_lambda = 1 }

[layout]
rows = ["bp_lambda", "decoupled"]
columns = ["rule", "depth"]

[labels]
decoupled = { None = "locked", update = "update decoupled" }

[[figures]]
name = "lambdas"
kind = "sweep"
title = "Test error by λ"
source = "not in the paper"
x = "bp_lambda"
y = "test_error"
panels = "network"
lines = "depth"

[[figures]]
name = "depths"
kind = "sweep"
title = "Test error by depth"
source = "not in the paper"
x = "depth"
y = "test_error"
panels = "network"
lines = "rule"
"""


def test_sweeps_over_lambda_and_depth(make):
    exhibit = parse("sweeps", SWEEPS)
    cells = expand(exhibit, "quick")
    mixed = [(c.value("bp_lambda") or 0) / 10 for c in cells]
    records = [
        make.record(c, 2.0 + 0.01 * c.depth + more) for c, more in zip(cells, mixed, strict=True)
    ]
    lambdas, depths = series.drawings(select(exhibit, "quick", records))
    assert list(lambdas.data["line"].cat.categories) == ["6", "21"]
    assert list(lambdas.data["row"].cat.categories) == ["locked, BP(λ)"]
    line = panel(lambdas.data, "locked, BP(λ)", "fcn", "21")
    assert line["x"].tolist() == [0, 0.5, 1]
    assert line["mean"].tolist() == pytest.approx([2.21, 2.26, 2.31])
    assert not lambdas.x_log
    assert panel(depths.data, "update decoupled", "fcn", "cDNI")["x"].tolist() == [21]
    assert panel(depths.data, "locked", "fcn", "cDNI")["x"].tolist() == [6, 11, 21]
    report = build(exhibit, "quick", records, ("md", "tex"))
    page = report.files["sweeps-quick.md"].decode()
    assert "| λ | decoupled | BP(λ)<br>depth 6 |" in page
    assert "| 0.5 | locked | 2.11" in page
    tex = report.files["sweeps-quick.tex"].decode()
    assert "BP($\\lambda$)" in tex
    assert tex.isascii()


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
[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3, 4]
rule = ["backprop", "no_bprop"]
learning_rate = [1e-3, 1e-2]
[scales.demo]
description = "small"
seeds = 2
"""


def test_an_exhibit_without_a_layout_has_a_table_by_its_axes(make):
    exhibit = parse("mine", OWN)
    records = make.grid(exhibit, "demo", lambda cell: cell.rule == "backprop")
    report = build(exhibit, "demo", records, ("md", "csv", "tex"))
    page = report.files["mine-demo.md"].decode()
    assert "| depth | learning\\_rate | bprop | no-bprop |" in page
    rows = [line.split(" | ")[:2] for line in page.splitlines() if line.startswith(("| 3 ", "|  "))]
    assert rows == [["| 3", "1e-3"], ["| ", "0.01"], ["| ", "0.01"]]
    assert "Verdicts" not in page
    assert sorted(report.files) == ["mine-demo.csv", "mine-demo.md", "mine-demo.tex"]
    assert {row["learning_rate"] for row in rows_of(report, "mine-demo.csv")} == {"0.001", "0.01"}
    single = parse("mine", OWN.replace("[3, 4]", "[3]").replace(", 1e-2", ""))
    page = build(single, "demo", records, ("md",)).files["mine-demo.md"].decode()
    assert "| network | bprop | no-bprop |" in page


def test_a_number_with_its_spread_stands_beside_ours_with_the_difference(dfa, table1, make):
    cells = [c for c in expand(dfa, "paper") if c.depth in (2, 3) and c.rule == "backprop"]
    records = [
        make.record(c, (1.60 if c.depth == 3 else 2.60) + 0.01 * c.seed, scale="paper")
        for c in cells
    ]
    report = build(dfa, "paper", records, ("md", "csv", "html", "json"))
    page = page_of(report, "dfa-paper")
    (head, _, *rows) = table_of(page)
    assert head[:2] == ["units a layer", "depth"]
    by_depth = {row[1]: row[2].split("<br>") for row in rows}
    assert by_depth["3"][:3] == ["1.62 ± 0.02 (5)", "paper 1.60 ± 0.06", "reproduced"]
    assert by_depth["3"][3:] == ["both uncertain: +0.02 ± 0.17", "no difference found"]
    assert by_depth["2"][1:3] == ["paper 1.59 ± 0.04", "not reproduced"]
    assert by_depth["2"][3:] == ["both uncertain: +1.03 ± 0.11", "a difference"]
    assert by_depth["4"] == ["not run", "paper 1.75 ± 0.05"]
    assert "does not say over how many runs its means are" in page

    lines = rows_of(report, "dfa-paper.csv")
    line = next(one for one in lines if (one["depth"], one["rule"]) == ("3", "backprop"))
    assert (line["paper"], line["paper_sd"], line["paper_runs"]) == ("1.6", "0.06", "")
    low, high = float(line["difference_low95"]), float(line["difference_high95"])
    assert float(line["difference"]) == pytest.approx((low + high) / 2)
    told = json.loads(report.files["dfa-paper.json"])["verdicts"]
    one = next(v for v in told if v["where"].get("depth") == 3 and v["n"] == 5)
    assert one["difference_low95"] == pytest.approx(low)
    assert (one["paper_sd"], one["paper_runs"]) == (0.06, None)
    html = report.files["dfa-paper.html"].decode()
    assert "The paper: 1.6 ± 0.06, recalled" in html
    assert "Our mean less the paper's, both uncertain: +0.02 ± 0.17: no difference found." in html

    plain = build(table1, "paper", [], ("md", "csv"))
    assert "paper_sd" not in rows_of(plain, "table1-paper.csv")[0]
    assert "oth uncertain" not in page_of(plain, "table1-paper")
