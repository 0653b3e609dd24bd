"""What a rule's setup draws: by each replica's seed and a name, and in the cell's precision."""

import pytest
import torch
from reference.programs import CPU, tiny_cell
from sgbench.bench.nn.draws import Draws


def draws(*seeds, **changes):
    return Draws([tiny_cell("backprop", seed=seed, **changes) for seed in seeds], CPU)


def test_shape_and_bounds():
    found = draws(0, 1).uniform("b", (300, 4), 0.5)
    assert found.shape == (2, 300, 4)
    assert found.dtype == torch.float64
    assert 0.45 < found.abs().max() <= 0.5
    assert abs(found.mean()) < 0.05
    normal = draws(0).normal("b", (2000,), 3.0)
    assert normal.std() == pytest.approx(3, rel=0.1)


def test_a_replica_s_values_follow_from_its_seed_whatever_is_beside_it():
    several = draws(7, 8, 9).normal("b", (5,), 1.0)
    for row, seed in zip(several, (7, 8, 9), strict=True):
        assert torch.equal(row, draws(seed).normal("b", (5,), 1.0)[0])
    assert not torch.equal(several[0], several[1])


def test_names_are_apart():
    drawn = draws(0)
    first = drawn.normal("one", (5,), 1.0)
    assert not torch.equal(first, drawn.normal("other", (5,), 1.0))
    assert torch.equal(first, drawn.normal("one", (5,), 1.0))


def test_precision_rounds_the_same_values():
    double, single = (
        draws(0, precision=precision).uniform("b", (9,), 1.0)
        for precision in ("float64", "float32")
    )
    assert single.dtype == torch.float32
    assert torch.equal(double.float(), single)
