"""cDNI: the label reaches the models M and nothing else."""

import pytest
import torch
from reference.programs import (
    batches,
    differing,
    gradients,
    program_of,
    tiny_cell,
    update,
)

every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])
every_m = pytest.mark.parametrize("sg_layers", [0, 1, 2])
synthetic_rules = pytest.mark.parametrize("rule", ["dni", "cdni"])


def one_update(program, labels=None):
    """One update on fixed examples; returns its gradients by name."""
    update(program, next(batches(program, 1)), labels)
    return gradients(program)


@every_network
@every_m
def test_labels_reach_m_and_nothing_else_in_cdni(sg_layers, network):
    """Other labels for M alone: the forward pass, the loss and the classifier do not notice."""
    cell = tiny_cell("cdni", network, sg_layers=sg_layers)
    one, other = program_of(cell), program_of(cell)
    for model in other.network.models:

        def with_labels(h, one_hot, join=model.with_labels):
            return join(h, one_hot.roll(1, 1))

        model.with_labels = with_labels
    gradients_one, gradients_other = one_update(one), one_update(other)
    unchanged = {"classifier.weight", "classifier.bias"}
    assert differing(gradients_one, gradients_other) == set(gradients_one) - unchanged
    for name, view in one.network.weights.statistics.items():
        same = torch.equal(view, other.network.weights.statistics[name])
        assert same == name.startswith("hidden") or ".hidden1." in name, name


@every_network
@every_m
def test_cdni_depends_on_the_label_and_dni_does_not(sg_layers, network):
    for rule in ("dni", "cdni"):
        program = program_of(tiny_cell(rule, network, sg_layers=sg_layers))
        images, labels = program.batches.take(next(batches(program, 1)))
        h = program.network.architecture.pack(images)
        for layer, model in zip(program.network.hidden, program.network.models, strict=True):
            h, _ = layer(h)
            given, _ = model(h, program.network.encode(labels))
            changed, _ = model(h, program.network.encode((labels + 1) % 10))
            assert torch.equal(given, changed) == (rule == "dni")
