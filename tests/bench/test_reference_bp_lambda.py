"""BP(lambda) of the package against its NumPy reference: all that a step changes."""

import dataclasses

import numpy as np
import pytest
import torch
from reference.decoupled import Adam, bp_lambda_step
from reference.programs import CPU, arrays, batches, examples, gradients, random_data, tiny_cell
from reference.programs import update as update_program
from reference.table1 import random_state
from sgbench.bench.program import Program

every_m = pytest.mark.parametrize("sg_layers", range(3))
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


def cell_of(bp_lambda, network="fcn", **changes):
    return dataclasses.replace(
        tiny_cell("dni", network, **changes), rule="bp_lambda", bp_lambda=bp_lambda
    )


def program_of(*cells):
    """A program of `cells` in a random state, M's last layer included."""
    program = Program(cells, random_data(), CPU)
    weights = program.network.weights
    for replica, cell in enumerate(cells):
        values = random_state(
            np.random.default_rng(cell.seed),
            rule="dni",
            network=cell.network,
            depth=cell.depth,
            sg_layers=cell.sg_layers,
            channels=program.batches.images.shape[1],
            size=program.batches.images.shape[2],
            units=cell.hidden_units or cell.filters,
            kernel=cell.kernel_size,
            sg_units=cell.sg_units,
        )
        for views, by_name in zip((weights.named, weights.statistics), values, strict=True):
            assert set(views) == set(by_name)
            for name, value in by_name.items():
                views[name][replica].copy_(torch.as_tensor(value))
    return program


def assert_steps_agree(program, count=3):
    """Train program and reference side by side, each replica with its own examples."""
    replicas = range(len(program.cells))
    named, statistics = program.network.weights.named, program.network.weights.statistics
    weights = [arrays(named, r) for r in replicas]
    tracked = [arrays(statistics, r) for r in replicas]
    adams = [Adam(w, c.learning_rate) for w, c in zip(weights, program.cells, strict=True)]
    for index in batches(program, count):
        update_program(program, index)
        for r, cell in enumerate(program.cells):
            found, tracked[r] = bp_lambda_step(
                weights[r],
                tracked[r],
                *examples(index, r),
                bp_lambda=cell.bp_lambda,
                conditioned=False,
                S=cell.sg_scale,
            )
            weights[r] = adams[r].step(weights[r], found)
            first, second = program.moments()
            for views, want in (
                (gradients(program), found),
                (named, weights[r]),
                (statistics, tracked[r]),
                (first, adams[r].first),
                (second, adams[r].second),
            ):
                got = arrays(views, r)
                assert set(got) == set(want)
                for name, value in want.items():
                    distance = np.linalg.norm(got[name] - value)
                    assert distance <= 1e-10 * max(np.linalg.norm(value), 1e-3), (r, name)


@every_network
@every_m
@pytest.mark.parametrize("bp_lambda", [0.0, 0.3, 1.0])
def test_three_steps(bp_lambda, sg_layers, network):
    assert_steps_agree(program_of(cell_of(bp_lambda, network, sg_layers=sg_layers)))


@every_network
@pytest.mark.parametrize("depth", [2, 3, 6])
def test_other_depths(depth, network):
    assert_steps_agree(program_of(cell_of(0.7, network, depth=depth)))


@every_network
def test_replicas_with_a_lambda_a_scale_and_a_rate_each(network):
    cells = [
        cell_of(value, network, seed=seed, sg_scale=scale, learning_rate=rate)
        for value, seed, scale, rate in (
            (0.0, 3, 3.0, 0.02),
            (0.4, 1, 40.0, 0.005),
            (1, 2, 0.5, 0.02),
        )
    ]
    assert_steps_agree(program_of(*cells))


@every_network
def test_the_probe_regards_what_m_regresses(network):
    # With lambda above 0 the gradient that comes down, M's target, is the mixture's.
    program = program_of(cell_of(0.4, network))
    weights, statistics = program.network.weights.named, program.network.weights.statistics
    x, labels = examples(program.batches.probe)
    found, _ = bp_lambda_step(
        arrays(weights), arrays(statistics), x, labels, bp_lambda=0.4, conditioned=False, S=3.0
    )
    for name in ("sg0.output.weight", "sg2.output.weight"):
        # Not the bias: what comes through batch norm has no mean over the batch.
        weight, losses = weights[name][0].view(-1), []
        for sign in (1, -1):
            weight[0] += sign * 1e-5
            losses.append(program.probe().sg_loss[0][int(name[2])])
            weight[0] -= sign * 1e-5
        slope = (losses[0] - losses[1]) / 2e-5
        assert slope == pytest.approx(found[name].flat[0], rel=1e-6), name
