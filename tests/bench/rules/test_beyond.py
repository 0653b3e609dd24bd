"""Rules and fields beyond the paper: every update against NumPy float64, weight by weight."""

import numpy as np
import pytest
import torch
from reference.beyond import Beyond
from reference.beyond_state import random_noise, random_state
from reference.programs import CHANNELS, SIZE, arrays, batches, examples, program_of, tiny_cell

RULES = {
    **dict.fromkeys(
        ("fa", "dfa", "drtp", "local_pred", "local_sim", "local_predsim"), ("fcn", "cnn")
    ),
    "deep_supervision": ("fcn", "cnn"),
    "mono_forward": ("fcn",),
    "forward_forward": ("fcn",),
}
OLD_RULES = ("no_bprop", "top_only", "backprop", "dni", "cdni")
FIELDS = {
    "as the paper": {},
    "RMSprop, sigmoid loss": {"optimizer": "rmsprop", "loss_function": "sigmoid"},
}
FCN_FIELDS = {
    "tanh, no norm": {"activation": "tanh", "norm": "none"},
    "ReLU, no norm, dropout": {"norm": "none", "dropout": 0.25},
    "leaky ReLU, dropout": {"activation": "leaky_relu", "dropout": 0.5},
    "all": {
        "activation": "tanh",
        "norm": "none",
        "dropout": 0.3,
        "optimizer": "rmsprop",
        "loss_function": "sigmoid",
    },
}
CASES = [
    *((r, n, f) for r, networks in RULES.items() for n in networks for f in FIELDS),
    *((rule, "fcn", fields) for rule in (*RULES, *OLD_RULES) for fields in FCN_FIELDS),
    *((rule, n, "RMSprop, sigmoid loss") for rule in OLD_RULES for n in ("fcn", "cnn")),
]
OTHER_NUMBERS = [
    ("local_predsim", {"sim_weight": 0.3}),
    ("deep_supervision", {"top_weight": 0.25}),
    ("deep_supervision", {"top_weight": 0.0}),
    ("mono_forward", {"mf_sum": 1}),
    ("forward_forward", {"ff_threshold": 0.4}),
]


@pytest.mark.parametrize(("rule", "network", "fields"), CASES)
def test_updates_are_those_of_the_reference(rule, network, fields):
    follow(rule, network, **{**FIELDS, **FCN_FIELDS}[fields])


@pytest.mark.parametrize(("rule", "numbers"), OTHER_NUMBERS)
def test_updates_with_other_hyperparameters(rule, numbers):
    follow(rule, "fcn", **numbers)


def test_convolutional_updates_with_another_top_weight():
    follow("deep_supervision", "cnn", top_weight=0.25)


def follow(rule, network, **fields):
    """Hold three updates, and what the network then predicts, against the reference."""
    model = {"sg_layers": 0} if rule in ("dni", "cdni") else {}
    cell = tiny_cell(rule, network, depth=3 if network == "cnn" else 4, **model, **fields)
    program = program_of(cell, randomised=False)
    rng = np.random.default_rng(3)
    units = cell.hidden_units or cell.filters
    weights, statistics, kept = random_state(
        rng,
        rule=rule,
        network=network,
        depth=cell.depth,
        channels=CHANNELS,
        size=SIZE,
        units=units,
        kernel=cell.kernel_size,
        norm=cell.chosen("norm"),
    )
    for views, values in (
        (program.weights.named, weights),
        (program.weights.statistics, statistics),
        (program.kept, kept),
    ):
        assert set(views) == set(values)
        for name, value in values.items():
            views[name][0].copy_(torch.as_tensor(value))
    reference = Beyond(
        *(rule, network, cell.depth, weights, statistics, cell.learning_rate, kept),
        hyperparameters=dict(cell.hyperparameters)
        | ({"sg_scale": cell.sg_scale} if cell.sg_scale else {}),
        activation=cell.chosen("activation"),
        norm=cell.chosen("norm"),
        optimizer=cell.chosen("optimizer"),
        loss=cell.chosen("loss_function"),
        dropout=cell.chosen("dropout"),
    )
    for index in batches(program, 3):
        x, labels = examples(index)
        noise = random_noise(rng, reference, len(x), units)
        program.network.noise = Given(noise)
        for block in program.network.blocks():
            block.listen(program.network.noise)
        trace = reference.step(x, labels, **noise)
        images, true = program.batches.take(index)
        program.update(program.network.architecture.pack(images), true)
        same(arrays(program.weights.views(program.weights.grads)), trace.gradients, missing=0.0)
        same(arrays(program.weights.named), reference.weights)
        same(arrays(program.weights.statistics), reference.statistics)
    images = program.batches.test = program.batches.held_images
    wrong, loss = reference.evaluated_loss(
        images.double().numpy() / 16, program.batches.held_labels.numpy()
    )
    assert program.evaluate("held")[0][0] == pytest.approx(wrong)
    assert program.evaluate("held")[1][0] == pytest.approx(loss, rel=1e-9)


def same(mine, theirs, missing=None):
    for name, value in mine.items():
        want = theirs.get(name, missing) if missing is not None else theirs[name]
        np.testing.assert_allclose(value, want, rtol=1e-8, atol=1e-10, err_msg=name)


class Given:
    """Noise that is what the reference was given: masks [B, units] of each h, and u [B]."""

    def __init__(self, noise):
        self.noise = noise

    def uniform(self, name, shape):
        if name == "wrong labels":
            found = torch.as_tensor(self.noise["u"])
        else:
            layer = name.removeprefix("dropout/").removeprefix("hidden")
            masks = self.noise["masks"]
            above = len(masks) if layer == "classifier" else int(layer)
            found = torch.as_tensor(masks[above - 1].T.copy())  # 0 is dropped, 1 is kept
        assert found.shape == torch.Size(shape)
        return found[None].float()
