"""Planned power: what the declared seeds can decide, before any of them is run."""

import math
from dataclasses import replace

import pytest
from sgbench.reports.analysis.verdicts.planned import (
    LEAST_POWER,
    Planned,
    hardly,
    planned,
    spread_unknown,
    unknown_words,
    words,
)
from sgbench.reproductions.exhibits.evidence import Spread
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.statistics.place_verdict import Target
from sgbench.results.statistics.power import claim_power, place_power


def powers(exhibit, scale="paper"):
    return {one.name: one for one in planned(exhibit, scale, expand(exhibit, scale, seeds=1))}


def test_three_seeds_cannot_tell_dni(table1):
    found = powers(table1)
    dni = found["MNIST FCN DNI"]
    # of places alike the least power is told; depths 3 and 6 have one neighbour, the others two
    target = Target(value=0.0, margin=0.3, rounding=0.05)
    by_hand = min(place_power(3, 0.97, target, 0.01, near) for near in (1, 2))
    assert (dni.seeds, dni.power) == (3, by_hand)
    assert dni.power < 0.01
    assert dni.words == "MNIST FCN DNI: power below 1 %"
    assert found["MNIST FCN bprop"].power > 0.95
    assert "MNIST CNN DNI" not in found  # whose spread nobody knows
    one, two = (place_power(3, 0.085, target, 0.01, near) for near in (1, 2))
    assert found["MNIST FCN cDNI"].power == one < two
    few = hardly(found.values())
    assert {one.name for one in few[:2]} == {
        "MNIST FCN DNI", "MNIST FCN DNI before the end of training",
    }  # fmt: skip
    assert all(one.power < LEAST_POWER for one in few)
    (sentence,) = words(found.values())
    assert "3 seeds" in sentence
    assert "records of scale quick" in sentence


def test_a_claim_has_the_power_of_its_test_at_the_papers_numbers(table1):
    found = powers(table1)
    level = 0.05 / 17
    # cDNI 1.6, DNI 4.3: Welch's, with the spreads that are declared
    by_hand = claim_power(3, math.hypot(0.085, 0.97), 2.7, level)
    assert found["cdni-beats-dni-deep (MNIST)"].power == pytest.approx(by_hand)
    # cDNI 1.6, backprop 1.8, margin 0.5: paired
    deviation = math.sqrt(0.085**2 + 0.04**2 - 2 * 0.73 * 0.085 * 0.04)
    by_hand = claim_power(3, deviation, 0.7, level)
    assert found["cdni-near-backprop (MNIST depth 6)"].power == pytest.approx(by_hand)
    # the slope of 1.9, 2.2, 3.4, 4.3 is 0.84; that of errors has their deviation / sqrt(5)
    by_hand = claim_power(3, 0.97 / math.sqrt(5), 0.84, level)
    assert found["dni-grows (MNIST)"].power == pytest.approx(by_hand)


@pytest.mark.parametrize(("margin", "power"), [(0.5, 1.0), (-0.5, 0.0)])
@pytest.mark.parametrize("deviation", [0.1, 0.3])
def test_differences_that_do_not_vary_are_decided_by_the_numbers(table1, margin, power, deviation):
    (near,) = (claim for claim in table1.claims if claim.name == "cdni-near-backprop")
    near = replace(near, correlation=1.0, margins={"mnist": margin})
    spreads = {key: Spread(deviation=deviation, source="x") for key in table1.spreads}
    found = powers(replace(table1, claims=(near,), spreads=spreads))
    assert found["cdni-near-backprop (MNIST depth 6)"].power == power


def test_an_exact_test_that_no_outcome_decides_has_no_power(table2):
    found = powers(table2, "quick")
    assert {name: one.power for name, one in found.items()} == {
        "dni-longer (Copy)": 0.0, "dni-longer (Repeat Copy)": 0.0,
    }  # fmt: skip
    assert not any(name.startswith("dni-longer") for name in powers(table2))  # of five seeds


def test_a_power_next_to_a_half_is_told_below_it():
    one = Planned(name="x", seeds=3, power=0.496, source="")
    assert one.words == "x: power 49.6 %"
    assert replace(one, power=0.494).words == "x: power 49 %"
    assert replace(one, power=0.504).words == "x: power 50 %"


def test_away_from_the_papers_scale_no_place_has_a_power(table1):
    assert powers(table1, "quick") == {}
    assert words([]) == []


def test_what_is_not_among_the_cells_is_not_told(table1):
    cells = [c for c in expand(table1, "paper", seeds=1) if c.rule == "dni"]
    assert {one.name for one in planned(table1, "paper", cells)} == {
        "MNIST FCN DNI", "MNIST FCN DNI before the end of training", "dni-grows (MNIST)",
    }  # fmt: skip


def test_each_result_has_its_power(two_networks):
    found = powers(two_networks)
    assert found["MNIST two LSTMs DNI, A: odd digits"].power > 0.3
    assert found["MNIST two LSTMs DNI, B: 3s"].power < 0.05
    level = 0.05 / 3
    by_hand = claim_power(5, math.sqrt(4.4**2 + 0.53**2 - 2 * 0.76 * 4.4 * 0.53), 32, level)
    assert found["dni-feeds-back (MNIST)"].power == pytest.approx(by_hand)


def unknown(exhibit, scale="paper", **fields):
    cells = [c for c in expand(exhibit, scale, seeds=1) if c.has(fields)]
    return spread_unknown(exhibit, scale, cells)


def test_places_and_bins_without_a_spread_are_named(table1, two_networks):
    rules = "(no-bprop, bprop, DNI, cDNI)"
    every = [f"{at} {rules}" for at in ("CIFAR-10 FCN", "MNIST CNN", "CIFAR-10 CNN")]
    assert unknown(table1) == every
    assert unknown(table1, dataset="mnist") == every[1:2]
    assert unknown(table1, "quick") == []
    assert unknown_words(every[:2]) == [
        f"No spread over seeds is known of {every[0]}; {every[1]}: no power is told."
    ]
    assert unknown_words([]) == unknown(two_networks) == []
    some = {key: one for key, one in two_networks.spreads.items() if key[2:] != ("dni", "error_b")}
    assert unknown(replace(two_networks, spreads=some)) == ["MNIST two LSTMs, B: 3s (DNI)"]
    panels = load("p_update")
    assert unknown(panels) == [
        "MNIST FCN update decoupled (DNI, cDNI)",
        "MNIST FCN forwards and update decoupled (DNI, cDNI)",
    ]
    known = {("mnist", "fcn", "dni", None): Spread(deviation=0.02, source="x")}
    assert unknown(replace(panels, spreads=known))[0] == "MNIST FCN update decoupled (cDNI)"


def test_a_smaller_spread_has_more_power(table1):
    narrow = {key: Spread(deviation=0.02, source="x") for key in table1.spreads}
    found = powers(replace(table1, spreads=narrow))
    assert found["MNIST FCN DNI"].power > 0.95
    assert hardly(found.values()) == []
