"""Table 2's report: levels and bits in place of errors, from made-up records."""

import csv
import io
import statistics
from collections import Counter

import pytest
import scipy.stats
from sgbench.bench import datasets
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.verdicts import claims, places
from sgbench.reports.console.record import whole_record
from sgbench.reports.console.terminal import cell_names, outcome
from sgbench.reports.figures import series
from sgbench.reports.pages.report import build
from sgbench.reports.tables.exhibit import paper
from sgbench.reproductions.exhibits.exhibit import expand, load

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS, EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@pytest.fixture(scope="module")
def table2():
    return load("table2")


def cells_of(table2, scale, seeds=None, **fields):
    found = expand(table2, scale, seeds=seeds)
    return [c for c in found if all(c.value(n) == v for n, v in fields.items())]


def rows_of(report, name):
    return list(csv.DictReader(io.StringIO(report.files[name].decode())))


def page_of(report, scale):
    return report.files[f"table2-{scale}.md"].decode().replace(NO_BREAK, " ")


def table_of(page, heading="Table"):
    """The lines of a table in Markdown, each a list of its places."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[place.strip() for place in line.split("|")[1:-1]] for line in lines]


# --- verdicts


def judged(table2, make, values, **fields):
    cells = cells_of(table2, "paper", seeds=len(values), **fields)
    records = [make.record(c, v, scale="paper") for c, v in zip(cells, values, strict=True)]
    (place,) = (p for p in places(select(table2, "paper", records)) if p.verdict != "not run")
    return place


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        # the paper has 39, the tenth rung; 33 is the ninth, so six steps of T_task are one rung
        ([39, 39, 39, 39, 33], "reproduced"),
        ([28, 28, 28, 28, 33], "not reproduced"),
        ([45, 39, 33, 28, 39], "inconclusive"),
        ([39, 39, 39, 39, 39], "inconclusive"),  # no spread to judge by
    ],
)
def test_a_length_is_judged_in_rungs_of_the_curriculum(table2, make, values, verdict):
    place = judged(table2, make, values, dataset="repeat_copy", T=2, rule="dni")
    assert (place.paper, place.margin, place.grade) == (39, 1, "T")
    lengths = [level.length for level in datasets.load("repeat_copy").levels]
    numbers = [lengths.index(value) for value in values]
    half = scipy.stats.t.ppf(0.95, 4) * statistics.stdev(numbers) / 5**0.5
    low, high = statistics.mean(numbers) - half, statistics.mean(numbers) + half
    target = lengths.index(39)
    inside = target - 1 <= low and high <= target + 1
    outside = high < target - 1 or low > target + 1
    by_hand = "reproduced" if inside else "not reproduced" if outside else "inconclusive"
    assert place.verdict == verdict
    assert verdict == (by_hand if len(set(values)) > 1 else "inconclusive")
    assert place.interval.mean == pytest.approx(statistics.mean(values))  # shown in T_task


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.370, 1.372, 1.368], "reproduced"),
        ([1.390, 1.392, 1.388], "not reproduced"),
        ([1.370, 1.380, 1.390], "inconclusive"),
    ],
)
def test_bits_are_judged_as_they_are(table2, make, values, verdict):
    place = judged(table2, make, values, dataset="ptb", T=2, rule="dni")
    assert (place.paper, place.margin, place.verdict) == (1.37, 0.01, verdict)


def test_no_level_solved_is_a_result_of_zero(table2, make):
    place = judged(table2, make, [0, 4, 4], dataset="copy", T=2, rule="bptt")
    assert place.interval.mean == pytest.approx(8 / 3)
    assert place.verdict != "not run"


# --- claims


def test_a_claim_of_more_is_a_paired_test_of_left_minus_factor_times_right(table2, make):
    values = {"dni": [14, 15, 15], "bptt": [7, 8, 7]}
    records = [
        make.record(cell, values[cell.rule][cell.seed], scale="paper")
        for rule in values
        for cell in cells_of(table2, "paper", seeds=3, dataset="copy", T=3, rule=rule)
    ]
    rows = {row.test.claim.name: row for row in claims(select(table2, "paper", records)) if row.p}
    assert set(rows) == {"dni-longer", "dni-longer-by-factor"}
    raw = {}
    for name, factor in (("dni-longer", 1.0), ("dni-longer-by-factor", 1.75)):
        row, differences = (
            rows[name],
            [left - factor * right for left, right in zip(*values.values(), strict=True)],
        )
        assert row.values == pytest.approx(differences)
        test = scipy.stats.ttest_1samp(differences, 0.0, alternative="greater")
        raw[name] = float(test.pvalue)
        assert row.means == pytest.approx([44 / 3, 22 / 3])
        assert row.paper == (14, 8)
    first, second = sorted(raw, key=raw.get)
    assert rows[first].p == pytest.approx(2 * raw[first])
    assert rows[second].p == pytest.approx(max(2 * raw[first], raw[second]))
    assert rows["dni-longer"].verdict == "reproduced"


def test_the_contrary_of_a_claim_of_more_is_not_reproduced(table2, make):
    records = [
        make.record(cell, {"dni": 8, "bptt": 20}[cell.rule] + (cell.seed == 1), scale="paper")
        for cell in cells_of(table2, "paper", dataset="copy", T=3)
        if cell.rule != "dni_aux"
    ]
    records[0] = make.record(records[0].cell, 19, scale="paper")
    found = {r.test.claim.name: r.verdict for r in claims(select(table2, "paper", records)) if r.p}
    assert found == {
        "dni-longer": "not reproduced",
        "dni-longer-by-factor": "not reproduced",
    }


def test_fewer_bits_are_better(table2, make):
    bits = {"dni": [1.36, 1.361, 1.36], "bptt": [1.40, 1.402, 1.404]}
    records = [
        make.record(cell, bits[cell.rule][cell.seed], scale="paper")
        for rule in bits
        for cell in cells_of(table2, "paper", seeds=3, dataset="ptb", T=3, rule=rule)
    ]
    (row,) = (r for r in claims(select(table2, "paper", records)) if r.p is not None)
    assert (row.test.claim.name, row.verdict) == ("dni-fewer-bits", "reproduced")
    assert row.values == pytest.approx([-0.04, -0.041, -0.044])


# --- the report


def test_a_report_off_the_papers_scale(table2, make):
    report = build(table2, "demo", make.grid(table2, "demo"), ("md", "csv", "tex", "svg"))
    page = page_of(report, "demo")
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


def test_the_figures_of_a_report(table2, make):
    report = build(table2, "demo", make.grid(table2, "demo"), ("svg",))
    assert sorted(report.files) == [
        "table2-demo-bits-lstm.svg",
        "table2-demo-cosines-copy-lstm.svg",
        "table2-demo-cosines-descriptions-lstm.svg",
        "table2-demo-cosines-repeat_copy-lstm.svg",
        "table2-demo-lengths-lstm.svg",
        "table2-demo-progression-copy-lstm.svg",
        "table2-demo-progression-repeat_copy-lstm.svg",
        "table2-demo-reading-descriptions-lstm.svg",
    ]
    assert all(content.rstrip().endswith(b"</svg>") for content in report.files.values())


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

    records = [near(cell) for cell in expand(table2, "paper", seeds=6)]
    report = build(table2, "paper", records, ("md", "csv", "tex"))
    found = rows_of(report, "table2-paper.csv")
    assert len(found) == 41
    assert {row["verdict"] for row in found} == {"reproduced"}
    assert {row["grade"] for row in found} == {"T"}
    assert "places: 41 reproduced" in report.text
    assert "omparable with" not in report.text
    page = page_of(report, "paper")
    (head, _, *rows) = table_of(page)
    t = {"BPTT": [2, 3, 4, 5, 8, 20, 40], "DNI": [2, 3, 4, 5, 8], "DNI+Aux": [2, 3, 4, 5, 8]}
    assert head == ["dataset", *(f"{rule}<br>T = {n}" for rule, some in t.items() for n in some)]
    assert [row[0] for row in rows] == ["Copy", "Repeat Copy", "Penn Treebank"]
    by_name = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_name["Copy"]["BPTT<br>T = 2"].split("<br>")[1:] == ["paper 7", "reproduced"]
    assert by_name["Copy"]["BPTT<br>T = 40"] == ""
    assert by_name["Penn Treebank"]["BPTT<br>T = 40"].split("<br>") == [
        "1.340 ± 0.002 (6)",
        "paper 1.34",
        "reproduced",
    ]

    told = rows_of(report, "table2-paper-claims.csv")
    assert Counter(row["claim"] for row in told) == {
        "dni-longer": 8,
        "dni-longer-by-factor": 4,
        "dni-repeats-longer-by-factor": 4,
        "dni-fewer-bits": 5,
        "aux-5-equals-bptt-20": 1,
    }
    lost = {(r["claim"], r["T"]) for r in told if r["verdict"] != "reproduced"}
    assert lost == {  # where the paper's own numbers are just the factor apart
        ("dni-longer-by-factor", "3"),
        ("dni-longer-by-factor", "4"),
        ("dni-repeats-longer-by-factor", "4"),
    }
    assert {row["kind"] for row in told if row["claim"].startswith("dni-longer")} == {"above"}


def test_the_claims_table_says_what_was_multiplied(table2, make):
    records = make.grid(table2, "demo", lambda c: c.dataset == "copy" and c.T == 4)
    page = page_of(build(table2, "demo", records, ("md",)), "demo")
    lines = {row[0]: row for row in table_of(page, "Ordering claims")}
    claim = "DNI's longest Copy task is at least 1.75 times that of BPTT at equal T"
    compared = lines[claim][-1].split("<br>")
    mean = {
        rule: statistics.mean(r.longest for r in records if r.rule == rule)
        for rule in ("bptt", "dni")
    }
    assert compared[0] == f"DNI {mean['dni']:.1f}, BPTT {mean['bptt']:.1f}"
    assert compared[1] == "paper DNI 18, BPTT 10"
    difference = f"{mean['dni'] - 1.75 * mean['bptt']:+.1f}".replace("-", MINUS)
    assert compared[2].startswith(f"DNI - 1.75 x BPTT {difference}")
    assert compared[2].endswith(r"claimed \> 0")
    assert lines[claim][1] == "Copy T = 4"


def test_an_empty_store_is_a_report_too(table2):
    report = build(table2, "demo", [])
    assert "cells: 0 of 54 run" in report.text
    assert not any(name.endswith("png") for name in report.files)
    assert report.unreproduced[0] == "dni-longer (Copy T = 2): not run"


# --- figures


def drawn(selection):
    return {drawing.name: drawing for drawing in series.drawings(selection)}


def line_of(drawing, column, line):
    data = drawing.data
    return data[(data["column"] == column) & (data["line"] == line)]


def test_lengths_by_unroll_stand_beside_the_papers(table2, make):
    records = make.grid(table2, "paper")
    found = drawn(select(table2, "paper", records))
    lengths, bits = found["lengths-lstm"], found["bits-lstm"]
    assert list(lengths.data["column"].cat.categories) == ["Copy", "Repeat Copy"]
    assert list(bits.data["column"].cat.categories) == ["Penn Treebank"]
    line = line_of(lengths, "Repeat Copy", "DNI+Aux")
    assert line["x"].tolist() == [2, 3, 4, 5]
    assert line["paper"].tolist() == [39, 59, 67, 59]
    for x, mean in zip(line["x"], line["mean"], strict=True):
        at = [
            r.longest for r in records if (r.dataset, r.rule, r.T) == ("repeat_copy", "dni_aux", x)
        ]
        assert mean == pytest.approx(statistics.mean(at))
    assert line_of(bits, "Penn Treebank", "BPTT")["x"].tolist() == [2, 3, 4, 5, 8, 20, 40]
    assert not lengths.y_log


def test_a_progression_is_over_the_data_that_was_read(table2, make):
    records = make.grid(table2, "paper", lambda c: c.dataset == "copy")
    drawing = drawn(select(table2, "paper", records))["progression-copy-lstm"]
    assert list(drawing.data["column"].cat.categories) == ["BPTT", "DNI", "DNI+Aux"]
    assert list(drawing.data["line"].cat.categories) == ["2", "3", "4", "5"]
    line = line_of(drawing, "DNI", "5")
    mine = [r for r in records if (r.rule, r.T) == ("dni", 5)]
    end = 5 * mine[0].iterations
    assert line["x"].max() == end
    last = line[line["x"] == end]
    assert last["mean"].item() == pytest.approx(statistics.mean(r.longest for r in mine))
    assert last["paper"].item() == 18
    assert line[line["x"] < end]["paper"].isna().all()
    at = {point["iteration"] * 5: point["longest"] for point in mine[0].curve}
    assert set(line["x"]) <= set(at)
    assert line["mean"].is_monotonic_increasing


def test_a_reading_is_of_texts_alone(table2, make):
    found = drawn(select(table2, "demo", make.grid(table2, "demo")))
    assert [name for name in found if name.startswith("reading")] == ["reading-descriptions-lstm"]
    line = line_of(found["reading-descriptions-lstm"], "DNI+Aux", "8")
    assert line["x"].tolist() == [800, 1600, 2400, 3200]
    assert line["mean"].is_monotonic_decreasing
    assert line["paper"].isna().all()


def test_a_rule_without_m_has_no_cosine(table2, make):
    found = drawn(select(table2, "demo", make.grid(table2, "demo")))
    drawing = found["cosines-copy-lstm"]
    assert list(drawing.data["column"].cat.categories) == ["DNI", "DNI+Aux"]
    assert drawing.data["mean"].between(0.3, 0.5).all()


# --- on a terminal


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_names_tell_the_cells_apart(table2, scale):
    names = cell_names(expand(table2, scale))
    assert len(set(names)) == len(names)
    assert all(len(text) < 60 for text in names)
    assert names[0] == "copy lstm T2 bptt seed 0"
    assert any(text.startswith("repeat_copy lstm T4 dni_aux M1 seed 1") for text in names)


def test_an_outcome_is_in_the_words_of_its_measure(table2, make):
    def words(value, **fields):
        (cell,) = cells_of(table2, "demo", seeds=1, **fields)
        return outcome(make.record(cell, value)).strip()

    assert words(39, dataset="repeat_copy", T=2, rule="dni") == "39 T_task solved, 100 steps/s"
    assert words(0, dataset="copy", T=2, rule="bptt") == "0 T_task solved, 100 steps/s"
    text = {"dataset": "descriptions", "T": 4, "rule": "dni_aux"}
    assert words(2.345678, **text) == "2.346 bits per character, 100 steps/s"
    (cell,) = cells_of(table2, "demo", seeds=1, **text)
    lost = make.record(cell, 2.0, status="diverged", reason="loss not finite at iteration 8")
    assert outcome(lost) == "diverged: loss not finite at iteration 8"


def test_a_whole_record_shows_what_its_kind_has(table2, make):
    (cell,) = cells_of(table2, "demo", seeds=1, dataset="copy", T=2, rule="dni_aux")
    text = whole_record(make.record(cell, 16), 100)
    assert "copy lstm T2 dni_aux M1 seed 0" in text
    curve = text.rpartition("iteration")[0]
    assert "bits" in curve
    for word in ("T_task", "aux loss", "M loss 1", "cosine 1"):
        assert word in text
    assert "error %" not in text
    solved = next(line for line in text.splitlines() if line.split()[:3] == ["16", "13", "1"])
    assert solved.split()[4] == str(2 * int(solved.split()[3]))
