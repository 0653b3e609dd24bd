"""The report of an exhibit: what is told of the records of a scale."""

import re
from dataclasses import replace

import pytest
from reference.reports import rows_of
from sgbench.bench.errors import UsageError
from sgbench.reports.pages.exhibit import build
from sgbench.reports.pages.report import FORMATS
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.where import parse_where

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
WORDS = ("md", "csv", "tex")


def sections(page):
    return re.findall(r"^## (.*)$", page, re.M)


def test_a_report_off_the_papers_scale(table1, make):
    report = build(table1, "quick", make.grid(table1, "quick"), WORDS)
    assert list(report.files) == [
        "table1-quick-claims.csv",
        "table1-quick-intermediate.csv",
        "table1-quick.csv",
        "table1-quick.md",
        "table1-quick.tex",
    ]
    difference = "quick: {} iterations, rate 1e-3, sg_scale 33.3; paper: 500,000 iterations,"
    iterations = f"{expand(table1, 'quick')[0].iterations:,}"
    page, text = report.files["table1-quick.md"].decode(), report.text
    assert sections(page) == [
        *("Table", "Before the end of training", "Ordering claims", "The depth of M"),
        *("M's gradients", "Runs"),
    ]
    for words in (page.replace("\\", ""), text):
        assert difference.format(iterations) in words
        assert "Not comparable with the paper's numbers" in words
        assert "claims at scale quick: " in words
    places = rows_of(report, "table1-quick.csv")
    assert len(places) == len({tuple(list(row.values())[2:8]) for row in places}) == 108
    assert {row["verdict"] for row in places} == {"not comparable"}
    assert sum(row["in_table"] == "true" for row in places) == 60
    place = next(
        row for row in places if list(row.values())[2:8] == ["mnist", "fcn", "6", "", "dni", "2"]
    )
    assert (place["n"], place["paper"], place["grade"], place["margin"]) == ("3", "4.3", "T", "0.3")
    shown = f"{float(place['mean']):.2f} ± {float(place['high95']) - float(place['mean']):.2f} (3)"
    assert f"{shown}<br>paper 4.3<br>not comparable" in page.replace(NO_BREAK, " ")
    claims = rows_of(report, "table1-quick-claims.csv")
    assert {row["scale"] for row in claims} == {"quick"}
    assert len(claims) == 17
    lost = [row for row in claims if row["verdict"] not in ("same way round", "not comparable")]
    assert len(report.unreproduced) == len(lost)


def test_a_report_at_the_papers_scale(table1, make):
    def near(cell):
        return make.record(cell, table1.number(cell).value + 0.05 * (cell.seed - 1), scale="paper")

    cells = [c for c in expand(table1, "paper") if c.dataset == "mnist" and c.network == "fcn"]
    cells = [c for c in cells if c.rule != "top_only"]  # the paper has no number for it
    report = build(table1, "paper", map(near, cells), WORDS)
    places = [
        r for r in rows_of(report, "table1-paper.csv") if r["in_table"] == "true" and r["paper"]
    ]
    assert {(r["dataset"], r["network"], r["verdict"]) for r in places} == {
        ("mnist", "fcn", "reproduced"),
        ("mnist", "cnn", "not run"),
        ("cifar10", "fcn", "not run"),
        ("cifar10", "cnn", "not run"),
    }
    assert "places: 32 not run, 16 reproduced" in report.text
    assert "cells: 96 of 324 run (96 ok)" in report.text
    assert "omparable with" not in report.text
    page = report.files["table1-paper.md"].decode()
    row = "| FCN | 3 | 9.30 ± 0.12 (3)<br>paper 9.3<br>reproduced |"
    assert row in page.replace(NO_BREAK, " ")
    assert "not run<br>paper 54.9" in page


def test_a_population_has_medians_and_no_places(small_population):
    report = build(small_population, "paper", [], ("md",))
    assert "\nplaces: " not in report.text
    assert "\nmedians: 8 not run" in report.text
    assert "not run<br>paper" in report.files["p_update-paper.md"].decode()


def test_a_page_of_some_seeds_has_the_verdicts_of_all(table1, make):
    cells = [c for c in expand(table1, "demo") if (c.network, c.depth) == ("fcn", 3)]
    records = [make.record(c, machine_class=f"{c.seed}") for c in cells if c.rule == "backprop"]
    where = parse_where(["seed=1"])
    report = build(table1, "demo", records, ("md", "html"), where=where, ran=True)
    page = report.files["table1-demo-part.md"].decode()
    assert "Verdicts are by all seeds that the scale declares, whichever are shown." in page
    assert "(1 of 3)" in page


def test_one_seed_says_that_more_are_planned(table1, make):
    records = make.grid(table1, "paper", lambda c: c.dataset == "mnist" and c.seed == 0)
    report = build(table1, "paper", records, WORDS)
    verdicts = {r["verdict"] for r in rows_of(report, "table1-paper.csv") if r["n"] == "1"}
    assert verdicts == {"inconclusive", "not comparable"}  # the latter: other models than fixed
    assert "(1 of 3)<br>paper 2.0<br>inconclusive<br>2 declared seeds to come" in (
        report.files["table1-paper.md"].decode()
    )
    assert "inconclusive (2 declared seeds to come)" in report.text


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


def test_a_sweep_of_ours_has_a_figure_and_a_table(sg_scale, make):
    report = build(sg_scale, "demo", make.grid(sg_scale, "demo"))
    dataset = "digits"
    figures = [f"sg_scale-demo-sweep-{dataset}-fcn.{form}" for form in ("pdf", "png", "svg")]
    assert list(report.files) == [
        *figures,
        "sg_scale-demo.csv",
        "sg_scale-demo.html",
        "sg_scale-demo.json",
        "sg_scale-demo.md",
        "sg_scale-demo.tex",
    ]
    page = report.files["sg_scale-demo.md"].decode()
    assert f"]({figures[1]})" in page
    assert "| S | DNI<br>M 0 | DNI<br>M 1 | DNI<br>M 2 | cDNI<br>M 0 |" in page
    assert "| 1,000 | " in page
    table = page.partition("| --- |")[2].partition("\n## ")[0]
    assert "<br>" not in table  # no number of the paper, no verdict
    assert report.files[figures[0]].startswith(b"%PDF")
    assert report.files[figures[1]].startswith(b"\x89PNG")
    svg = report.files[figures[2]].decode()
    assert "</svg>" in svg
    assert len(svg) < 250_000
    for trace in ("dc:date", "CreationDate", "Matplotlib v"):
        assert not any(trace.encode() in content for content in report.files.values())


def test_an_empty_store_is_a_report_too(table1):
    report = build(table1, "demo", [], FORMATS)
    assert "cells: 0 of 162 run" in report.text
    assert not any(name.endswith("png") for name in report.files)
    assert "claims at scale demo: 6 not run" in report.text
    assert len(report.unreproduced) == 6
    assert report.unreproduced[0] == "cdni-beats-dni-deep (digits): not run"


def test_stale_records_are_told(table1, make):
    old = [replace(make.record(cell), rule_version=99) for cell in expand(table1, "demo")[:2]]
    assert "made by other versions of the code: 2 records" in build(table1, "demo", old, ()).text


def test_a_report_has_a_figure_for_each_data_set(table2, make):
    report = build(table2, "demo", make.grid(table2, "demo"), ("svg",))
    assert sorted(report.files) == [
        "table2-demo-bits-lstm.svg",
        "table2-demo-claims.svg",
        "table2-demo-cosines-copy-lstm.svg",
        "table2-demo-cosines-descriptions-lstm.svg",
        "table2-demo-cosines-repeat_copy-lstm.svg",
        "table2-demo-lengths-lstm.svg",
        "table2-demo-progression-copy-lstm.svg",
        "table2-demo-progression-repeat_copy-lstm.svg",
        "table2-demo-reading-descriptions-lstm.svg",
        "table2-demo-rules-copy-lstm.svg",
        "table2-demo-rules-repeat_copy-lstm.svg",
    ]
    assert all(content.rstrip().endswith(b"</svg>") for content in report.files.values())


# --- a part of the cells


def test_where_shows_some_cells_and_tests_claims_on_all(table1, make):
    records = make.grid(table1, "demo")
    whole = build(table1, "demo", records, WORDS)
    where = parse_where(["network=fcn,rule=dni,cdni"])
    some = build(table1, "demo", records, WORDS, where=where)
    page = some.files["table1-demo-part.md"].decode()
    assert "Only cells where network=fcn,rule=dni,cdni are shown." in page.replace("\\", "")
    places = rows_of(some, "table1-demo-part.csv")
    assert {(row["network"], row["rule"]) for row in places} == {("fcn", "dni"), ("fcn", "cdni")}
    assert [row for row in rows_of(whole, "table1-demo.csv") if row in places] == places
    claims = rows_of(some, "table1-demo-part-claims.csv")
    assert {row["claim"] for row in claims} == {
        "cdni-beats-dni-deep", "dni-grows", "cdni-does-not-grow",
    }  # fmt: skip
    assert [row for row in rows_of(whole, "table1-demo-claims.csv") if row in claims] == claims
    assert {line.partition(" ")[0] for line in some.unreproduced} <= {r["claim"] for r in claims}


def test_where_picks_seeds_too(table1, make):
    records = make.grid(table1, "demo", lambda cell: cell.rule == "backprop")
    report = build(table1, "demo", records, WORDS, where=parse_where(["rule=backprop,seed>=1"]))
    assert {row["n"] for row in rows_of(report, "table1-demo-part.csv")} == {"2"}
    assert {row["seeds"] for row in rows_of(report, "table1-demo-part.csv")} == {"3"}  # planned


def test_a_value_that_picks_nothing_is_named(table1):
    with pytest.raises(UsageError, match="depth=9"):
        build(table1, "demo", [], (), where=parse_where(["depth=9"]))


def test_ran_shows_only_what_has_a_record(table1, make):
    records = make.grid(table1, "quick", lambda c: c.dataset == "mnist" and c.network == "fcn")
    report = build(table1, "quick", records, WORDS, ran=True)
    page = report.files["table1-quick-part.md"].decode()
    assert "not run" not in page.partition("## Table")[2].replace("not run: no record", "")
    assert "CIFAR" not in page
    assert "cells: 108 of 324 run" in report.text
    assert {row["verdict"] for row in rows_of(report, "table1-quick-part-claims.csv")}.isdisjoint(
        {"not run"}
    )
    assert any(line.endswith("not run") for line in report.unreproduced)  # for --strict


def test_ran_of_nothing_has_no_tables(table1):
    report = build(table1, "demo", [], WORDS, ran=True)
    assert "## " not in report.files["table1-demo-part.md"].decode().partition("## Runs")[0]
    assert "cells: 0 of 162 run" in report.text


# --- cells that --set changed


def custom(table1, make, **sets):
    cells = expand(table1, "demo", sets, where=parse_where(["rule=backprop,network=fcn"]))
    return [make.record(cell, 2.0 + 0.1 * cell.seed, scale="custom") for cell in cells]


def test_cells_that_set_changed_are_counted_with_the_command_that_shows_them(table1, make):
    records = [*make.grid(table1, "demo"), *custom(table1, make, iterations=7)]
    report = build(table1, "demo", records, WORDS)
    (line,) = (line for line in report.text.splitlines() if "--set" in line)
    assert "12 cells" in line
    assert "sgbench report table1 --scale custom" in line
    assert rows_of(report, "table1-demo.csv") == rows_of(
        build(table1, "demo", records[:-12], WORDS), "table1-demo.csv"
    )


def test_the_counts_of_cells_agree(table1, make):
    """Seed 0 has a result, 1 failed, 2 is trained in part; 3, which diverged, is a further one."""
    cells = [c for c in expand(table1, "demo", seeds=4) if c.rule == "backprop" and c.depth == 3]
    ended = [make.record(cell) for cell in cells if cell.seed == 0]
    lost = [make.record(cell, status="failed") for cell in cells if cell.seed == 1]
    part = [make.record(cell, status="partial") for cell in cells if cell.seed == 2]
    further = [make.record(cell, status="diverged") for cell in cells if cell.seed == 3]
    text = build(table1, "demo", [*ended, *lost, *part, *further], WORDS).text
    n = len(ended)
    assert f"run ({n} ok, {n} failed)\n" in text
    assert f"cells: {2 * n} of " in text
    assert f"trained in part so far: {n} cell" in text
    assert f"further seeds than the scale's own: {n} cell" in text
    assert f"({n} diverged)" in text


def test_cells_that_set_changed_have_their_own_report(table1, make):
    records = [*make.grid(table1, "demo"), *custom(table1, make, iterations=7)]
    records += custom(table1, make, iterations=9)
    report = build(table1, "custom", records, ("md", "csv", "tex", "svg"))
    page = report.files["table1-custom.md"].decode()
    assert "> **Custom.** 8 configurations of scale demo, changed by --set: iterations 7, 9" in page
    assert "- cells: 24 run (24 ok)" in page
    assert "--scale custom" not in page
    assert "Ordering claims" not in page
    places = rows_of(report, "table1-custom.csv")
    assert {(row["iterations"], row["n"]) for row in places} == {("7", "3"), ("9", "3")}
    assert {row["verdict"] for row in places} == {"not comparable"}
    some = build(table1, "custom", records, WORDS, where=parse_where(["iterations=9"]))
    assert {row["depth"] for row in rows_of(some, "table1-custom-part.csv")} == {"3", "4", "5", "6"}


def test_without_such_cells_custom_is_refused(table1, make):
    given_up = [replace(r, status="pruned") for r in custom(table1, make, iterations=7)]
    for records in ([], given_up):
        with pytest.raises(UsageError, match="--scale custom"):
            build(table1, "custom", records, ())


def test_cells_with_other_models_only_leave_the_table_out_with_the_reason(table1, make):
    records = [
        make.record(cell)
        for cell in expand(table1, "demo", seeds=1)
        if (cell.network, cell.depth, cell.rule, cell.sg_layers) == ("fcn", 3, "dni", 0)
    ]
    found = build(table1, "demo", records, ("md",), ran=True)
    assert "the M that the protocol fixes" in found.text
    assert found.text.count("Test error in percent") == 1  # the table by M


def test_cells_that_end_by_themselves_have_a_table_of_when(make):
    beyond = load("beyond")
    cells = [c for c in expand(beyond, "demo", seeds=1) if c.rule == "dfa" and c.network == "fcn"]
    caption = "Passes and operations until convergence"
    records = [make.record(cell, 2.0, exhibit="beyond") for cell in cells]
    assert caption in build(beyond, "demo", records, ("md",)).text
    scheduled = [record for record in records if record.patience is None]
    assert caption not in build(beyond, "demo", scheduled, ("md",)).text


def test_rules_that_wait_for_different_things_have_a_table_of_it():
    report = build(load("beyond"), "demo", [], ("md", "html"))
    for text in (report.text, *(content.decode() for content in report.files.values())):
        assert "What each rule waits for and keeps" in text
        assert "the network's output" in text.replace("&#39;", "'")
