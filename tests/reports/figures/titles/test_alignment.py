"""What titles say of cosines."""

from types import SimpleNamespace

import pandas as pd
import pytest
from sgbench.reports.figures.titles.alignment import sentence


def ends(lines="T", family="feedforward", **cosines):
    """Cosines of rules, one a seed."""
    rows = [
        {"subject": rule, "configuration": 0, "seed": seed, "y": value}
        for rule, values in cosines.items()
        for seed, value in enumerate(values)
    ]
    return SimpleNamespace(
        frame=pd.DataFrame(rows), subjects=tuple(cosines), cell=SimpleNamespace(family=family),
        figure=SimpleNamespace(lines=lines),
    )  # fmt: skip


def said(found, rising=()):
    return sentence(found, rising, "larger T").replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("cosines", "expected"),
    [
        ([0.5, 0.9, 0.7], "a's synthetic gradients align with the true ones (cosine 0.50 to 0.90)"),
        ([0.2, -0.2, 0], "hardly align with the true ones (cosine \N{MINUS SIGN}0.20 to 0.20)"),
        ([0.21, 0.4, 0.49], "partly align"),
        ([0.49, 0.6, 0.7], ""),
        ([0.1, 0.21, 0.1], ""),
        ([0.9, 0.9], ""),  # too few seeds
        ([-0.001, 0, 0.001], "(cosine 0.00)"),
    ],
)
def test_every_seed_must_be_so(cosines, expected):
    found = said(ends(a=cosines))
    assert expected in found
    assert bool(found) == bool(expected)


def test_of_layers_it_is_the_mean():
    assert "(mean cosine over layers in 3 runs: 0.60)" in said(
        ends(lines="layer", a=[0.6, 0.6, 0.6])
    )


def test_what_it_is_held_against_is_that_of_the_network():
    assert "with those of a longer unroll" in said(ends(family="recurrent", a=[0.6] * 3))


def test_a_rule_that_is_neither_may_rise():
    found = ends(a=[0.0, 0.3, 0.6], b=[0.0] * 3)
    assert said(found, ["a"]).endswith("a's do the better, the larger T (0.00 to 0.60)")
    assert "a's" not in said(found)


def test_rules_of_a_kind_share_a_clause():
    assert said(ends(a=[0.0] * 3, b=[0.1] * 3)).startswith("a's and b's synthetic gradients hardly")
