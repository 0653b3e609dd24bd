"""The convolutional architecture: its layers, its models, and how tensors lie in it."""

import pytest
import torch
from reference.programs import tiny_cell
from sgbench.bench.networks import cnn

IMAGE = (2, 7, 4)


def test_hidden_layers_pool_by_maximum_first_and_then_by_average():
    layers = cnn.hidden_layers(tiny_cell("backprop", "cnn", depth=4), IMAGE)
    weights = [layer.shapes[f"hidden{i}.weight"] for i, layer in enumerate(layers)]
    assert weights == [(4, 2, 3, 3), (4, 4, 3, 3), (4, 4, 3, 3)]
    pools = [part for layer in layers for name, part in layer.parts if name.endswith("pool")]
    assert [pool.maximum for pool in pools] == [True, False, False]
    shape, shapes = IMAGE, []
    for layer in layers:
        shape = layer.output(shape)
        shapes.append(shape)
    assert shapes == [(4, 4, 2), (4, 2, 1), (4, 1, 1)]


@pytest.mark.parametrize("labels", [0, 10])
def test_m_keeps_the_resolution_and_reads_labels_as_channels(labels):
    model = cnn.synthetic_gradient(tiny_cell("cdni", "cnn", sg_layers=1), 0, labels)
    assert model.shapes["sg0.hidden0.weight"] == (7, 4 + labels, 3, 3)
    assert model.shapes["sg0.output.weight"] == (4, 7, 3, 3)
    assert model.output((4 + labels, 5, 3)) == (4, 5, 3)


@pytest.mark.parametrize("channels", [1, 2])
def test_replicas_are_groups_of_channels_that_lie_last(channels):
    images = torch.rand(3, 5, channels, 7, 4)
    x = cnn.pack(images)
    assert x.shape == (5, 3 * channels, 7, 4)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x[2, channels : 2 * channels], images[1, 2])


def test_labels_are_constant_channels_of_each_replica():
    h, one_hot = torch.rand(5, 2 * 3, 4, 2), torch.zeros(2, 10, 5)
    one_hot[1, 7] = 1
    joined = cnn.with_labels(h, one_hot).view(5, 2, 13, 4, 2)
    assert torch.equal(joined[:, :, :3], h.view(5, 2, 3, 4, 2))
    assert (joined[:, 1, 3 + 7] == 1).all()
    assert joined[:, :, 3:].sum() == 5 * 4 * 2


def test_flatten_and_back():
    h = torch.rand(5, 2 * 4, 3, 2)
    flat = cnn.flatten(h, 2)
    assert flat.shape == (2, 24, 5)
    assert torch.equal(flat[1, :, 2], h[2, 4:].flatten())
    assert torch.equal(cnn.unflatten(flat, h.shape), h)
    values = cnn.per_replica(torch.tensor([1.0, 2.0]), tiny_cell("dni", "cnn"))
    assert values.flatten().tolist() == [1.0] * 4 + [2.0] * 4
