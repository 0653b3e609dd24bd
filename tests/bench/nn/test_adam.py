"""Adam against its equations in NumPy, a part and a replica at a time."""

import dataclasses

import numpy as np
import pytest
import torch
from reference.programs import tiny_cell
from sgbench.bench.nn.adam import EPSILON, OPTIMIZERS, Adam, rates

BETAS = OPTIMIZERS["adam"][:2]


def reference(weights, gradients, rate, first, second, step):
    first = BETAS[0] * first + (1 - BETAS[0]) * gradients
    second = BETAS[1] * second + (1 - BETAS[1]) * gradients**2
    mean, spread = first / (1 - BETAS[0] ** step), second / (1 - BETAS[1] ** step)
    return weights - rate * mean / (np.sqrt(spread) + EPSILON), first, second


def test_parts_and_replicas_count_and_move_by_themselves():
    rng = np.random.default_rng(3)
    flat, grads = (torch.as_tensor(rng.normal(size=(2, 5))) for _ in range(2))
    adam = Adam(flat, grads, [slice(0, 2), slice(2, 4)])
    want = flat.numpy().copy()
    first, second, counts = np.zeros((2, 5)), np.zeros((2, 5)), np.zeros((2, 2), int)
    for active in ([[True, True], [True, False]], [[False, True], [True, True]], None):
        grads.copy_(torch.as_tensor(rng.normal(size=(2, 5))))
        adam.step([1e-2, 3e-2], active)
        for r, p in np.ndindex(2, 2):
            if active is None or active[r][p]:
                counts[r, p] += 1
                part = (r, slice(2 * p, 2 * p + 2))
                rate = (1e-2, 3e-2)[r]
                want[part], first[part], second[part] = reference(
                    want[part], grads.numpy()[part], rate, first[part], second[part], counts[r, p]
                )
    np.testing.assert_allclose(flat.numpy(), want, rtol=1e-12)
    assert adam.steps.tolist() == counts.tolist()


MASKS = ([[True, True], [True, False]], [[False, True], [True, True]], None, [[False, False]] * 2)


@pytest.mark.parametrize("constants", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("rates_of_both", [(1e-2, 3e-2), (1e-2, 1e-2)])
@pytest.mark.parametrize("masks_are", ["tensors", "the host's"])
def test_on_a_device_it_is_the_same(constants, rates_of_both, masks_are):
    rng = np.random.default_rng(4)
    start, grads = (torch.as_tensor(rng.normal(size=(2, 6))) for _ in range(2))
    flats = [start.clone(), start.clone()]
    here, there = (Adam(f, grads, [slice(0, 2), slice(3, 5)], constants) for f in flats)
    rates_there = torch.tensor(rates_of_both, dtype=torch.float64)
    for active in (*MASKS, *MASKS):
        grads.copy_(torch.as_tensor(rng.normal(size=(2, 6))))
        here.step(rates_of_both, active)
        mask = torch.tensor(active) if active and masks_are == "tensors" else active
        there.step_on_device(rates_there, mask, one_rate=len(set(rates_of_both)) == 1)
    np.testing.assert_allclose(flats[1].numpy(), flats[0].numpy(), rtol=1e-12)
    for name, tensor in here.state().items():
        np.testing.assert_allclose(there.state()[name].numpy(), tensor.numpy(), rtol=1e-12)
    assert torch.equal(flats[1][:, [2, 5]], start[:, [2, 5]])


def test_what_is_masked_keeps_its_bits_and_a_replica_that_is_lost_is_lost_alone():
    flat, grads = torch.rand(3, 4), torch.rand(3, 4)
    adam = Adam(flat, grads, [slice(0, 2), slice(2, 4)])
    adam.masked_step(torch.tensor([0.1, 0.1, 0.1]), None)
    before = [tensor.clone() for tensor in (flat, *adam.state().values())]
    grads[1] = float("nan")
    active = torch.tensor([[True, False], [True, True], [False, False]])
    adam.masked_step(torch.tensor([0.1, 0.1, 0.1]), active)
    after = [flat, *adam.state().values()]
    for earlier, now in zip(before[:3], after[:3], strict=True):
        assert torch.equal(earlier[2], now[2])
        assert torch.equal(earlier[0, 2:], now[0, 2:])
        assert not torch.equal(earlier[0, :2], now[0, :2])
        assert torch.isfinite(now[[0, 2]]).all()
    assert adam.steps.tolist() == [[2, 1], [2, 2], [1, 1]]


def test_rmsprop_is_its_equation_whatever_the_count():
    rng = np.random.default_rng(3)
    flat, grads = (torch.as_tensor(rng.normal(size=(2, 5))) for _ in range(2))
    rmsprop = Adam(flat, grads, [slice(0, 4)], OPTIMIZERS["rmsprop"])
    want, square = flat.numpy().copy(), np.zeros((2, 4))
    for rates_of_both in ([1e-2, 3e-2], [1e-2, 1e-2], [2e-2, 3e-2]):
        grads.copy_(torch.as_tensor(rng.normal(size=(2, 5))))
        rmsprop.step(rates_of_both)
        g = grads.numpy()[:, :4]
        square = 0.99 * square + 0.01 * g**2
        want[:, :4] -= np.array(rates_of_both)[:, None] * g / (np.sqrt(square) + 1e-8)
    np.testing.assert_allclose(flat.numpy(), want, rtol=1e-12)
    np.testing.assert_allclose(rmsprop.second.numpy()[:, :4], square, rtol=1e-12)
    assert rmsprop.steps.tolist() == [[3.0], [3.0]]


def test_rates_drop_at_fractions_of_the_iterations():
    cell = tiny_cell("backprop", iterations=10, drops=(0.5, 0.8), drop_factor=0.1)
    cells = [cell, dataclasses.replace(cell, learning_rate=1.0)]
    found = [rates(cells, n)[1] for n in range(10)]
    assert found == pytest.approx([1.0] * 5 + [0.1] * 3 + [0.01] * 2)
    assert rates(cells, 4)[0] == cell.learning_rate
