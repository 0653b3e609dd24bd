"""What estimates of all families share."""

import pytest
from reference.programs import tiny_cell
from sgbench.bench.families.estimates import bytes_of, weights_of
from sgbench.bench.nn.blueprint import LinearSpec, sequence


def test_weights_of_several_blocks():
    block = sequence(("a", LinearSpec(3, 2, bias=True)))
    assert weights_of([block, block]) == 2 * 8


@pytest.mark.parametrize(("precision", "size"), [("float32", 4), ("bf16", 4), ("float64", 8)])
def test_bytes_of_numbers(precision, size):
    assert bytes_of(tiny_cell("backprop", precision=precision), 10, 3) == 10 * 3 * size
