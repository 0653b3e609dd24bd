"""Local similarity matching: of a layer and its map alone, and blind to what a label is called."""

import pytest
import torch
from reference.programs import batches, differing, gradients, program_of, tiny_cell, update
from sgbench.bench.rules._similarity import loss


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_labels_count_by_which_are_alike(network):
    """Named otherwise, one for one, they teach the hidden layers and maps the same."""
    found, wanted = (program_of(tiny_cell("local_sim", network), randomised=False) for _ in "ab")
    (index,) = batches(found, 1)
    labels = found.batches.take(index)[1]
    renamed = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])[labels]
    update(found, index, renamed)
    update(wanted, index)
    one, other = gradients(found), gradients(wanted)
    for name in one:
        close = torch.allclose(one[name], other[name], rtol=1e-9, atol=1e-14)
        assert close == (not name.startswith("classifier")), name


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_a_map_teaches_its_own_layer_alone(network):
    found, wanted = (program_of(tiny_cell("local_sim", network), randomised=False) for _ in "ab")
    found.weights.named["map1.weight"].add_(0.3).mul_(-1)
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    changed = differing(gradients(found), gradients(wanted))
    assert {name.split(".")[0] for name in changed} == {"hidden1", "map1"}


def test_twice_the_map_is_the_same_loss():
    found, wanted = (program_of(tiny_cell("local_sim"), randomised=False) for _ in "ab")
    found.weights.named["map0.weight"].mul_(2)
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    one, other = gradients(found), gradients(wanted)
    torch.testing.assert_close(one["hidden0.weight"], other["hidden0.weight"], rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(2 * one["map0.weight"], other["map0.weight"], rtol=1e-3, atol=1e-6)


def test_a_batch_of_one_class_is_drawn_together():
    program = program_of(tiny_cell("local_sim", hidden_units=24), randomised=False)
    network, (index,) = program.network, batches(program, 1)
    images, labels = program.batches.take(index)
    x, alike = network.architecture.pack(images), torch.zeros_like(labels)

    def apart():
        with network.untracked():
            z, _ = network.maps[0](network.hidden[0](x)[0])
        return float(loss(z, torch.ones(1, 9, 9, dtype=z.dtype)))

    before = apart()
    for _ in range(60):
        update(program, index, alike)
    assert apart() < 0.5 * before
