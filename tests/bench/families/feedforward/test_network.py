"""Replicas: one of R equals the same cell alone, and seeds are paired across rules."""

import itertools

import numpy as np
import pytest
import torch
from reference.programs import arrays, everything, program_of, tiny_cell

RULES = ["no_bprop", "backprop", "dni", "cdni"]
every_rule = pytest.mark.parametrize("rule", RULES)
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


def three_cells(rule, network, **changes):
    """Three cells apart in every number that replicas may differ in."""
    synthetic = rule in ("dni", "cdni")
    return [
        tiny_cell(
            rule,
            network,
            seed=seed,
            learning_rate=rate,
            sg_scale=scale if synthetic else None,
            **changes,
        )
        for seed, rate, scale in ((3, 0.02, 3.0), (1, 0.005, 40.0), (2, 0.02, 0.5))
    ]


@every_network
@pytest.mark.parametrize(
    ("rule", "sg_layers"), [*((r, None) for r in RULES[:2]), *itertools.product(RULES[2:], (0, 2))]
)
def test_a_replica_of_three_equals_its_cell_alone(rule, sg_layers, network):
    # From random weights: where M is still at zero, gradients are so small that Adam turns the
    # rounding of another product routine into a step.
    cells = three_cells(rule, network, sg_layers=sg_layers)
    together = program_of(*cells)
    for _ in range(9):  # more than an epoch, so that the order is drawn anew
        together.step()
    errors, losses = together.evaluate("held")
    probe = together.probe()
    for replica, cell in enumerate(cells):
        alone = program_of(cell)
        for _ in range(9):
            alone.step()
        got, want = everything(together, replica), everything(alone)
        assert set(got) == set(want)
        for what in want:
            np.testing.assert_allclose(
                got[what], want[what], rtol=1e-10, atol=1e-10, err_msg=str(what)
            )
        (error,), (loss,) = alone.evaluate("held")
        assert (errors[replica], losses[replica]) == pytest.approx((error, loss), rel=1e-10)
        single = alone.probe()
        assert probe.loss[replica] == pytest.approx(single.loss[0], rel=1e-10)
        if single.sg_loss is not None:
            assert probe.sg_loss[replica] == pytest.approx(single.sg_loss[0], rel=1e-9)
            assert probe.sg_cosine[replica] == pytest.approx(single.sg_cosine[0], abs=1e-9)


@every_network
def test_seeds_are_paired_across_rules(network):
    starts, orders, probes = [], [], []
    for rule in RULES:
        program = program_of(tiny_cell(rule, network, seed=4), randomised=False)
        start = arrays(program.network.weights.named)
        starts.append({n: w for n, w in start.items() if not n.startswith("sg")})
        orders.append(torch.cat([program.batches.next() for _ in range(15)], 1))
        probes.append(program.batches.probe)
    for start, order, probe in zip(starts, orders, probes, strict=True):
        assert set(start) == set(starts[0])
        assert all(np.array_equal(start[name], starts[0][name]) for name in start)
        assert torch.equal(order, orders[0])
        assert torch.equal(probe, probes[0])


@every_network
@every_rule
def test_a_seed_gives_the_same_start_whatever_shares_the_program(rule, network):
    cells = three_cells(rule, network)
    together = program_of(*cells, randomised=False)
    order = torch.cat([together.batches.next() for _ in range(15)], 1)
    for replica, cell in enumerate(cells):
        alone = program_of(cell, randomised=False)
        start, want = (
            arrays(together.network.weights.named, replica),
            arrays(alone.network.weights.named),
        )
        assert all(np.array_equal(start[name], want[name]) for name in want)
        assert torch.equal(
            order[replica], torch.cat([alone.batches.next() for _ in range(15)], 1)[0]
        )
    first, second, _ = (arrays(together.network.weights.named, r) for r in range(3))
    drawn = {n for n in first if n.endswith(("weight", "classifier.bias")) and ".output" not in n}
    assert all(not np.allclose(first[n], second[n]) for n in drawn)
    assert not torch.equal(order[0], order[1])


def test_precision_does_not_change_the_draw():
    double, single = (
        program_of(tiny_cell("cdni", precision=precision), randomised=False)
        for precision in ("float64", "float32")
    )
    for name, view in double.network.weights.named.items():
        assert torch.equal(view.float(), single.network.weights.named[name])
    assert torch.equal(double.batches.order, single.batches.order)


def test_an_epoch_shows_every_example_at_most_once():
    program = program_of(tiny_cell("backprop"), randomised=False)
    whole = len(program.batches.images) // program.cells[0].batch_size
    for _ in range(3):
        seen = torch.cat([program.batches.next()[0] for _ in range(whole)])
        assert len(seen.unique()) == len(seen)
