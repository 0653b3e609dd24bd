"""The exhibits hold the paper's numbers and protocols: each is written here once more."""

from collections import Counter

import pytest
from sgbench.bench.cell import canonical_json
from sgbench.reproductions.exhibits.exhibit import expand, load, names
from small_files.exhibit import place

TABLE1 = load("table1")
TABLE2 = load("table2")
SWEEP = load("sg_scale")
WITHOUT_A_TENTH = ("two_networks", "local_loss", "dfa", "beyond")  # quick is a tenth of two
WITHOUT_A_PAPER = ("beyond",)  # it reruns nothing


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
    ("ptb", 2): (1.39, 1.37, 1.372),  # BPTT's and DNI+Aux's third decimals are of the legends
    ("ptb", 3): (1.377, 1.36, 1.36),
    ("ptb", 4): (1.37, 1.35, 1.352),
    ("ptb", 5): (1.366, 1.35, 1.347),
    ("ptb", 8): (1.354, 1.34, 1.334),
    ("ptb", 20): (1.349,),
    ("ptb", 40): (1.344,),
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
        if cell.rule == "top_only":  # ours
            assert exhibit.number(cell) is None
            continue
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
    per_dataset = (4 + 2) * (3 + 2 * 3)  # (network, depth) x (rules without M, with M x sg_layers)
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
def test_every_exhibit_expands_at_its_scales_to_distinct_cells(name):
    exhibit = load(name)
    more = set() if name in WITHOUT_A_TENTH else {"tenth"}
    more |= set() if name in WITHOUT_A_PAPER else {"paper"}
    assert set(exhibit.scales) == {"demo", "quick"} | more
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


@pytest.mark.parametrize("name", [name for name in names() if name not in WITHOUT_A_TENTH])
def test_a_tenth_is_the_papers_schedule_at_ten_times_its_rate(name):
    """Rate and S are ten times the paper's, the iterations a tenth; nothing else differs."""
    exhibit, ours = load(name), {}
    for cell in expand(exhibit, "tenth", seeds=1):
        if cell.stages is not None and cell.iterations == 100:
            continue  # a few updates at each scale, for their rate
        wide = {"iterations": 10 * cell.iterations, "learning_rate": cell.learning_rate / 10}
        if cell.sg_scale is not None:
            wide["sg_scale"] = cell.sg_scale / 10
        ours[cell] = cell.replace(**wide)
    same = ("evaluate_every", "learning_rate", "sg_scale", "p_update", "iterations")
    paper = [cell.to_dict() for cell in expand(exhibit, "paper", seeds=1)]
    for wide in ours.values():
        values = wide.to_dict()
        twins = [p for p in paper if all(p[n] == v for n, v in values.items() if n not in same)]
        assert twins, wide
        near = twins[0]
        assert values["learning_rate"] == pytest.approx(near["learning_rate"])
        assert values["iterations"] == near["iterations"]
        if name != "sg_scale" and values["sg_scale"] is not None:
            assert values["sg_scale"] == pytest.approx(near["sg_scale"])
