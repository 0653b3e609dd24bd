"""Populations over p_update, sweeps over lambda and depth, and levels that are reached."""

import csv
import io
import statistics
from dataclasses import replace

import pytest
import scipy.stats
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.medians import bins
from sgbench.reports.analysis.protocol import difference
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.verdicts import at, claims
from sgbench.reports.console.record import whole_record
from sgbench.reports.console.terminal import cell_names
from sgbench.reports.figures import series
from sgbench.reports.pages.report import build
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.parser import parse

P = [0.02, 0.04, 0.07, 0.1, 0.13, 0.17, 0.2, 0.25, 0.31, 0.36, 0.4, 0.46, 0.53, 0.6, 0.66]
P += [0.73, 0.79, 0.85, 0.91, 0.96, 1]

EXHIBIT = f"""
title = "Figures 5 and 6"
source = "made up"

[protocol]
split = "test"
depth = 4
batch_size = 256
drops = [0.6, 0.8]
drop_factor = 0.1
precision = "float32"
hidden_units = 256
sg_layers = 1
sg_units = 1024
si_layers = 1
si_units = 1024
evaluate_at = [0.01, 0.05, 0.5]

[[grid]]
network = ["fcn"]
rule = ["dni", "cdni"]
decoupled = ["update", "both"]
p_update = {P}

[scales.demo]
description = "digits"
seeds = 2
axes = {{ dataset = ["digits"], p_update = [0.05, 0.2, 0.5, 1] }}
protocol = {{ iterations = 400, learning_rate = 3e-3, evaluate_every = 50 }}

[scales.quick]
description = "short"
seeds = 1
axes = {{ dataset = ["mnist"] }}
protocol = {{ iterations = 1000, learning_rate = 1e-3, evaluate_every = 100 }}

[scales.paper]
description = "the paper's"
seeds = 2
axes = {{ dataset = ["mnist"] }}
protocol = {{ iterations = 500_000, learning_rate = 3e-5, evaluate_every = 5000 }}

[[fixed]]
dataset = "mnist"
network = "fcn"
grade = "R"
sg_layers = {{ dni = 1, cdni = 1 }}

[[fixed]]
dataset = "digits"
network = "fcn"
grade = "O"
sg_layers = {{ dni = 1, cdni = 1 }}

[margins.mnist]
points = 0.3

[layout]
rows = ["p_update"]
columns = ["decoupled", "rule"]

[labels]
dataset = {{ mnist = "MNIST" }}
network = {{ fcn = "FCN" }}
rule = {{ dni = "DNI", cdni = "cDNI" }}
decoupled = {{ update = "update decoupled", both = "forwards and update decoupled" }}

[[medians]]
grade = "F"
dataset = "mnist"
network = "fcn"
rule = "dni"
decoupled = "update"
edges = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
rows = [
  [1.0, 3.8, 2.9, 2.5, 2.3, 2.2, 2.15, 2.2, 2.2],
  [0.5, nan, 3.9, 3.2, 3.1, 3.0, 3.2, 3.0, 3.1],
]

[[medians]]
grade = "F"
dataset = "mnist"
network = "fcn"
rule = "cdni"
decoupled = "both"
edges = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
rows = [
  [1.0, 2.1, 2.1, 2.2, 2.2, 2.2, 2.2, 2.3, 2.4],
  [0.01, nan, nan, 4.9, 4.2, 3.9, 3.4, 3.1, 2.9],
]

[[claims]]
name = "trains-at-a-fifth"
text = "at p_update = 0.2 the error is at most that of p_update = 1 plus the margin"
source = "text"
kind = "below"
each = ["dataset", "decoupled", "rule"]
left = {{ p_update = 0.2 }}
right = {{ p_update = 1 }}
margin = {{ mnist = 0.5 }}

[[claims]]
name = "unlocked-reaches"
text = "completely unlocked cDNI reaches about 2 %"
source = "text"
kind = "reaches"
each = ["dataset"]
where = {{ rule = "cdni", decoupled = "both" }}
left = {{ p_update = 0.2 }}
level = {{ mnist = 2.5 }}

[[figures]]
name = "population"
kind = "population"
title = "Test error by p_update"
source = "Figures 5 and 6"
x = "p_update"
y = "error"
panels = "rule"
lines = "iteration"

[[figures]]
name = "updates"
kind = "curves"
title = "Test error against the updates of a layer"
source = "not in the paper"
x = "updates"
y = "error"
panels = "rule"
lines = "p_update"

[[figures]]
name = "seconds"
kind = "curves"
title = "Test error against the time of training"
source = "not in the paper"
x = "seconds"
y = "error"
panels = "rule"
lines = "p_update"
"""


@pytest.fixture(scope="module")
def exhibit():
    return parse("p_update", EXHIBIT)


@pytest.fixture(scope="module")
def small():
    """The same with two values of p_update: soon judged, and a table of them."""
    return parse("p_update", EXHIBIT.replace(str(P), "[0.2, 1]"))


def population(make, exhibit, scale, keep=lambda cell: True):
    return [make.network(cell, scale=scale) for cell in expand(exhibit, scale) if keep(cell)]


def panel(frame, row, column, line):
    mine = (frame["row"] == row) & (frame["column"] == column) & (frame["line"] == line)
    return frame[mine]


UPDATE, BOTH = "update decoupled", "forwards and update decoupled"


# --- tables


def rows_of(report, name):
    return list(csv.DictReader(io.StringIO(report.files[name].decode())))


def at_paper(make, exhibit, errors, p, rule="dni", decoupled="update"):
    """A report of some networks of one bin: `errors` by p_update and seed."""
    cells = [
        cell
        for cell in expand(exhibit, "paper")
        if (cell.rule, cell.decoupled) == (rule, decoupled) and cell.p_update in p
    ]
    records = [
        make.network(cell, error, scale="paper") for cell, error in zip(cells, errors, strict=True)
    ]
    return build(exhibit, "paper", records, ("csv", "md"))


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        # the paper has 2.15 ± 0.3 over 0.4 to 0.6: 0.46, 0.53 and 0.6, of two seeds each
        ([2.1, 2.2, 2.3, 2.0, 2.4, 2.25], "reproduced"),
        ([2.1, 2.2, 2.3, 2.0, 2.6, 2.25], "inconclusive"),
        ([2.51, 2.6, 2.7, 2.8, 2.5, 2.9], "not reproduced"),
        ([2.2] * 6, "inconclusive"),  # no spread to judge by
    ],
)
def test_a_bin_is_judged_by_its_median(exhibit, make, errors, verdict):
    report = at_paper(make, exhibit, errors, (0.46, 0.53, 0.6))
    (row,) = (
        row
        for row in rows_of(report, "p_update-paper-medians.csv")
        if (row["rule"], row["above"], row["at"]) == ("dni", "0.4", "1.0")
    )
    assert (row["n"], row["paper"], row["verdict"], row["grade"]) == ("6", "2.15", verdict, "F")
    assert float(row["median"]) == statistics.median(errors)
    low, high = min(errors), max(errors)  # of six, at 90 % and 95 %
    assert (float(row["low95"]), float(row["high95"])) == (low, high)
    inside, outside = low >= 1.85 and high <= 2.45, low > 2.45 or high < 1.85
    by_hand = "reproduced" if inside else "not reproduced" if outside else "inconclusive"
    assert verdict == (by_hand if low != high else "inconclusive")
    page = report.files["p_update-paper.md"].decode()
    assert f"{statistics.median(errors):.2f} \\[{low:.2f}, {high:.2f}\\] (6)" in page
    assert "## Table" not in page  # 21 values of p_update are no table: their bins are


def test_a_diverged_network_is_no_evidence_for_its_bin(exhibit, make):
    cells = [
        cell
        for cell in expand(exhibit, "paper", seeds=3)
        if (cell.rule, cell.decoupled) == ("dni", "update") and cell.p_update in (0.46, 0.53, 0.6)
    ]
    records = [make.network(cell, 2.1 + 0.01 * n) for n, cell in enumerate(cells)]
    (*_, last) = records
    records[-1] = replace(last, status="diverged", test_error=None)
    found = [b for b in bins(select(exhibit, "paper", records)) if b.verdict != "not run"]
    (end,) = (one for one in found if one.paper.at == 1.0)
    assert (end.found.n, end.diverged, end.verdict) == (8, 1, "inconclusive")


def test_the_table_has_the_papers_median_beside_each_p_update(small, make):
    report = build(small, "quick", population(make, small, "quick"), ("md", "csv", "tex"))
    page = report.files["p_update-quick.md"].decode()
    head = next(line for line in page.splitlines() if line.startswith("| p\\_update"))
    assert (
        head.split(" | ")[1:]
        == [f"{what}<br>{rule}" for what in (UPDATE, BOTH) for rule in ("DNI", "cDNI |")]
        or head.count("<br>") == 4
    )
    row = next(line for line in page.splitlines() if line.startswith("| 0.2 |"))
    assert row.count("<br>paper 2.5<br>not comparable") == 1
    assert row.count("<br>paper 2.2<br>not comparable") == 1
    assert "Not comparable with the paper's numbers." in page
    assert f"{BOTH}: with probability 1 - p\\_update a layer does neither" in page
    assert "median of its networks in a bin" in page
    places_ = rows_of(report, "p_update-quick.csv")
    assert {(r["decoupled"], r["p_update"]) for r in places_} == {
        (kind, p) for kind in ("update", "both") for p in ("0.2", "1.0")
    }
    assert {r["paper"] for r in places_ if r["rule"] == "dni"} == {"", "2.5", "2.2"}


def test_settings_of_synthetic_inputs_are_told_where_they_differ(exhibit):
    cells = expand(exhibit, "quick")
    other = [
        replace(cell, evaluate_at=(0.1,), **({"si_units": 64} if cell.si_units else {}))
        for cell in cells
    ]
    words = difference(exhibit, "quick", other, cells)
    assert words == (
        "quick: also evaluated at 0.1, 64 units in I;"
        " paper: also evaluated at 0.01 and 0.05 and 0.5, 1,024 units in I"
    )


def test_names_and_a_whole_record_know_what_is_decoupled(exhibit, make):
    cells = expand(exhibit, "quick")
    names = cell_names(cells)
    assert len(set(names)) == len(names)
    assert "mnist fcn 4 dni M1 both p0.2 seed 0" in names
    text = whole_record(make.network(cells[0]), 100)
    assert "updates 1  updates 2  updates 3  updates 4" in text


# --- claims


def test_a_claim_compares_two_values_of_p_update(small, make):
    def records(gap):
        return [
            make.network(cell, 2.2 + (gap if cell.p_update < 1 else 0) + 0.01 * cell.seed)
            for cell in expand(small, "paper", seeds=3)
            if cell.p_update in (0.2, 1)
        ]

    shifted = [
        replace(r, test_error=r.test_error + (0.02 if (r.seed, r.p_update) == (1, 1.0) else 0))
        for r in records(0.1)
    ]
    selection = select(small, "paper", shifted)
    rows = [row for row in claims(selection) if row.test.claim.kind == "below"]
    assert [at(selection, row.test.place) for row in rows] == [
        f"MNIST {what} {rule}" for rule in ("DNI", "cDNI") for what in (UPDATE, BOTH)
    ]
    assert {row.verdict for row in rows} == {"reproduced"}
    assert rows[0].values == pytest.approx((0.1, 0.08, 0.1))
    assert rows[0].paper == (2.5, 2.2)
    page = build(small, "paper", shifted, ("md",)).files["p_update-paper.md"].decode()
    assert "DNI p = 0.2 2.31, DNI p = 1 2.22<br>paper DNI p = 0.2 2.5, DNI p = 1 2.2<br>" in page


@pytest.mark.parametrize(
    ("scale", "errors", "verdict"),
    [
        ("paper", [2.0, 2.1, 2.05], "reproduced"),
        ("paper", [2.4, 2.6, 2.45], "inconclusive"),
        ("paper", [3.0, 3.1, 3.05], "not reproduced"),
        ("quick", [2.0, 2.1, 2.05], "reproduced"),
        ("quick", [3.0, 3.1, 3.05], "not comparable"),  # on another schedule
    ],
)
def test_a_level_is_reached(small, make, scale, errors, verdict):
    fields = ("cdni", "both", 0.2)
    cells = [
        cell
        for cell in expand(small, scale, seeds=3)
        if (cell.rule, cell.decoupled, cell.p_update) == fields
    ]
    records = [make.network(cell, e) for cell, e in zip(cells, errors, strict=True)]
    selection = select(small, scale, records)
    (row,) = (row for row in claims(selection) if row.test.claim.kind == "reaches")
    assert row.values == tuple(errors)
    assert (row.test.margin, row.means, row.verdict) == (
        2.5,
        (pytest.approx(statistics.mean(errors)),),
        verdict,
    )
    less = scipy.stats.ttest_1samp(errors, 2.5, alternative="less").pvalue
    assert row.p == pytest.approx(less)  # the only row that is tested
    report = build(small, scale, records, ("md", "csv"))
    page = report.files[f"p_update-{scale}.md"].decode()
    assert f"mean {statistics.mean(errors):.2f}" in page
    assert "claimed \\< 2.5" in page
    assert ("a level that this scale misses" in page) == (verdict == "not comparable")
    line = next(
        r for r in rows_of(report, f"p_update-{scale}-claims.csv") if r["kind"] == "reaches"
    )
    assert (line["rule"], line["decoupled"], line["p_update"]) == ("cdni", "both", "0.2")
    assert (line["margin"], line["verdict"]) == ("2.5", verdict)


def test_a_level_of_other_data_is_not_tested(exhibit):
    kinds = [test.claim.kind for test in exhibit.claim_tests("demo")]
    assert kinds == ["below"] * 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level = ", "margin = ", r"claims\[1\]\.level is missing"),
        ('each = ["dataset"]', "each = []", r"claims\[1\]\.level is by dataset"),
        (
            'lines = "iteration"',
            'lines = "rule"',
            r"figures\[0\]\.lines of a population must be iteration",
        ),
    ],
)
def test_malformed_levels_and_populations(old, new, message):
    assert old in EXHIBIT
    with pytest.raises(UsageError, match=message):
        parse("p_update", EXHIBIT.replace(old, new, 1))


# --- sweeps of the exhibits beside it

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
rule = { bp_lambda = "BP(λ)", backprop = "bprop", cdni = "cDNI" }

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
    assert list(lambdas.data["row"].cat.categories) == ["BP(λ)"]
    line = panel(lambdas.data, "BP(λ)", "fcn", "21")
    assert line["x"].tolist() == [0, 0.5, 1]
    assert line["mean"].tolist() == pytest.approx([2.21, 2.26, 2.31])
    assert not lambdas.x_log
    assert panel(depths.data, "update decoupled", "fcn", "cDNI")["x"].tolist() == [21]
    assert panel(depths.data, "", "fcn", "cDNI")["x"].tolist() == [6, 11, 21]
    report = build(exhibit, "quick", records, ("md", "tex"))
    page = report.files["sweeps-quick.md"].decode()
    assert "| λ | decoupled | BP(λ)<br>depth 6 |" in page
    assert "| 0.5 | locked | 2.11" in page
    tex = report.files["sweeps-quick.tex"].decode()
    assert "BP($\\lambda$)" in tex
    assert tex.isascii()
