"""The difference to the paper's protocol, in words."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.protocol import difference
from sgbench.reproductions.exhibits.exhibit import expand, load

MINUS = "\N{MINUS SIGN}"


def test_settings_of_synthetic_inputs_are_told_where_they_differ(population_exhibit):
    cells = expand(population_exhibit, "quick")
    other = [
        replace(cell, evaluate_at=(0.1,), **({"si_units": 64} if cell.si_units else {}))
        for cell in cells
    ]
    words = difference(population_exhibit, "quick", other, cells)
    assert words == (
        "quick: also evaluated at 0.1, 64 units in I;"
        " paper: also evaluated at 0.01 and 0.05 and 0.5, 1,024 units in I"
    )


def test_what_the_paper_does_not_state_is_said_to_be_ours():
    exhibit = load("two_networks")
    ours, theirs = expand(exhibit, "quick"), expand(exhibit, "paper")
    chosen = "6,250 iterations, batch 256, sg_scale 1"
    assert difference(exhibit, "quick", ours, theirs) == (
        "quick: 1,200 iterations, batch 64, rate 1e-3, sg_scale 100;"
        f" paper: rate 1e-5, and chosen by us, as the paper does not say: {chosen}"
    )
    others = [replace(cell, learning_rate=1e-3) for cell in theirs]
    words = difference(exhibit, "quick", ours, others)
    assert words.endswith(f"paper: chosen by us, as the paper does not say: {chosen}")


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("table1", "sg_scale 1"), ("deep", "sg_scale 1"), ("p_update", "sg_scale 1"),
     ("bp_lambda", "sg_scale 1"), ("table2", "sg_scale 256")],
)  # fmt: skip
def test_every_exhibit_says_which_settings_of_the_papers_scale_are_ours(name, chosen):
    exhibit = load(name)
    words = difference(exhibit, "tenth", expand(exhibit, "tenth"), expand(exhibit, "paper"))
    assert words.endswith(f", and chosen by us, as the paper does not say: {chosen}")


def test_of_a_populations_models_the_widths_are_ours():
    exhibit = load("p_update")
    theirs = expand(exhibit, "paper")
    ours = [replace(cell, sg_units=64) for cell in theirs]
    words = difference(exhibit, "quick", ours, theirs)
    assert words == (
        "quick: 64 units in M; paper: chosen by us, as the paper does not say: 1,024 units in M"
    )
