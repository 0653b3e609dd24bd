"""Does precision=bf16 cost test error? Paired seeds, digits, Table 1's `demo` scale.

    pytest -m slow -s tests/bench/nn/test_precision_equivalence.py

prints the mean paired difference and its 90 % interval for each rule: the two one-sided tests of
equivalence at 5 % are passed where it lies inside the margin. `benchmarks.bf16_errors` asks MNIST.
"""

import dataclasses

import pytest
from benchmarks.equivalence import error_of, interval
from sgbench.reproductions.exhibits.exhibit import expand, load

SEEDS = 10
MARGIN = 1.0  # points of test error, either way
RULES = [("backprop", None), ("dni", 1), ("cdni", 0)]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_the_error_is_equivalent_to_that_of_float32(rule, sg_layers):
    cells = [
        cell
        for cell in expand(load("table1"), "demo", seeds=SEEDS)
        if (cell.network, cell.depth, cell.rule, cell.sg_layers) == ("fcn", 4, rule, sg_layers)
    ]
    assert len(cells) == SEEDS
    before = [error_of(cell) for cell in cells]
    after = [error_of(dataclasses.replace(cell, precision="bf16")) for cell in cells]
    found = interval(before, after, MARGIN)
    print(f"\n{rule}, M {sg_layers}: {found}")
    assert before != after, "bf16 changed nothing at all"
    assert found.equivalent


def test_equivalence_is_an_interval_within_the_margin():
    before, after = [2.0, 3.0, 4.0, 5.0], [2.1, 2.9, 4.1, 4.9]
    found = interval(before, after, 0.2)
    assert found.mean == pytest.approx(0)
    assert found.half == pytest.approx(0.1359, abs=1e-4)  # 2.3534 x 0.11547 / 2
    assert found.equivalent
    assert not interval(before, after, 0.13).equivalent
    assert not interval(before, [b + 0.1 for b in after], 0.2).equivalent
    assert not interval(before, [b - 0.1 for b in after], 0.2).equivalent
