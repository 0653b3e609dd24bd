"""The report as a whole: its files, its words, its bytes."""

import csv
import io
import os
import random
import re
import statistics
import subprocess
import sys
from dataclasses import replace

import pytest
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.reports.pages.report import FORMATS, build, check, write
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.record import json_line

WORDS = ("md", "csv", "tex")
NO_BREAK = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def table1():
    return load("table1")


@pytest.fixture(scope="module")
def sweep():
    return load("sg_scale")


def rows_of(report, name):
    return list(csv.DictReader(io.StringIO(report.files[name].decode())))


def sections(page):
    return re.findall(r"^## (.*)$", page, re.M)


def test_a_report_off_the_papers_scale(table1, make):
    report = build(table1, "quick", make.grid(table1, "quick"), WORDS)
    assert list(report.files) == [
        "table1-quick-claims.csv",
        "table1-quick.csv",
        "table1-quick.md",
        "table1-quick.tex",
    ]
    difference = "quick: {} iterations, rate 1e-3, sg_scale 33.3; paper: 500,000 iterations,"
    iterations = f"{expand(table1, 'quick')[0].iterations:,}"
    page, text = report.files["table1-quick.md"].decode(), report.text
    assert sections(page) == ["Table", "Ordering claims", "The depth of M", "Runs"]
    for words in (page.replace("\\", ""), text):
        assert difference.format(iterations) in words
        assert "Not comparable with the paper's numbers" in words
        assert "claims at scale quick: " in words
    places = rows_of(report, "table1-quick.csv")
    assert len(places) == len({tuple(list(row.values())[2:8]) for row in places}) == 96
    assert {row["verdict"] for row in places} == {"not comparable"}
    assert sum(row["in_table"] == "true" for row in places) == 48
    place = next(
        row for row in places if list(row.values())[2:8] == ["mnist", "fcn", "6", "", "dni", "2"]
    )
    assert (place["n"], place["paper"], place["grade"], place["margin"]) == ("3", "4.3", "T", "0.3")
    shown = f"{float(place['mean']):.2f} ± {float(place['high95']) - float(place['mean']):.2f} (3)"
    assert f"{shown}<br>paper 4.3<br>not comparable" in page.replace(NO_BREAK, " ")
    claims = rows_of(report, "table1-quick-claims.csv")
    assert {row["scale"] for row in claims} == {"quick"}
    assert len(claims) == 22
    lost = [row for row in claims if row["verdict"] != "reproduced"]
    assert len(report.unreproduced) == len(lost)


def test_a_report_at_the_papers_scale(table1, make):
    def near(cell):
        return make.record(cell, table1.number(cell).value + 0.05 * (cell.seed - 1), scale="paper")

    cells = [c for c in expand(table1, "paper") if c.dataset == "mnist" and c.network == "fcn"]
    report = build(table1, "paper", map(near, cells), WORDS)
    places = [r for r in rows_of(report, "table1-paper.csv") if r["in_table"] == "true"]
    assert {(r["dataset"], r["network"], r["verdict"]) for r in places} == {
        ("mnist", "fcn", "reproduced"),
        ("mnist", "cnn", "not run"),
        ("cifar10", "fcn", "not run"),
        ("cifar10", "cnn", "not run"),
    }
    assert "places: 32 not run, 16 reproduced" in report.text
    assert "cells: 96 of 288 run (96 ok)" in report.text
    assert "omparable with" not in report.text
    page = report.files["table1-paper.md"].decode()
    row = "| FCN | 3 | 9.30 ± 0.12 (3)<br>paper 9.3<br>reproduced |"
    assert row in page.replace(NO_BREAK, " ")
    assert "not run<br>paper 54.9" in page


def test_one_seed_says_that_it_takes_more(table1, make):
    records = make.grid(table1, "paper", lambda c: c.dataset == "mnist" and c.seed == 0)
    report = build(table1, "paper", records, WORDS)
    verdicts = {r["verdict"] for r in rows_of(report, "table1-paper.csv") if r["n"] == "1"}
    assert verdicts == {"inconclusive", "not comparable"}  # the latter: other models than fixed
    assert "(1 of 3)<br>paper 2.0<br>inconclusive<br>2 or more seeds" in (
        report.files["table1-paper.md"].decode()
    )
    assert "inconclusive (2 or more seeds)" in report.text


def test_lost_cells_are_shown_and_never_averaged(table1, make):
    cells = [c for c in expand(table1, "demo") if (c.rule, c.network) == ("backprop", "fcn")]
    records = [make.record(cell, 2.0 + cell.seed) for cell in cells]
    hostile = "boom | <b>\x1b[31m*x* \\end{table}\nsecond line"
    records[0] = make.record(cells[0], 50.0, status="diverged")
    records[1] = make.record(cells[1], 50.0, status="failed", reason=hostile)
    report = build(table1, "demo", records, WORDS)
    row = next(r for r in rows_of(report, "table1-demo.csv") if r["n"] == "1")
    assert (row["mean"], row["diverged"], row["failed"], row["timeout"]) == ("4.0", "1", "1", "0")
    page = report.files["table1-demo.md"].decode()
    assert "4.00 (1 of 3)<br>1 diverged, 1 failed" in page
    assert r"boom \| \<b\> \[31m\*x\* \\end{table} second line" in page
    assert "12 run" not in report.text
    assert "(10 ok, 1 diverged, 1 failed)" in report.text
    assert "\x1b" not in report.text + page


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
    assert [r"\[a\]" in place for place in row.split("|")[3:-1]] == [False] * 4 + [True] * 4
    assert note in report.text
    assert note in report.files["table1-quick.tex"].decode().replace("{[}", "[")
    claims = rows_of(report, "table1-quick-claims.csv")
    marked = {r["dataset"] for r in claims if r["other_data"] == make.other_data}
    assert marked == {"cifar10"}


def test_the_claims_table_has_what_was_compared(table1, make):
    records = make.grid(table1, "quick", lambda c: c.dataset == "mnist" and c.network == "fcn")
    report = build(table1, "quick", records, WORDS)
    page = report.files["table1-quick.md"].decode().replace(NO_BREAK, " ")
    table = page.partition("## Ordering claims")[2].partition("## The depth")[0]
    first = next(line for line in table.splitlines() if line.startswith("| at FCN depth 6"))
    error = {
        rule: statistics.mean(
            r.test_error for r in records if (r.rule, r.depth, r.sg_layers) == (rule, 6, layers)
        )
        for rule, layers in (("cdni", 0), ("dni", 2))
    }
    means = f"cDNI {error['cdni']:.2f}, DNI {error['dni']:.2f}"
    assert f"{means}<br>paper cDNI 1.6, DNI 4.3<br>difference" in first
    assert "CIFAR" not in table  # of which nothing has run
    assert "Not run, and not shown: 14 further rows." in table
    assert "CIFAR" not in page.partition("## The depth")[2].partition("## Runs")[0]


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


def test_a_sweep_of_ours_has_a_figure_and_a_table(sweep, make):
    report = build(sweep, "demo", make.grid(sweep, "demo"))
    dataset = "digits"
    figures = [f"sg_scale-demo-sweep-{dataset}-fcn.{form}" for form in ("pdf", "png", "svg")]
    assert list(report.files) == [
        *figures,
        "sg_scale-demo.csv",
        "sg_scale-demo.md",
        "sg_scale-demo.tex",
    ]
    page = report.files["sg_scale-demo.md"].decode()
    assert f"]({figures[1]})" in page
    assert "| S | DNI<br>M 0 | DNI<br>M 1 | DNI<br>M 2 | cDNI<br>M 0 |" in page
    assert "| 1,000 | " in page
    assert "<br>" not in page.partition("| --- |")[2]  # no number of the paper, no verdict
    assert report.files[figures[0]].startswith(b"%PDF")
    assert report.files[figures[1]].startswith(b"\x89PNG")
    svg = report.files[figures[2]].decode()
    assert "</svg>" in svg
    assert len(svg) < 250_000
    for trace in ("dc:date", "CreationDate", "Matplotlib v"):
        assert not any(trace.encode() in content for content in report.files.values())


SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from sgbench.reports.pages.report import build
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.record import Record
records = [Record.from_dict(json.loads(line)) for line in open(sys.argv[1])]
files = build(load("sg_scale"), "demo", records).files
for name, content in files.items():
    print(name, hashlib.sha256(content).hexdigest())
assert "torch" not in sys.modules, "heavy imports"
"""


def test_the_same_records_give_the_same_bytes_in_fresh_processes(sweep, make, tmp_path):
    records = make.grid(sweep, "demo", data_hash=make.other_data)
    processes = []
    for seed in ("1", "2"):
        random.Random(seed).shuffle(records)
        file = tmp_path / f"{seed}.jsonl"
        file.write_text("\n".join(map(json_line, records)))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}"}
        command = [sys.executable, "-c", SCRIPT, str(file)]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    first, second = (process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert first == second
    assert len(first.splitlines()) == 6


def test_check_names_what_is_stale_or_missing(table1, make, tmp_path):
    records = make.grid(table1, "demo", lambda cell: cell.depth == 3)
    report = build(table1, "demo", records, WORDS)
    assert check(report, tmp_path) == list(report.files)
    out = tmp_path / "new" / "folder"
    assert write(report, out) == [out / name for name in report.files]
    assert check(report, out) == []
    assert sorted(path.name for path in out.iterdir()) == list(report.files)
    (out / "table1-demo.csv").unlink()
    with open(out / "table1-demo.md", "a") as page:
        page.write(" ")
    assert check(report, out) == ["table1-demo.csv", "table1-demo.md"]
    kept = (out / "table1-demo.tex").stat().st_mtime_ns
    write(report, out)
    assert check(report, out) == []
    assert (out / "table1-demo.tex").stat().st_mtime_ns == kept
    less = build(table1, "demo", records[1:], WORDS)
    assert "table1-demo.md" in check(less, out)


def test_bad_arguments_are_one_line(table1, tmp_path):
    with pytest.raises(UsageError, match=r"--format 'pgn'; did you mean 'png'\?"):
        build(table1, "demo", [], ("md", "pgn"))
    with pytest.raises(UsageError, match="unknown scale 'demoo'"):
        build(table1, "demoo", [])
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"--out .*file: cannot be written"):
        write(build(table1, "demo", [], ("md",)), tmp_path / "file")


def test_an_empty_store_is_a_report_too(table1):
    report = build(table1, "demo", [], FORMATS)
    assert "cells: 0 of 144 run" in report.text
    assert not any(name.endswith("png") for name in report.files)
    assert "claims at scale demo: 11 not run" in report.text
    assert len(report.unreproduced) == 11
    assert report.unreproduced[0] == "cdni-beats-dni-deep (digits): not run"


def test_stale_records_are_told(table1, make):
    old = [replace(make.record(cell), rule_version=99) for cell in expand(table1, "demo")[:2]]
    assert "made by other versions of the code: 2 records" in build(table1, "demo", old, ()).text


def test_a_single_cell_is_no_plural(table1, make):
    cells = expand(table1, "demo", seeds=1)[:2]
    for number, words in ((1, "(1 cell)"), (2, "(2 cells)")):
        page = build(table1, "demo", map(make.record, cells[:number]), WORDS).files
        machine, code = (
            next(line for line in page["table1-demo.md"].decode().splitlines() if start in line)
            for start in ("- machine:", "- code:")
        )
        assert (machine.endswith(words), code.endswith(words)) == (True, True)
