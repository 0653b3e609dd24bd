"""The exhibits of decoupled layers, the deep network and BP(lambda): numbers, grids, protocols."""

import itertools
import math

import pytest
from sgbench.reproductions.exhibits.exhibit import expand, load

P_UPDATE, DEEP, MIXED = load("p_update"), load("deep"), load("bp_lambda")
EDGES = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
NAN = math.nan
MEDIANS = {  # Figures 5 and 6, digitised: by what is decoupled, rule and iterations
    ("update", "dni", 500_000): (3.8, 2.9, 2.5, 2.3, 2.2, 2.15, 2.2, 2.2),
    ("update", "dni", 250_000): (NAN, 3.9, 3.2, 3.1, 3.0, 3.2, 3.0, 3.1),
    ("update", "cdni", 500_000): (1.9, 2.05, 2.05, 2.15, 2.2, 2.2, 2.3, 2.4),
    ("update", "cdni", 5_000): (NAN, 5.9, 4.3, 3.6, 3.2, 2.9, 2.65, 2.5),
    ("both", "dni", 500_000): (4.1, 3.1, 2.6, 2.4, 2.3, 2.2, 2.2, 2.3),
    ("both", "dni", 250_000): (NAN, 4.4, 3.8, 3.3, 3.0, 3.1, 3.0, 3.1),
    ("both", "cdni", 500_000): (2.1, 2.1, 2.2, 2.2, 2.2, 2.2, 2.3, 2.4),
    ("both", "cdni", 5_000): (NAN, NAN, 4.9, 4.2, 3.9, 3.4, 3.1, 2.9),
}


def test_the_papers_medians():
    found = {
        (m.where["decoupled"], m.where["rule"], round(m.at * 500_000), m.above, m.up_to): m
        for m in P_UPDATE.medians
    }
    printed = {
        (*place, low, high): value
        for place, values in MEDIANS.items()
        for (low, high), value in zip(itertools.pairwise(EDGES), values, strict=True)
        if not math.isnan(value)
    }
    assert {place: median.value for place, median in found.items()} == printed
    assert len(P_UPDATE.medians) == len(printed)
    for median in P_UPDATE.medians:
        assert median.grade == "F"
        assert (median.where["dataset"], median.where["network"]) == ("mnist", "fcn")


@pytest.mark.parametrize(
    ("p", "value"), [(0.025, 4.1), (0.05, 4.1), (0.2, 2.6), (0.25, 2.4), (1, 2.3)]
)
def test_a_network_of_a_population_has_its_bins_median(p, value):
    where = {"decoupled": "both", "rule": "dni", "p_update": p}
    cells = [*expand(P_UPDATE, "paper", seeds=1), *expand(P_UPDATE, "quick", seeds=1)]
    some = [c for c in cells if all(c.value(name) == v for name, v in where.items())]
    assert some
    assert {P_UPDATE.number(cell).value for cell in some} == {value}
    assert not any(map(P_UPDATE.number, expand(P_UPDATE, "demo", seeds=1)))


def test_the_papers_protocol_of_coins():
    cells = expand(P_UPDATE, "paper")
    panels = {}
    for cell in cells:
        panels.setdefault((cell.decoupled, cell.rule), []).append(cell)
        assert (cell.dataset, cell.network, cell.depth, cell.split) == ("mnist", "fcn", 4, "test")
        assert (cell.iterations, cell.batch_size, cell.learning_rate) == (500_000, 256, 3e-5)
        assert (cell.drops, cell.drop_factor) == ((0.6, 0.8), 0.1)
        assert (cell.hidden_units, cell.sg_layers, cell.sg_units) == (256, 1, 1024)
        assert cell.sg_scale == 1.0
        assert (cell.si_layers, cell.si_units) == (
            (1, 1024) if cell.decoupled == "both" else (None, None)
        )
        counts = [round(at * cell.iterations) for at in cell.evaluate_at]
        assert counts == [5_000, 12_000, 25_000, 250_000, 500_000]
    assert set(panels) == {(d, r) for d in ("update", "both") for r in ("dni", "cdni")}
    assert all(80 <= len(some) <= 100 for some in panels.values())  # as many as the paper has


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_a_population_has_networks_in_every_bin_and_what_the_claims_compare(scale):
    values = P_UPDATE.scale(scale).values("p_update")
    assert {0.025, 0.2, 1.0} <= set(values)
    if scale != "demo":
        for low, high in itertools.pairwise(EDGES):
            assert any(low < p <= high for p in values), (low, high)
        assert len(values) * P_UPDATE.scale(scale).seeds >= 20
    tests = P_UPDATE.claim_tests(scale)
    names = {test.claim.name for test in tests}
    assert {"p-0.2-trains", "dni-suffers-below-0.2"} <= names
    assert ("unlocked-reaches-2" in names) == (scale != "demo")
    assert len(tests) == (6 if scale == "demo" else 8)


def test_the_deep_network():
    cells = expand(DEEP, "paper", seeds=1)
    assert {(c.depth, c.rule) for c in cells} == {
        (depth, rule) for depth in (6, 11, 21) for rule in ("backprop", "dni", "cdni")
    }
    assert {c.sg_layers for c in cells if c.rule != "backprop"} == {0}
    found = {(c.depth, c.rule): DEEP.number(c) for c in cells}
    number = found.pop((21, "cdni"))
    assert (number.value, number.grade) == (2.0, "R")
    assert not any(found.values())
    for cell in cells:
        assert (cell.iterations, cell.learning_rate, cell.hidden_units) == (500_000, 3e-5, 256)


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_the_grid_of_bp_lambda(scale):
    cells = expand(MIXED, scale, seeds=1)
    assert {(c.depth, c.value("bp_lambda")) for c in cells} == {
        (depth, mix) for depth in (4, 6) for mix in (0.0, 0.25, 0.5, 0.75, 1.0)
    }
    assert {c.rule for c in cells} == {"bp_lambda"}
