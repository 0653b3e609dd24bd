import dataclasses
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.cell import canonical_json
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibit import derived_sg_scale, expand, load, names
from sgbench.reproductions.reading import parse
from sgbench.reproductions.select import parse_where

TABLE1 = load("table1")
TABLE2 = load("table2")
SWEEP = load("sg_scale")
SMALL = """
title = "A small exhibit"
source = "nowhere"

[protocol]
split = "test"
precision = "float32"
batch_size = 8
iterations = 10
learning_rate = 3e-4
drops = []
drop_factor = 1
evaluate_every = 5

[[overrides]]
when = { network = "fcn" }
protocol = { hidden_units = 4 }

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3, 4]
rule = ["backprop"]

[scales.demo]
description = "tiny"
seeds = 2
"""


def place(values):
    names = ("dataset", "network", "depth", "T", "rule", "sg_layers")
    return {name: values[name] for name in names}


# The paper's table, written here once more: rows as printed, no_bprop, bprop, DNI, cDNI.
PRINTED = {
    ("mnist", "fcn", 3): (9.3, 2.0, 1.9, 2.2),
    ("mnist", "fcn", 4): (12.6, 1.8, 2.2, 1.9),
    ("mnist", "fcn", 5): (16.2, 1.8, 3.4, 1.7),
    ("mnist", "fcn", 6): (21.4, 1.8, 4.3, 1.6),
    ("mnist", "cnn", 3): (0.9, 0.8, 0.9, 1.0),
    ("mnist", "cnn", 4): (2.8, 0.6, 0.7, 0.8),
    ("cifar10", "fcn", 3): (54.9, 43.5, 42.5, 48.5),
    ("cifar10", "fcn", 4): (57.2, 43.0, 45.0, 45.1),
    ("cifar10", "fcn", 5): (59.6, 41.7, 46.9, 43.5),
    ("cifar10", "fcn", 6): (61.9, 42.0, 49.7, 46.8),
    ("cifar10", "cnn", 3): (28.7, 17.9, 19.5, 19.0),
    ("cifar10", "cnn", 4): (38.1, 15.7, 19.5, 16.4),
}


# Table 2, the same: by T, BPTT, DNI, DNI+Aux; beyond T = 8 the paper has BPTT alone.
PRINTED_RECURRENT = {
    ("copy", 2): (7, 16, 16),
    ("copy", 3): (8, 14, 17),
    ("copy", 4): (10, 18, 19),
    ("copy", 5): (8, 18, 18),
    ("repeat_copy", 2): (7, 39, 39),
    ("repeat_copy", 3): (5, 33, 59),
    ("repeat_copy", 4): (19, 39, 67),
    ("repeat_copy", 5): (23, 59, 59),
    ("ptb", 2): (1.39, 1.37, 1.37),
    ("ptb", 3): (1.38, 1.36, 1.36),
    ("ptb", 4): (1.37, 1.35, 1.35),
    ("ptb", 5): (1.37, 1.35, 1.35),
    ("ptb", 8): (1.35, 1.34, 1.33),
    ("ptb", 20): (1.35,),
    ("ptb", 40): (1.34,),
}


def test_the_papers_numbers():
    for (dataset, network, depth), values in PRINTED.items():
        for rule, value in zip(("no_bprop", "backprop", "dni", "cdni"), values, strict=True):
            number = TABLE1.numbers[dataset, network, depth, None, rule, None]
            assert (number.value, number.grade) == (value, "T")
    assert len(TABLE1.numbers) == 4 * len(PRINTED)


def test_the_papers_numbers_of_recurrent_networks():
    for (dataset, T), values in PRINTED_RECURRENT.items():
        for rule, value in zip(("bptt", "dni", "dni_aux"), values, strict=False):
            number = TABLE2.numbers[dataset, "lstm", None, T, rule, None]
            assert (number.value, number.grade) == (value, "T")
    assert len(TABLE2.numbers) == sum(map(len, PRINTED_RECURRENT.values()))


def test_the_papers_numbers_of_two_networks():
    printed = {
        "end_to_end": (6, 31),
        "no_feedback": (5.6, 65),
        "dni": (5.6, 33),
    }
    pair = load("two_networks")
    for cell in expand(pair, "paper", seeds=1):
        numbers = [pair.number(cell, result) for result in ("error_a", "error_b")]
        assert [(n.value, n.grade) for n in numbers] == [(v, "F") for v in printed[cell.rule]]
        assert pair.number(cell) is None
        assert pair.margin(cell.dataset, cell.rule) == 1.0  # the stated reading error
    assert len(pair.numbers) == 6


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
def test_a_cell_finds_its_number_by_its_place(exhibit):
    found = {}
    for cell in expand(exhibit, "paper", seeds=1):
        at = (cell.dataset, cell.network, cell.depth, cell.T, cell.rule, None)
        found[at] = exhibit.number(cell)
    assert found == exhibit.numbers
    assert not any(map(exhibit.number, expand(TABLE1, "demo", seeds=1)))


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
def test_every_number_has_a_cell_at_paper_scale_with_the_fixed_model(exhibit):
    cells = {canonical_json(place(cell.to_dict())) for cell in expand(exhibit, "paper")}
    for dataset, network, depth, T, rule, _ in exhibit.numbers:
        layers = exhibit.fixed_layers(dataset, network, rule)
        assert (layers is None) == (rule in {"no_bprop", "backprop", "bptt"})
        wanted = {"dataset": dataset, "network": network, "depth": depth, "T": T, "rule": rule}
        assert canonical_json({**wanted, "sg_layers": layers}) in cells


def test_fixed_models_and_margins():
    fixed = TABLE1.fixed_layers
    assert [fixed("mnist", "fcn", rule) for rule in ("dni", "cdni")] == [2, 0]
    assert [fixed("cifar10", "fcn", rule) for rule in ("dni", "cdni")] == [1, 1]
    assert [fixed("digits", "fcn", rule) for rule in ("dni", "cdni")] == [2, 0]
    assert {fixed(d, "cnn", r) for d in ("mnist", "cifar10") for r in ("dni", "cdni")} == {2}
    assert TABLE1.margin("mnist", "dni") == 0.3
    assert TABLE1.margin("mnist", "no_bprop") == 1.0
    assert TABLE1.margin("cifar10", "cdni") == 1.5
    assert TABLE1.margin("cifar10", "no_bprop") == 2.0
    assert TABLE1.margin("digits", "dni") is None


def test_the_grid_of_table1():
    per_dataset = (4 + 2) * (2 + 2 * 3)  # (network, depth) x (rules without M, with M x sg_layers)
    for scale, datasets in (
        ("demo", ("digits",)),
        ("quick", ("mnist", "cifar10")),
        ("paper", ("mnist", "cifar10")),
    ):
        cells = expand(TABLE1, scale)
        assert TABLE1.scale(scale).datasets == datasets
        seeds = TABLE1.scale(scale).seeds
        assert seeds >= 3
        assert len(cells) == per_dataset * len(datasets) * seeds
        assert {c.depth for c in cells if c.network == "fcn"} == {3, 4, 5, 6}
        assert {c.depth for c in cells if c.network == "cnn"} == {3, 4}
        with_model = Counter(c.sg_layers for c in cells if c.rule in {"dni", "cdni"})
        assert with_model == dict.fromkeys((0, 1, 2), len(datasets) * 6 * 2 * seeds)


def test_the_papers_protocol():
    for cell in expand(TABLE1, "paper"):
        assert (cell.iterations, cell.batch_size, cell.learning_rate) == (500_000, 256, 3e-5)
        assert [round(d * cell.iterations) for d in cell.drops] == [300_000, 400_000]
        assert cell.drop_factor == 0.1
        assert cell.split == "test"
        assert cell.hidden_units == (
            {"mnist": 256, "cifar10": 1000}[cell.dataset] if cell.network == "fcn" else None
        )
        if cell.network == "cnn":
            assert cell.filters == {"mnist": 64, "cifar10": 128}[cell.dataset]
            assert cell.kernel_size == 5
        if cell.sg_layers is not None:
            assert cell.sg_scale == 1.0
        if cell.sg_layers:
            width = {"mnist": 1024, "cifar10": 4000}[cell.dataset]
            assert cell.sg_units == (width if cell.network == "fcn" else cell.filters)


def test_the_sweep():
    for scale in SWEEP.scales:
        cells = expand(SWEEP, scale)
        assert {c.split for c in cells} == {"validation"}
        assert {(c.network, c.depth) for c in cells} == {("fcn", 4)}
        assert {c.rule for c in cells} == {"dni", "cdni"}
        assert {c.sg_layers for c in cells} == {0, 1, 2}
        scales = SWEEP.scale(scale).values("sg_scale")
        assert len(cells) == len(scales) * 6 * SWEEP.scale(scale).seeds
    assert SWEEP.scale("quick").values("sg_scale") == (
        *(0.1, 1.0, 10.0, 33.333333333333336, 100.0, 1000.0, 10000.0),
    )
    assert "not in the paper" in SWEEP.title
    assert not SWEEP.numbers
    assert not SWEEP.claims


@pytest.mark.parametrize("name", names())
def test_every_exhibit_expands_at_its_three_scales_to_distinct_cells(name):
    exhibit = load(name)
    assert set(exhibit.scales) == {"demo", "quick", "paper"}
    for scale in exhibit.scales:
        cells = expand(exhibit, scale)
        assert len({cell.id("d") for cell in cells}) == len(cells)
        assert expand(load(name), scale) == cells
    demo = exhibit.scale("demo").datasets
    others = {
        "table2": ("copy", "repeat_copy", "descriptions"),
        "two_networks": ("counting_digits",),
    }
    assert demo == others.get(name, ("digits",))


def test_the_grid_of_table2():
    short, long = (2, 3, 4, 5), (2, 3, 4, 5, 8)
    wanted = {
        (dataset, rule): short
        for dataset in ("copy", "repeat_copy")
        for rule in ("bptt", "dni", "dni_aux")
    }
    wanted |= {("ptb", rule): long for rule in ("dni", "dni_aux")}
    wanted["ptb", "bptt"] = (*long, 20, 40)
    demo = {
        (dataset, rule): (2, 4, 8)
        for dataset in ("copy", "repeat_copy", "descriptions")
        for rule in ("bptt", "dni", "dni_aux")
    }
    for scale, grid in (("demo", demo), ("quick", wanted), ("paper", wanted)):
        found = {}
        for cell in expand(TABLE2, scale, seeds=1):
            found.setdefault((cell.dataset, cell.rule), []).append(cell.T)
            assert cell.sg_layers == (None if cell.rule == "bptt" else 1)
        assert {key: tuple(found[key]) for key in found} == grid


def test_the_papers_protocol_of_recurrent_networks():
    for cell in expand(TABLE2, "paper"):
        text, model = cell.dataset == "ptb", cell.rule != "bptt"
        assert (cell.batch_size, cell.learning_rate, cell.drops) == (256, 7e-5, ())
        assert cell.hidden_units == (1024 if text else 256)
        assert cell.sg_units == (cell.hidden_units if model else None)
        assert (cell.sg_scale, cell.sg_factor) == ((256.0, 0.1) if model else (None, None))
        assert cell.solve_bits == (None if text else 0.15)
        assert (cell.split, cell.patience) == (("test", 1) if text else (None, None))


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_every_scale_of_recurrent_networks_keeps_the_ratio_of_rate_and_sg_scale(scale):
    for cell in expand(TABLE2, scale, seeds=1):
        if cell.sg_scale is not None:
            ratio = cell.sg_scale / cell.batch_size / (cell.learning_rate / 7e-5)
            assert ratio == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_the_protocol_of_two_networks(scale):
    cells = expand(load("two_networks"), scale)
    assert {cell.rule for cell in cells} == {"end_to_end", "no_feedback", "dni"}
    for cell in cells:
        assert (cell.T, cell.split, cell.drops) == (4, "test", ())
        if cell.rule == "dni":
            assert (cell.sg_layers, cell.sg_factor) == (1, 10.0)
            assert cell.sg_units == cell.hidden_units
            assert cell.sg_scale == pytest.approx(cell.learning_rate / 1e-5)
        if scale != "demo":
            assert (cell.dataset, cell.hidden_units) == ("counting", 256)
        if scale == "paper":
            assert (cell.learning_rate, cell.batch_size) == (1e-5, 256)


def test_seeds_are_innermost_and_counted_from_zero():
    cells = expand(TABLE1, "demo", seeds=4)
    assert [cell.seed for cell in cells[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]
    for start in range(0, len(cells), 4):
        assert len({dataclasses.replace(c, seed=0) for c in cells[start : start + 4]}) == 1
    assert expand(TABLE1, "demo", seeds=1) == [c for c in cells if c.seed == 0]


@pytest.mark.parametrize("seeds", [0, -1])
def test_seeds_below_one_are_refused(seeds):
    with pytest.raises(UsageError, match=f"--seeds {seeds} must be at least 1"):
        expand(TABLE1, "demo", seeds=seeds)


def test_more_seeds_than_memory_holds_are_refused_before_they_are_listed():
    with pytest.raises(UsageError, match="--seeds 100000000000 must be at most 1000"):
        expand(TABLE1, "demo", seeds=10**11)


def test_expansion_is_the_same_in_every_process_and_needs_no_torch():
    code = (
        "import sys; from sgbench.reproductions.exhibit import expand, load;"
        "print(*(cell.key for cell in expand(load('table1'), 'demo')),"
        " 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    keys = [cell.key for cell in expand(TABLE1, "demo")]
    for seed in ("0", "77"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == [*keys, "False", "False"]


@pytest.mark.parametrize(
    ("rate", "scale"),
    [(3e-5, 1.0), (3e-4, 10.0), (3e-3, 100.0), (1e-3, 33.333333333333336), (6e-6, 0.2)],
)
def test_sg_scale_follows_the_learning_rate(rate, scale):
    assert derived_sg_scale(rate) == scale
    cells = expand(TABLE1, "paper", {"learning_rate": rate}, seeds=1)
    assert {cell.learning_rate for cell in cells} == {rate}
    assert {c.sg_scale for c in cells} == {None, scale}
    assert {c.sg_scale for c in expand(TABLE1, "paper", {"sg_scale": 7}, seeds=1)} == {None, 7.0}


def test_a_set_changes_only_the_cells_it_applies_to():
    plain, changed = expand(TABLE1, "demo"), expand(TABLE1, "demo", {"filters": 5})
    assert len(plain) == len(changed)
    for before, after in zip(plain, changed, strict=True):
        filters = 5 if before.network == "cnn" else None
        assert after == dataclasses.replace(before, filters=filters)


@settings(max_examples=20, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "iterations": st.integers(1, 10**6),
            "batch_size": st.integers(2, 512),
            "sg_units": st.integers(1, 64),
            "drops": st.lists(st.floats(0, 1), max_size=3).map(sorted),
            "split": st.sampled_from(["test", "validation"]),
        },
    )
)
def test_sets_are_in_every_cell_that_has_the_field(sets):
    plain, changed = expand(TABLE1, "demo", seeds=1), expand(TABLE1, "demo", sets, seeds=1)
    assert [place(cell.to_dict()) for cell in plain] == [place(c.to_dict()) for c in changed]
    for before, after in zip(plain, changed, strict=True):
        for field, value in before.to_dict().items():
            expected = sets[field] if field in sets and value is not None else value
            assert after.to_dict()[field] == expected
    assert len({cell.key for cell in changed}) == len(changed)


@pytest.mark.parametrize(
    ("exhibit", "sets", "message"),
    [
        (TABLE1, {"rule": "dni"}, "--set rule: .* varies it; .* --where rule=no_bprop"),
        (TABLE1, {"depth": 4}, "--where depth=3"),
        (TABLE1, {"sg_layers": 2}, "--where sg_layers=0"),
        (SWEEP, {"sg_scale": 2.0}, "--where sg_scale=1.0"),
        (SWEEP, {"filters": 8}, "--set filters applies to no cell of sg_scale at scale demo"),
        (SWEEP, {"network": "cnn"}, "--set network=cnn with sg_scale at scale demo: filters is"),
        (SWEEP, {"network": "cnn"}, r"filters is needed .* \(--set FIELD=VALUE gives a field"),
        (TABLE1, {"seed": 1}, "--seeds"),
        (TABLE1, {"kernel_size": 4}, "must be odd"),
        (TABLE1, {"iteration": 4}, "did you mean 'iterations'"),
        (TABLE1, {"iterations": "many"}, "must be an integer"),
        (TABLE1, {"sg_units": None}, "sg_units is needed"),
    ],
)
def test_a_set_that_cannot_be_is_refused(exhibit, sets, message):
    with pytest.raises(UsageError, match=message):
        expand(exhibit, "demo", sets)


def test_a_set_may_change_an_axis_that_has_one_value():
    assert {cell.depth for cell in expand(SWEEP, "demo", {"depth": 5})} == {5}
    mnist = expand(SWEEP, "demo", {"dataset": "mnist"})
    assert {(cell.dataset, cell.hidden_units) for cell in mnist} == {("mnist", 256)}


def test_unknown_exhibits_and_scales_are_told_with_the_nearest():
    with pytest.raises(UsageError, match="unknown exhibit 'tabel1'; did you mean 'table1'"):
        load("tabel1")
    with pytest.raises(UsageError, match="unknown exhibit"):
        load("../table1")
    with pytest.raises(UsageError, match="unknown scale 'quik' of table1; did you mean 'quick'"):
        expand(TABLE1, "quik")


def test_labels_and_layout():
    assert TABLE1.label("rule", "cdni") == "cDNI"
    assert TABLE1.label("dataset", "cifar10") == "CIFAR-10"
    assert TABLE1.label("depth", 3) == "3"
    assert TABLE1.layout.rows == ("network", "depth")
    assert TABLE1.layout.columns == ("dataset", "rule")
    assert TABLE2.layout.rows == ("dataset",)
    assert TABLE2.layout.columns == ("rule", "T")
    for exhibit, field in itertools.product((TABLE1, TABLE2), ("dataset", "network", "rule")):
        used = {value for scale in exhibit.scales.values() for value in scale.values(field)}
        assert set(exhibit.labels[field]) == used


# --- claims


def claims_at(scale, name):
    return [test for test in TABLE1.claim_tests(scale) if test.claim.name == name]


def test_claims_are_written_out_for_the_places_of_the_scale():
    count = Counter(test.claim.name for test in TABLE1.claim_tests("paper"))
    assert count == {
        "cdni-beats-dni-deep": 2,
        "dni-grows": 2,
        "cdni-does-not-grow": 2,
        "no-bprop-grows": 4,
        "dni-at-most-no-bprop": 12,
    }
    assert {test.place["dataset"] for test in TABLE1.claim_tests("demo")} == {"digits"}
    assert SWEEP.claim_tests("quick") == []


def test_claims_select_the_fixed_model():
    deep = claims_at("quick", "cdni-beats-dni-deep")
    assert [test.place for test in deep] == [{"dataset": "mnist"}, {"dataset": "cifar10"}]
    mnist = {"dataset": "mnist", "network": "fcn", "depth": 6}
    assert deep[0].left == {**mnist, "rule": "cdni", "sg_layers": 0}
    assert deep[0].right == {**mnist, "rule": "dni", "sg_layers": 2}
    assert (deep[1].left["sg_layers"], deep[1].right["sg_layers"]) == (1, 1)
    assert deep[0].margin == 0.0
    trend = claims_at("quick", "cdni-does-not-grow")
    assert trend[0].left == {"dataset": "mnist", "network": "fcn", "rule": "cdni", "sg_layers": 0}
    assert trend[0].right is None
    assert trend[0].values == (3, 4, 5, 6)
    assert [test.margin for test in trend] == [0.1, 0.5]
    bound = claims_at("paper", "dni-at-most-no-bprop")
    assert {(t.place["dataset"], t.margin) for t in bound} == {("mnist", 0.3), ("cifar10", 1.5)}
    assert {t.right["sg_layers"] for t in bound} == {None}


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_each_side_of_a_claim_is_one_cell_a_seed(exhibit, scale):
    cells = [cell.to_dict() for cell in expand(exhibit, scale, seeds=2)]
    for test in exhibit.claim_tests(scale):
        for side in filter(None, (test.left, test.right)):
            found = [c for c in cells if all(c[k] == v for k, v in side.items())]
            points = [(c["seed"], c.get(test.claim.over)) for c in found]
            values = test.values or (None,)
            assert sorted(points) == sorted((n, v) for n in range(2) for v in values)


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
def test_the_papers_own_numbers_satisfy_its_claims(exhibit):
    cells = expand(exhibit, "paper", seeds=1)

    def error(side, **more):
        (cell,) = (c for c in cells if all(getattr(c, k) == v for k, v in {**side, **more}.items()))
        return exhibit.number(cell).value

    for test in exhibit.claim_tests("paper"):
        if test.right is not None:
            excess = error(test.left) - test.claim.factor * error(test.right) - test.margin
            # what the paper rounds may be equal to the margin
            assert (excess >= -1e-9) if test.claim.kind == "above" else (excess <= 1e-9), test
        else:
            errors = [error(test.left, depth=depth) for depth in test.values]
            middle = (len(errors) - 1) / 2
            slope = sum((n - middle) * e for n, e in enumerate(errors))
            slope /= sum((n - middle) ** 2 for n in range(len(errors)))
            assert (slope > test.margin) == (test.claim.kind == "grows")


def test_a_claim_is_left_out_where_the_grid_lacks_a_side():
    claim = """
    [[claims]]
    name = "a"
    text = "b"
    source = "c"
    kind = "below"
    each = ["depth"]
    left = { rule = "backprop" }
    right = { rule = "dni" }
    """
    assert parse("small", SMALL + claim).claim_tests("demo") == []
    mirrored = claim.replace('"dni"', '"backprop"')
    tests = parse("small", SMALL + mirrored).claim_tests("demo")
    assert [test.place for test in tests] == [{"depth": 3}, {"depth": 4}]


ABOVE = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "above"
each = ["dataset", "T"]
left = { rule = "dni" }
right = { rule = "bptt" }
factor = 2.5
margin = { copy = 1, ptb = 0.01 }
datasets = ["copy", "ptb"]
"""


def test_a_claim_may_be_of_some_datasets_and_multiply_its_right_side():
    scale, grid = SMALL.index("[scales.demo]"), SMALL.index("[[grid]]")
    block = """
    [[grid]]
    network = ["lstm"]
    dataset = ["copy", "repeat_copy", "ptb"]
    rule = ["bptt", "dni"]
    T = [2, 3]
    """
    found = parse("small", SMALL[:grid] + block + SMALL[scale:] + ABOVE)
    (claim,), tests = found.claims, found.claim_tests("demo")
    assert (claim.kind, claim.factor, claim.datasets) == ("above", 2.5, ("copy", "ptb"))
    places = [(name, T) for name in ("copy", "ptb") for T in (2, 3)]
    assert [(test.place["dataset"], test.place["T"]) for test in tests] == places
    assert [test.margin for test in tests] == [1.0, 1.0, 0.01, 0.01]
    assert {(test.left["rule"], test.right["rule"]) for test in tests} == {("dni", "bptt")}
    plain = parse("small", SMALL + ABOVE.replace("factor = 2.5\n", "").partition("datasets")[0])
    assert (plain.claims[0].factor, plain.claims[0].datasets) == (1.0, ())


# --- a scale's own grid

OWN = """
[scales.quick]
description = "its own grid"
seeds = 1

[[scales.quick.grid]]
dataset = ["mnist", "digits"]
network = ["fcn"]
depth = [5]
rule = ["backprop", "no_bprop"]
"""


def test_a_scale_may_have_a_grid_of_its_own_in_place_of_the_exhibits():
    found = parse("small", SMALL + OWN)
    places = [(c.dataset, c.depth, c.rule) for c in expand(found, "quick")]
    assert places == [
        *(("mnist", 5, "backprop"), ("mnist", 5, "no_bprop")),
        *(("digits", 5, "backprop"), ("digits", 5, "no_bprop")),
    ]
    assert found.scale("quick").datasets == ("mnist", "digits")
    assert {(c.dataset, c.depth) for c in expand(found, "demo")} == {("digits", 3), ("digits", 4)}
    assert {c.hidden_units for c in expand(found, "quick")} == {4}  # by the common overrides


def test_a_scales_axes_multiply_its_own_grid():
    axes = "seeds = 1\naxes = { iterations = [7, 8] }"
    found = parse("small", SMALL + OWN.replace("seeds = 1", axes))
    assert [c.iterations for c in expand(found, "quick")] == [7] * 4 + [8] * 4


# --- malformed files


def test_the_small_exhibit_is_well_formed():
    cells = expand(parse("small", SMALL), "demo")
    assert [(c.depth, c.seed, c.hidden_units) for c in cells] == [
        *((3, 0, 4), (3, 1, 4), (4, 0, 4), (4, 1, 4)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A small exhibit"', "title = ", "small.toml: not TOML"),
        ('title = "A small exhibit"', "title = 3", "small.toml: title must be a string, not 3"),
        ('title = "A small exhibit"', "", "small.toml: title is missing"),
        ('source = "nowhere"', 'sauce = "nowhere"', "small.toml: source is missing"),
        (
            'source = "nowhere"',
            'source = "n"\nclaim = []',
            "claim is unknown; did you mean",
        ),
        ("batch_size = 8", "batch = 8", r"protocol\.batch: unknown field 'batch'; did you"),
        (
            "batch_size = 8",
            "batch_size = 0",
            r"protocol\.batch_size: batch_size=0 must",
        ),
        ("batch_size = 8", "seed = 8", r"protocol\.seed is not set in a file"),
        ("learning_rate = 3e-4", "learning_rate = nan", r"protocol\.learning_rate: .* finite"),
        ("drops = []", "drops = 3", r"protocol\.drops: drops=3 must be a list"),
        ("iterations = 10", "", r"small\.toml: scales\.demo: a cell lacks iterations"),
        ("hidden_units = 4", "filters = 4", r"scales\.demo: hidden_units is needed"),
        ('when = { network = "fcn" }', "when = 3", r"overrides\[0\]\.when must be a table, not 3"),
        ('when = { network = "fcn" }', "", r"overrides\[0\]\.when is missing"),
        ('{ network = "fcn" }', '{ network = "x" }', r"overrides\[0\]\.when\.network: unknown net"),
        ('{ network = "fcn" }', "{ filters = 3 }", r"scales\.demo\.axes and the grid lack filters"),
        ("depth = [3, 4]", "", r"scales\.demo: depth is needed for rule=backprop, network=fcn"),
        ("depth = [3, 4]", "depth = 3", r"grid\[0\]\.depth must be a list, not 3"),
        ("depth = [3, 4]", "depth = []", r"grid\[0\]\.depth must have values, each once"),
        ("depth = [3, 4]", "depth = [3, 3]", r"grid\[0\]\.depth must have values, each once"),
        ("depth = [3, 4]", "depth = [0]", r"grid\[0\]\.depth: depth=0 must be between"),
        (
            "depth = [3, 4]",
            "depth = [3]\nsg_layers = [0]",
            r"sg_layers does not apply",
        ),
        ('rule = ["backprop"]', 'rule = ["bakprop"]', r"grid\[0\]\.rule: .*did you mean 'backprop"),
        ("[[grid]]", "[[gird]]", "grid must have a grid and scales"),
        ("[scales.demo]", "[scale.demo]", "scales is missing"),
        ("seeds = 2", "seeds = 0", r"scales\.demo\.seeds must be at least 1"),
        ("seeds = 2", "seeds = true", r"scales\.demo\.seeds must be an integer, not True"),
        ("seeds = 2", "seeds = 2.5", r"scales\.demo\.seeds must be an integer, not 2.5"),
        ("seeds = 2", "seeds = 2\nseed = 1", r"scales\.demo\.seed is unknown; did you mean 'seeds"),
    ],
)
def test_a_malformed_file_is_told_with_file_and_key(old, new, message):
    assert SMALL.count(old) == 1
    with pytest.raises(UsageError, match=message) as caught:
        expand(parse("small", SMALL.replace(old, new)), "demo")
    assert str(caught.value).startswith("small.toml: ")
    assert "\n" not in str(caught.value)


NUMBERS = """
[[numbers]]
dataset = "mnist"
network = "fcn"
grade = "T"
columns = ["depth", "dni"]
rows = [[3, 1.9], [4, 2]]
"""
FIXED = """
[[fixed]]
dataset = "mnist"
network = "fcn"
grade = "P"
sg_layers = { dni = 2 }
"""
MARGINS = """
[margins.mnist]
points = 0.3
rules = { dni = 1 }
"""
CLAIM = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "grows"
each = ["dataset"]
left = { rule = "dni" }
over = "depth"
margin = { mnist = 1 }
"""
FIGURE = """
[[figures]]
name = "a"
kind = "sweep"
title = "b"
source = "c"
x = "d"
y = "e"
panels = "f"
lines = "g"
"""
LAYOUT = """
[layout]
rows = ["depth"]
columns = ["rule"]
[labels]
rule = { dni = "DNI" }
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (OWN, 'rule = ["backprop", "no_bprop"]', "", r"scales\.quick\.axes and the grid lack rule"),
        (OWN, "[5]", "[]", r"scales\.quick\.grid\[0\]\.depth must have values, each once"),
        (OWN, "network", "netwrk", r"scales\.quick\.grid\[0\]\.netwrk: unknown field 'netwrk'"),
        (OWN, "[[scales.quick.grid]]", "[[scales.quick.gird]]", r"scales\.quick\.gird is unknown"),
        (ABOVE, "right =", "rigth =", r"claims\[0\]\.right is missing"),
        (ABOVE, "2.5", "'2.5'", r"claims\[0\]\.factor must be a number"),
        (ABOVE, '["copy", "ptb"]', '["copi"]', r"claims\[0\]\.datasets: unknown dataset 'copi'"),
        (ABOVE, '"above"', '"abov"', r"claims\[0\]\.kind is unknown: 'abov'; did you mean 'above'"),
        (NUMBERS, "2]", "'x']", r"numbers\[0\]\.rows\[1\]\[1\] must be a number, not 'x'"),
        (NUMBERS, "1.9]", "1.9, 2.2]", r"numbers\[0\]\.rows\[0\] must be a list of 2 numbers"),
        (NUMBERS, "[4,", "[3,", r"numbers\[0\]\.rows give .* twice"),
        (NUMBERS, "[4,", "[4.5,", r"numbers\[0\]\.rows: depth=4.5 must be an integer"),
        (
            NUMBERS,
            '"depth", "dni"',
            '"dni", "depth"',
            r"columns must be depth or T, then the rules",
        ),
        (NUMBERS, '"depth", "dni"', "", r"columns must be depth or T, then the rules"),
        (NUMBERS, '"dni"', '"dmi"', r"columns: unknown rule 'dmi'"),
        (NUMBERS, '"T"', '"X"', r"numbers\[0\]\.grade is unknown: 'X'; choose from: T, F, P, R, O"),
        (NUMBERS, '"mnist"', '"mnits"', r"numbers\[0\]\.dataset: .*did you mean 'mnist'"),
        (FIXED, "dni = 2", "dni = 20", r"fixed\[0\]\.sg_layers: sg_layers=20 must be between"),
        (FIXED, "dni = 2", "dmi = 2", r"fixed\[0\]\.sg_layers\.dmi: unknown rule"),
        (FIXED, FIXED, FIXED + FIXED, r"fixed\[1\]\.sg_layers is given twice for mnist, fcn, dni"),
        (MARGINS, "0.3", "0", r"margins\.mnist\.points and rules must be between 0 and 100"),
        (MARGINS, "0.3", "'0.3'", r"margins\.mnist\.points must be a number"),
        (MARGINS, "mnist", "mnits", r"margins\.mnits: unknown dataset"),
        (CLAIM, '"grows"', '"grow"', r"claims\[0\]\.kind is unknown: 'grow'; did you mean 'grows'"),
        (CLAIM, '"grows"', '"below"', r"claims\[0\]\.right is missing"),
        (CLAIM, '"depth"', '"dept"', r"claims\[0\]\.over: unknown field 'dept'"),
        (CLAIM, '["dataset"]', '["data"]', r"claims\[0\]\.each: unknown field 'data'"),
        (CLAIM, '["dataset"]', "[]", r"claims\[0\]\.margin is by dataset"),
        (CLAIM, "mnist", "mnits", r"claims\[0\]\.margin\.mnits: unknown dataset"),
        (CLAIM, 'rule = "dni"', 'rule = "dmi"', r"claims\[0\]\.left\.rule: unknown rule"),
        (CLAIM, "over =", "over_ =", r"claims\[0\]\.over is missing"),
        (FIGURE, '"sweep"', '"sweeps"', r"figures\[0\]\.kind is unknown"),
        (FIGURE, "panels", "panel", r"figures\[0\]\.panels is missing"),
        (LAYOUT, '"depth"', '"deep"', r"layout\.rows: unknown field 'deep'"),
        (LAYOUT, "columns", "column", r"layout\.columns is missing"),
        (LAYOUT, "rule = {", "rul = {", r"labels\.rul: unknown field 'rul'; did you mean 'rule'"),
        (LAYOUT, '"DNI"', "3", r"labels\.rule\.dni must be a string, not 3"),
    ],
)
def test_malformed_numbers_margins_claims_and_layout(text, old, new, message):
    parse("small", SMALL + text)  # well formed as it is: the change alone is at fault
    assert old in text
    with pytest.raises(UsageError, match=message) as caught:
        parse("small", SMALL + text.replace(old, new, 1))
    assert str(caught.value).startswith("small.toml: ")
    assert "\n" not in str(caught.value)


def test_a_cell_given_twice_is_refused():
    block = SMALL[SMALL.index("[[grid]]") : SMALL.index("[scales.demo]")]
    with pytest.raises(UsageError, match="give a cell twice"):
        parse("small", SMALL + block)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_exhibit_is_an_exhibit_or_a_usage_error(data):
    """Whatever line is lost or doubled, the reader answers with one line or with an exhibit."""
    text = resources.files("sgbench.reproductions").joinpath("table1.toml").read_text("utf-8")
    lines = text.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at : at + 1] = data.draw(st.sampled_from([[], [lines[at]] * 2, ["x = 1"], ["[x]"]]))
    try:
        exhibit = parse("table1", "\n".join(lines))
        cells = expand(exhibit, "demo", seeds=1) if "demo" in exhibit.scales else []
        message = None
    except UsageError as error:
        cells, message = [], str(error)
    assert json.dumps([cell.to_dict() for cell in cells])
    assert message is None or (message.startswith("table1.toml: ") and "\n" not in message)


def test_a_set_that_fits_none_of_the_chosen_cells_is_refused():
    where = parse_where(["dataset=copy"])
    with pytest.raises(UsageError, match=r"--set corpus applies to no cell .* that --where picks"):
        expand(TABLE2, "demo", {"corpus": "novel.txt"}, where=where)
    texts = expand(TABLE2, "demo", {"corpus": "novel.txt"}, where=parse_where(["T=2"]))
    assert {cell.dataset for cell in texts if cell.corpus} == {"descriptions"}
