"""The fully connected architecture: its layers, its models, and how tensors lie in it."""

import pytest
import torch
from reference.programs import tiny_cell
from sgbench.bench.errors import UsageError
from sgbench.bench.networks import fcn

IMAGE = (2, 3, 4)


def test_hidden_layers_have_no_bias_before_batch_norm():
    layers = fcn.hidden_layers(tiny_cell("backprop", depth=4), IMAGE)
    assert [layer.shapes for layer in layers] == [
        {f"hidden{i}.weight": (6, n), f"hidden{i}.gamma": (6,), f"hidden{i}.beta": (6,)}
        for i, n in enumerate((24, 6, 6))
    ]


@pytest.mark.parametrize("labels", [0, 10])
def test_m_reads_labels_too_where_it_is_conditioned(labels):
    model = fcn.synthetic_gradient(tiny_cell("cdni", sg_layers=2), 1, labels).shapes
    assert [shape for name, shape in model.items() if name.endswith("weight")] == [
        (7, 6 + labels),
        (7, 7),
        (6, 7),
    ]
    linear = fcn.synthetic_gradient(tiny_cell("cdni", sg_layers=0), 1, labels).shapes
    assert linear == {"sg1.output.weight": (6, 6 + labels), "sg1.output.bias": (6,)}


def test_i_reads_the_images():
    cell = tiny_cell("dni", decoupled="both", p_update=0.5, si_layers=1, si_units=5)
    shapes = fcn.synthetic_input(cell, 2, IMAGE).shapes
    assert shapes["si2.hidden0.weight"] == (5, 24)
    assert shapes["si2.last.weight"] == (6, 5)


def test_a_size_that_is_missing_is_an_error():
    with pytest.raises(UsageError, match="filters is needed"):
        tiny_cell("backprop").need("filters")
    with pytest.raises(UsageError, match="hidden_units is needed"):
        fcn.hidden_layers(tiny_cell("backprop", "cnn"), IMAGE)


def test_the_batch_lies_innermost():
    images = torch.rand(3, 5, *IMAGE)
    x = fcn.pack(images)
    assert x.shape == (3, 24, 5)
    assert torch.equal(x[1, :, 2], images[1, 2].flatten())
    joined = fcn.with_labels(x, torch.ones(3, 10, 5))
    assert joined.shape == (3, 34, 5)
    assert torch.equal(joined[:, :24], x)
    assert fcn.per_replica(torch.tensor([1.0, 2, 3]), tiny_cell("dni")).shape == (3, 1, 1)
    assert torch.equal(fcn.unflatten(fcn.flatten(x, 3), x.shape), x)
