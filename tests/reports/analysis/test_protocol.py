"""The difference to the paper's protocol, in words."""

from dataclasses import replace

from sgbench.reports.analysis.protocol import difference
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
