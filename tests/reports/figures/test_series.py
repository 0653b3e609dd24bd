"""The numbers that figures show."""

import io
import statistics
from dataclasses import replace
from types import SimpleNamespace

import matplotlib.image
import pytest
import scipy.stats
from sgbench.bench.registry import RULES
from sgbench.bench.source_files import ExternalFile
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reports.figures.drawing.render import render
from sgbench.reproductions.exhibits.custom import with_custom
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse
from sgbench.reproductions.exhibits.schema import CUSTOM
from sgbench.reproductions.exhibits.where import parse_where


@pytest.fixture(scope="module")
def table1():
    return load("table1")


def drawn(selection):
    """The drawings by the names of their figures."""
    return {drawing.name.split("-")[0]: drawing for drawing in series.drawings(selection)}


def labels(drawing, name):
    """The labels of rows, columns or lines, in the drawing's order."""
    return list(drawing.data[name].cat.categories)


def line_of(drawing, column, line, row=None):
    """The points of one line of one panel, x ascending."""
    data = drawing.data
    mine = data[(data["column"] == column) & (data["line"] == line)]
    return mine if row is None else mine[mine["row"] == row]


def fcn(cell):
    return cell.network == "fcn" and cell.dataset in ("digits", "mnist")


def test_curves_by_depth_with_a_panel_a_rule(table1, make):
    records = make.grid(table1, "demo", fcn)
    found = drawn(select(table1, "demo", records))
    curves, cosines = found["curves"], found["cosines"]
    assert (curves.name, cosines.name) == ("curves-digits-fcn", "cosines-digits-fcn")
    assert labels(curves, "column") == ["no-bprop", "top only", "bprop", "DNI", "cDNI"]
    assert labels(curves, "line") == ["3", "4", "5", "6"]
    assert curves.marks == (240.0, 320.0)
    mine = [r for r in records if (r.rule, r.depth, r.sg_layers) == ("dni", 5, 2)]
    line = line_of(curves, "DNI", "5")
    assert line["x"].tolist() == list(range(50, 401, 50))
    mine = {r.seed: [point["error"] for point in r.curve] for r in mine}
    means = [statistics.mean(errors) for errors in zip(*mine.values(), strict=True)]
    assert line["mean"].tolist() == pytest.approx(means)
    assert line["low"].isna().all()  # of three seeds
    seeds = curves.seeds[(curves.seeds["column"] == "DNI") & (curves.seeds["line"] == "5")]
    assert {n: some["y"].tolist() for n, some in seeds.groupby("seed")} == mine
    assert line["paper"].dropna().tolist() == []
    assert "quick" not in " ".join(curves.notes)
    assert any("400 iterations" in n and "500,000 iterations" in n for n in curves.notes)


def test_cosines_by_layer_with_the_fixed_model(table1, make):
    records = make.grid(table1, "demo", fcn)
    cosines = drawn(select(table1, "demo", records))["cosines"]
    assert labels(cosines, "row") == ["DNI", "cDNI"]
    columns = [f"{depth} layers" for depth in (3, 4, 5, 6)]
    assert labels(cosines, "column") == columns
    dni = cosines.data[cosines.data["row"] == "DNI"]
    counts = dni.groupby("column", observed=True)["line"].nunique()
    assert counts.loc[columns].tolist() == [2, 3, 4, 5]
    mine = [r for r in records if (r.rule, r.depth, r.sg_layers) == ("cdni", 4, 0)]
    line = line_of(cosines, "4 layers", "3", "cDNI")
    last = statistics.mean(record.curve[-1]["sg_cosine"][2] for record in mine)
    assert line["mean"].iloc[-1] == pytest.approx(last)
    assert not cosines.y_log


def test_the_table_as_a_figure_has_the_papers_numbers_at_every_scale(table1, make):
    records = make.grid(table1, "quick", lambda c: c.dataset == "mnist")
    depths = drawn(select(table1, "quick", records))["depths"]
    assert labels(depths, "column") == ["FCN", "CNN"]
    assert labels(depths, "line") == ["no-bprop", "top only", "bprop", "DNI", "cDNI"]
    line = line_of(depths, "FCN", "DNI")
    assert line["paper"].tolist() == [1.9, 2.2, 3.4, 4.3]
    assert "its own protocol" in depths.paper_label
    dni = [r for r in records if (r.network, r.rule, r.sg_layers) == ("fcn", "dni", 2)]
    for depth, mean in zip(line["x"], line["mean"], strict=True):
        assert mean == pytest.approx(statistics.mean(r.test_error for r in dni if r.depth == depth))
    assert "2 (DNI), 0 (cDNI FCN), 2 (cDNI CNN)" in depths.notes[0]


def test_the_loss_of_each_layers_model(table1, make):
    records = make.grid(table1, "demo", fcn)
    losses = drawn(select(table1, "demo", records))["losses"]
    assert labels(losses, "row") == ["DNI", "cDNI"]
    mine = [r for r in records if (r.rule, r.depth, r.sg_layers) == ("dni", 6, 2)]
    line = line_of(losses, "6 layers", "4", "DNI")
    last = statistics.mean(record.curve[-1]["sg_loss"][3] for record in mine)
    assert line["mean"].iloc[-1] == pytest.approx(last)
    assert losses.y_log


def test_what_is_undefined_or_lost_makes_no_point(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.rule == "cdni" and c.depth == 3)
    for record in records:
        record.curve[0]["sg_cosine"] = [None, 0.5]
    records[0] = replace(records[0], status="diverged")
    found = drawn(select(table1, "demo", records))
    curves, cosines = found["curves"], found["cosines"]
    low, high = (line_of(cosines, "3 layers", layer, "cDNI") for layer in ("1", "2"))
    assert (low["x"].iloc[0], high["x"].iloc[0]) == (100, 50)
    assert high["mean"].iloc[0] == 0.5
    assert labels(curves, "column") == ["cDNI"]
    assert any("diverged or failed: 1." in note for note in curves.notes)


def test_five_seeds_have_an_interval(table1, make):
    scales = {**table1.scales, "demo": replace(table1.scales["demo"], seeds=5)}
    table1 = replace(table1, scales=scales)
    cells = [c for c in expand(table1, "demo") if fcn(c) and c.rule == "backprop"]
    records = [make.record(cell) for cell in cells]
    found = drawn(select(table1, "demo", records))
    line = line_of(found["depths"], "FCN", "bprop")
    assert found["curves"].seeds.empty
    assert found["depths"].seeds.empty
    for x, mean, low, high in line[["x", "mean", "low", "high"]].itertuples(index=False):
        errors = [r.test_error for r in records if r.depth == x]
        half = scipy.stats.t.ppf(0.975, 4) * statistics.stdev(errors) / 5**0.5
        assert (low, high) == pytest.approx((mean - half, mean + half))


@pytest.mark.parametrize(("name", "expected"), [("a", {6, 5.6}), ("b", {31, 65, 33})])
def test_the_papers_numbers_end_curves_of_every_scale(two_networks, make, name, expected):
    records = make.grid(two_networks, "quick")
    drawing = drawn(select(two_networks, "quick", records))[name]
    paper = drawing.data.dropna(subset="paper")
    assert set(paper["paper"]) == expected
    assert set(paper["x"]) == {drawing.data["x"].max()}
    assert "its own protocol" in drawing.paper_label


def test_the_legend_has_what_was_run_alone(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.rule != "dni" and c.depth != 5)
    found = drawn(select(table1, "demo", records))
    assert labels(found["depths"], "line") == ["no-bprop", "top only", "bprop", "cDNI"]
    assert labels(found["curves"], "line") == ["3", "4", "6"]
    assert labels(found["rules"], "column") == ["3 layers", "4 layers", "6 layers"]


def test_long_curves_are_thinned_to_their_end(table1, make):
    records = make.grid(table1, "paper", lambda c: fcn(c) and c.rule == "backprop")
    curves = drawn(select(table1, "paper", records))["curves"]
    line = line_of(curves, "bprop", "3")
    assert len(line) == 50
    assert line["x"].iloc[-1] == 500_000
    papers = [line_of(curves, "bprop", depth)["paper"].dropna().tolist() for depth in ("3", "4")]
    assert papers == [[2.0], [1.8]]


def test_one_seed_has_no_interval(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.seed == 1)
    curves = drawn(select(table1, "demo", records))["curves"]
    assert curves.data["low"].isna().all()
    assert curves.data["high"].isna().all()
    assert "One seed" in curves.notes[0]


def test_a_sweep_has_the_declared_seeds_that_its_table_counts(table1, make):
    cells = [c for c in expand(table1, "demo", seeds=5) if fcn(c) and c.rule == "backprop"]
    records = [make.record(cell, 9.0 if cell.seed > 2 else 2.0 + cell.seed) for cell in cells]
    found = drawn(select(table1, "demo", records))
    assert found["depths"].data["mean"].tolist() == [3.0] * 4  # of 2, 3 and 4 %


def test_a_sweep_has_a_line_a_model(make):
    exhibit = load("sg_scale")
    records = make.grid(exhibit, "demo")
    (sweep,) = series.drawings(select(exhibit, "demo", records))
    assert labels(sweep, "column") == ["DNI", "cDNI"]
    assert sweep.x_log
    assert sweep.bars
    assert sweep.marks == pytest.approx((records[0].learning_rate / 3e-5,))
    line = line_of(sweep, "cDNI", "1")
    mine = [r for r in records if (r.rule, r.sg_layers) == ("cdni", 1)]
    assert line["x"].tolist() == sorted({r.sg_scale for r in mine})
    for x, mean in zip(line["x"], line["mean"], strict=True):
        assert mean == pytest.approx(
            statistics.mean(r.validation_error for r in mine if r.sg_scale == x)
        )


def test_without_records_there_is_no_figure(table1):
    assert series.drawings(select(table1, "demo", [])) == []


@pytest.mark.parametrize("name", ["p_update", "deep", "bp_lambda", "two_networks"])
def test_nothing_in_a_figure_is_cut_off_at_its_edges(name, make):
    exhibit = load(name)
    selection = select(exhibit, "demo", make.grid(exhibit, "demo", lambda cell: cell.seed == 0))
    made = series.drawings(selection)
    assert made
    for drawing in made:
        content = render(drawing, ["png"])["png"]
        pixels = matplotlib.image.imread(io.BytesIO(content), format="png")[..., :3]
        for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
            assert edge.min() == 1.0, drawing.name
        between = pixels[160:-220, 46:50]  # y's label and the numbers along the axis
        assert between.min() == 1.0, drawing.name


def test_small_cosines_keep_their_numbers_short(make):
    exhibit = load("two_networks")
    records = make.grid(exhibit, "demo", lambda cell: cell.rule == "dni")
    small = [
        replace(r, curve=[{**point, "sg_cosine": [0.03]} for point in r.curve]) for r in records
    ]
    drawing = drawn(select(exhibit, "demo", small))["cosines"]
    content = render(drawing, ["png"])["png"]
    pixels = matplotlib.image.imread(io.BytesIO(content), format="png")[..., :3]
    assert pixels[160:-220, 46:50].min() == 1.0
    assert drawing.x_label == "time steps of data"


def test_lines_by_p_update_are_of_what_was_measured(make):
    exhibit = load("p_update")
    some = (0.2, 0.4, 0.6, 0.8)
    records = make.grid(exhibit, "demo", lambda cell: cell.p_update in some)
    drawing = drawn(select(exhibit, "demo", records))["cosines"]
    assert labels(drawing, "line") == ["0.2", "0.4", "0.6", "0.8"]
    assert not any("are shown" in note for note in drawing.notes)


OWN_RULE = """
from sgbench.bench.contract import Hyperparameter, Rule

RULE = Rule(
    name="mine",
    label="my rule",
    sentence="nothing is learnt",
    color="#0173b2",
    families=("feedforward",),
    version=1,
    source="made up",
    hyperparameters=(Hyperparameter(name="gain", doc="made up", default=1.0, min=0, symbol="g"),),
)


def step(network, x, labels):
    pass
"""
OWN_EXHIBIT = """
title = "My rule"
source = "made up"

[protocol]
split = "test"
batch_size = 64
drops = []
drop_factor = 0.1
precision = "float32"
hidden_units = 64
learning_rate = 1e-3
iterations = 100
evaluate_every = 50

[[grid]]
network = ["fcn"]
depth = [3, 4]
rule = ["backprop"]

[[grid]]
network = ["fcn"]
depth = [3, 4]
rule = ["mine"]
gain = [0.5, 2, 100]

[scales.demo]
description = "digits"
seeds = 2
axes = { dataset = ["digits"] }

[[figures]]
name = "overlay"
kind = "curves"
title = "Test error of each rule"
source = "made up"
x = "iteration"
y = "error"
panels = "dataset"
lines = "rule"

[[figures]]
name = "gains"
kind = "sweep"
title = "Test error by gain"
source = "made up"
x = "gain"
y = "test_error"
panels = "network"
lines = "depth"
"""


@pytest.fixture
def own():
    """A rule of one's own, of backprop's colour, and an exhibit that compares both."""
    RULES.add(ExternalFile("rule", "mine", "mine.py", OWN_RULE))
    yield parse("mine", OWN_EXHIBIT)
    RULES.remove("mine")


def test_a_rule_of_ones_own_is_drawn_beside_the_papers(own, make):
    cells = expand(own, "demo")
    records = [
        make.record(c, 2.0 + c.depth + (c.value("gain") or 0), exhibit="mine") for c in cells
    ]
    found = {d.name: d for d in series.drawings(select(own, "demo", records))}
    assert list(found) == ["overlay-fcn-3", "overlay-fcn-4", "gains-digits"]
    overlay = found["overlay-fcn-3"]
    assert labels(overlay, "line") == [
        "bprop", "my rule gain=0.5", "my rule gain=2.0", "my rule gain=100.0"
    ]  # fmt: skip
    assert overlay.colors == {"backprop": "#0173b2", "mine": "#0173b2"}
    assert overlay.title == "fcn depth=3: test error of each rule"
    gains = found["gains-digits"]
    assert gains.x_label == "g"
    assert gains.x_log  # from 0.5 to 100
    line = line_of(gains, "fcn", "3", "my rule")
    assert line["x"].tolist() == [0.5, 2, 100]
    assert line["mean"].tolist() == [5.5, 7.0, 105.0]
    assert render(overlay, ["svg"])["svg"]


def test_a_rule_that_takes_anothers_label_is_told_by_its_name(make):
    RULES.add(ExternalFile("rule", "mine", "mine.py", OWN_RULE.replace("my rule", "bprop")))
    try:
        exhibit = parse("mine", OWN_EXHIBIT)
        records = [make.record(cell, 2.0, exhibit="mine") for cell in expand(exhibit, "demo")]
        (overlay, *_) = series.drawings(select(exhibit, "demo", records))
    finally:
        RULES.remove("mine")
    assert labels(overlay, "line")[:2] == ["bprop", "bprop (mine) gain=0.5"]


def test_cells_that_were_changed_by_hand_have_lines_of_their_own(table1, make):
    where = parse_where(["network=fcn,depth=4,rule=backprop"])
    records = [
        make.record(cell, scale=CUSTOM)
        for changes in ({"learning_rate": 0.01}, {"learning_rate": 0.1})
        for cell in expand(table1, "demo", changes, seeds=1, where=where)
    ]
    exhibit = with_custom(table1, records)
    curves = drawn(select(exhibit, CUSTOM, records))["curves"]
    assert labels(curves, "line") == ["4 learning_rate=0.01", "4 learning_rate=0.1"]


def test_the_ladder_has_a_line_for_each_step_and_a_panel_for_each_budget(make):
    exhibit = load("beyond")
    error = {"backprop": 1.0, "deep_supervision": 2.0, "local_pred": 4.0}
    cells = [c for c in expand(exhibit, "demo") if c.rule in error and c.network == "fcn"]
    records = [make.record(c, error[c.rule] + (c.value("top_weight") is not None)) for c in cells]
    ladder = drawn(select(exhibit, "demo", records))["ladder"]
    names = ["bprop", "deep supervision", "deep supervision heads alone", "local pred"]
    assert labels(ladder, "line") == names
    assert labels(ladder, "column") == ["equal passes", "own convergence"]
    for column, depths in (("equal passes", [3, 4, 5, 6]), ("own convergence", [4, 6])):
        for mean, line in enumerate(names, 1):
            mine = line_of(ladder, column, line)
            assert mine["x"].tolist() == depths
            assert mine["mean"].tolist() == pytest.approx([mean] * len(depths))


def test_a_budget_each_has_its_own_curves(make):
    exhibit = load("beyond")
    cells = [c for c in expand(exhibit, "demo") if c.network == "fcn" and c.rule == "backprop"]
    found = series.drawings(select(exhibit, "demo", [make.record(c, 2.0) for c in cells]))
    some = {d.name: d.title for d in found if d.name.startswith("passes")}
    assert list(some) == ["passes-digits-fcn-equal-passes", "passes-digits-fcn-own-convergence"]
    own = "digits FCN, own convergence: validation error against passes over the data"
    assert some["passes-digits-fcn-own-convergence"] == own
    labels_of = {d.name: d.y_label for d in found}
    assert labels_of["passes-digits-fcn-own-convergence"] == "validation error (%)"
    assert labels_of["passes-digits-fcn-equal-passes"] == "test error (%)"
    assert {d.y_label for d in found if d.name.startswith("backward")} == {"test error (%)"}


def test_a_path_is_no_part_of_a_files_name(table2):
    selection = SimpleNamespace(exhibit=table2)
    names = [
        series._slug(selection, "corpus", SimpleNamespace(value=lambda _, path=path: path))
        for path in ("../../c1.txt", "../c1.txt", "/home/me/a novel.txt", "novel.txt")
    ]
    assert len(set(names)) == 4
    assert names[3] == "novel.txt"
    assert not any("/" in name or name.startswith(".") for name in names)
