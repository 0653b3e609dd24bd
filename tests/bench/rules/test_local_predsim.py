"""Both local losses: at weight 0 it is prediction, at weight 1 similarity matching."""

import pytest
import torch
from reference.programs import batches, gradients, program_of, tiny_cell, update


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize(("weight", "limit"), [(0.0, "local_pred"), (1.0, "local_sim")])
def test_at_the_ends_it_is_one_of_the_two_bit_for_bit(network, weight, limit):
    found = program_of(tiny_cell("local_predsim", network, sim_weight=weight), randomised=False)
    wanted = program_of(tiny_cell(limit, network), randomised=False)
    for index in batches(found, 4):
        update(found, index)
        update(wanted, index)
    for name, tensor in wanted.weights.named.items():
        assert torch.equal(found.weights.named[name], tensor), name
    other = {"local_pred": "map", "local_sim": "head"}[limit]  # what the loss without weight has
    fresh = program_of(found.cells[0], randomised=False)
    for name, tensor in found.weights.named.items():
        if name.startswith(other):
            assert torch.equal(tensor, fresh.weights.named[name]), name


def test_in_between_it_is_the_weighted_sum():
    def written(weight):
        program = program_of(tiny_cell("local_predsim", sim_weight=weight), randomised=False)
        for name, view in program.weights.named.items():
            if name.startswith("head"):  # they start at zero
                view.copy_(torch.linspace(-1, 1, view.numel(), dtype=view.dtype).view_as(view))
        (index,) = batches(program, 1)
        update(program, index)
        return gradients(program)

    pred, sim, both = written(0.0), written(1.0), written(0.3)
    for name, gradient in both.items():
        if not name.startswith("classifier"):
            wanted = 0.7 * pred[name] + 0.3 * sim[name]
            torch.testing.assert_close(gradient, wanted, rtol=1e-9, atol=1e-13, msg=name)
