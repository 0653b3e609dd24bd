"""Running statistics that wait for the end of a step: what they would be had they moved at once."""

import torch
from sgbench.bench.nn.blueprint import BatchNormSpec
from sgbench.bench.nn.dense import EPSILON, MOMENTUM, BatchNorm
from sgbench.bench.nn.running_statistics import RunningStatistics

R, UNITS, B = 3, 4, 5


def batch_norm(running=None):
    layer = BatchNorm(BatchNormSpec(UNITS, rectified=False))
    layer.running = running
    tensors = {name: torch.ones(R, UNITS) for name in ("gamma", "beta")}
    statistics = {"mean": torch.zeros(R, UNITS), "variance": torch.ones(R, UNITS)}
    layer.bind(tensors, {k: v.clone() for k, v in tensors.items()}, statistics)
    return layer


def inputs(count):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(R, UNITS, B, generator=generator) for _ in range(count)]


def moved(layer):
    return torch.stack([layer.mean, layer.variance])


def test_several_layers_move_together_to_the_same_bits():
    running = RunningStatistics(EPSILON, MOMENTUM)
    at_once, waiting = ([batch_norm(given) for _ in range(3)] for given in (None, running))
    for x in inputs(4):
        for one, other in zip(at_once, waiting, strict=True):
            before = moved(other).clone()
            one(x.clone(), True)
            other(x.clone(), True)
            assert torch.equal(moved(other), before)
        running.move()
        for one, other in zip(at_once, waiting, strict=True):
            assert torch.equal(moved(one), moved(other))


def test_a_layer_that_runs_twice_moves_twice():
    running = RunningStatistics(EPSILON, MOMENTUM)
    at_once, waiting = batch_norm(), batch_norm(running)
    for x in inputs(2):
        at_once(x.clone(), True)
        waiting(x.clone(), True)
    running.move()
    assert torch.equal(moved(at_once), moved(waiting))


def test_only_some_replicas_move():
    running = RunningStatistics(EPSILON, MOMENTUM)
    at_once, waiting, free = batch_norm(), batch_norm(running), batch_norm(running)
    (x,) = inputs(1)
    at_once(x.clone(), True)
    running.only = torch.tensor([True, False, True])
    waiting(x.clone(), True)
    running.only = None
    free(x.clone(), True)
    running.move()
    still = moved(batch_norm())
    torch.testing.assert_close(moved(waiting)[:, [0, 2]], moved(at_once)[:, [0, 2]])
    assert torch.equal(moved(waiting)[:, 1], still[:, 1])
    torch.testing.assert_close(moved(free), moved(at_once))


def test_nothing_that_was_not_tracked_moves():
    running = RunningStatistics(EPSILON, MOMENTUM)
    layer = batch_norm(running)
    layer(inputs(1)[0], False)
    running.move()
    assert torch.equal(moved(layer), moved(batch_norm()))
