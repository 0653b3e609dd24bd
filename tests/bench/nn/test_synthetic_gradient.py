"""M: the loss that it learns, its scale S, and values a replica."""

import pytest
import torch
from reference.programs import CPU, program_of, tiny_cell
from sgbench.bench.nn.synthetic_gradient import by_replica


@pytest.mark.parametrize("sg_layers", [0, 1])
def test_learning_follows_the_slope_of_the_squared_error_and_leaves_h(sg_layers):
    program = program_of(tiny_cell("dni", sg_layers=sg_layers, sg_scale=3.0))
    model, batch = program.network.models[0], program.cells[0].batch_size
    source = torch.Generator().manual_seed(0)
    shape = (1, program.network.hidden_shapes[0][0], batch)
    h, target = (torch.rand(shape, generator=source, dtype=torch.float64) for _ in range(2))
    one_hot = torch.zeros(1, 10, batch, dtype=torch.float64)
    weight = program.weights.named["sg0.output.weight"]

    def loss():
        predicted, _ = model.predict(h, one_hot)
        return float((predicted - 3.0 * target).square().sum()) / batch

    kept = h.clone()
    _, learn = model(h, one_hot)
    learn(target)
    written = program.weights.views(program.weights.grads)["sg0.output.weight"].clone()
    assert torch.equal(h, kept)
    for at in ((0, 0, 0), (0, 1, 2)):
        before, step = float(weight[at]), 1e-6
        weight[at] = before + step
        above = loss()
        weight[at] = before - step
        slope = (above - loss()) / (2 * step)
        weight[at] = before
        assert float(written[at]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_prediction_is_divided_by_the_scale():
    one, other = (program_of(tiny_cell("dni", sg_scale=s)).network.models[0] for s in (1.0, 4.0))
    h = torch.ones(1, 6, 9, dtype=torch.float64)
    one_hot = torch.zeros(1, 10, 9, dtype=torch.float64)
    torch.testing.assert_close(one(h, one_hot)[0], 4 * other(h, one_hot)[0])


def test_values_that_agree_are_one_number_and_others_a_tensor():
    cell = tiny_cell("dni")

    def spread(column):
        return column.view(-1, 1, 1)

    assert by_replica([2.0, 2.0], cell, CPU, spread) == 2.0
    found = by_replica([2.0, 3.0], cell, CPU, spread)
    assert found.shape == (2, 1, 1)
    assert found.dtype == torch.float64
