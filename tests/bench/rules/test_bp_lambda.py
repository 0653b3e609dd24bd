"""BP(lambda) of the package against its NumPy reference: all that a step changes."""

import pytest
from reference.decoupled import bp_lambda_step
from reference.programs import arrays, examples, tiny_cell
from reference.side_by_side import assert_steps_agree, program_of

every_m = pytest.mark.parametrize("sg_layers", range(3))
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


def cell_of(bp_lambda, network="fcn", **changes):
    cell = tiny_cell("dni", network, **changes)
    return cell.replace(rule="bp_lambda", bp_lambda=bp_lambda)


def assert_agrees(*cells):
    program = program_of(*cells)

    def train(_, x, labels):
        program.update(x, labels)

    def follow(_, replica, *state):
        cell = cells[replica]
        return bp_lambda_step(
            *state, bp_lambda=cell.value("bp_lambda"), conditioned=False, S=cell.sg_scale
        )

    assert_steps_agree(program, 3, train, follow)


@every_network
@every_m
@pytest.mark.parametrize("bp_lambda", [0.0, 0.3, 1.0])
def test_three_steps(bp_lambda, sg_layers, network):
    assert_agrees(cell_of(bp_lambda, network, sg_layers=sg_layers))


@every_network
@pytest.mark.parametrize("depth", [3, 6])
def test_other_depths(depth, network):
    assert_agrees(cell_of(0.7, network, depth=depth))


@every_network
def test_replicas_with_a_lambda_a_scale_and_a_rate_each(network):
    own = ((0.0, 3, 3.0, 0.02), (0.4, 1, 40.0, 0.005), (1.0, 2, 0.5, 0.02))
    assert_agrees(
        *(
            cell_of(bp_lambda, network, seed=seed, sg_scale=scale, learning_rate=rate)
            for bp_lambda, seed, scale, rate in own
        )
    )


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
