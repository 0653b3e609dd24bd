"""Rules and fields beyond the paper: what their training does, is resumed by, and learns."""

import numpy as np
import pytest
import torch
from reference.programs import CPU, batches, everything, program_of, tiny_cell, update
from sgbench.bench.datasets import load
from sgbench.bench.families.feedforward import FAMILY
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.training import checkpoint

NETWORKS = ("fcn", "cnn")
LOCAL = [
    *((rule, n) for rule in ("drtp", "local_pred", "local_sim", "local_predsim") for n in NETWORKS),
    *(("mono_forward", "fcn"), ("forward_forward", "fcn")),
]


@pytest.mark.parametrize(("rule", "network"), LOCAL)
def test_what_lies_above_moves_nothing_below(rule, network):
    """With other weights above a layer, its update, moments and all, is the same bit for bit."""
    for below in (1, 2):
        found, other = (program_of(tiny_cell(rule, network), randomised=False) for _ in "ab")
        for index in batches(found, 2):  # heads are not at zero any more
            update(found, index)
            update(other, index)
        kept = tuple(f"{kind}{i}." for kind in ("hidden", "head", "map") for i in range(below))
        for name, view in other.weights.named.items():
            if not name.startswith(kept):
                view.mul_(-1.5).add_(0.1)
        (index,) = batches(found, 1, seed=8)
        update(found, index)
        update(other, index)
        one, two = everything(found), everything(other)
        for (kind, name), value in one.items():
            if name.startswith(kept):
                np.testing.assert_array_equal(value, two[kind, name], err_msg=f"{kind} {name}")
        assert not np.array_equal(one["weight", "hidden2.weight"], two["weight", "hidden2.weight"])


# Test error in percent after 300 updates of the fcn and 150 of the cnn: twice what was seen at
# most of four seeds. Chance is 90; with hidden layers that do not learn it is about 11 and 28.
LEARNED = {
    ("fa", "fcn"): 6,
    ("dfa", "fcn"): 6,
    ("drtp", "fcn"): 9,
    ("local_pred", "fcn"): 6,
    ("local_sim", "fcn"): 6,
    ("local_predsim", "fcn"): 6,
    ("mono_forward", "fcn"): 6,
    ("forward_forward", "fcn"): 9,
    ("deep_supervision", "fcn"): 5,
    ("fa", "cnn"): 15,
    ("dfa", "cnn"): 20,
    ("drtp", "cnn"): 25,
    ("local_pred", "cnn"): 15,
    ("local_sim", "cnn"): 22,
    ("local_predsim", "cnn"): 22,
    ("deep_supervision", "cnn"): 8,
}


def trained(rule, network, seed=0, **fields):
    """A program after a short training on scikit-learn's digits."""
    sizes = {"hidden_units": 64} if network == "fcn" else {"filters": 16}
    cell = tiny_cell(
        *(rule, network),
        depth=3,
        seed=seed,
        precision="float32",
        batch_size=64,
        learning_rate=3e-3,
        iterations=300 if network == "fcn" else 150,
        **sizes | fields,
    )
    with FAMILY.grad_mode():
        program = FeedForwardProgram([cell], load("digits"), CPU)
        while program.iteration < cell.iterations:
            program.step()
        return program.evaluate("held")[0][0]


@pytest.mark.parametrize(("rule", "network"), LEARNED)
def test_digits_are_learned(rule, network):
    assert trained(rule, network) < LEARNED[rule, network]


@pytest.mark.parametrize("rule", ["backprop", "dfa", "local_predsim", "mono_forward"])
def test_digits_are_learned_by_another_protocol(rule):
    """Moved by a pixel, with dropout, standardised, leaky, in smaller last batches."""
    fields = {"jitter": 1, "dropout": 0.1, "input_norm": "standard", "activation": "leaky_relu"}
    assert trained(rule, "fcn", last_batch="smaller", **fields) < 15


def test_digits_are_learned_by_forward_forward_of_bounded_units():
    """The square of a tanh is below one, so the threshold has to be."""
    fields = {"activation": "tanh", "dropout": 0.1, "last_batch": "smaller"}
    assert trained("forward_forward", "fcn", ff_threshold=0.3, **fields) < 10


@pytest.mark.parametrize("rule", ["backprop", "fa", "dfa"])
def test_digits_are_learned_as_in_the_paper_of_direct_feedback(rule):
    """Tanh without batch norm, RMSprop, sigmoid outputs, weights that start at zero."""
    fields = {"activation": "tanh", "norm": "none", "optimizer": "rmsprop"}
    zero = {} if rule == "backprop" else {"zero_init": "all"}
    assert trained(rule, "fcn", loss_function="sigmoid", **fields, **zero) < 10


FIELDS_WITH_NOISE = {"dropout": 0.3, "jitter": 1, "flip": "horizontal", "last_batch": "smaller"}


@pytest.mark.parametrize("rule", ["backprop", "forward_forward", "local_predsim"])
@pytest.mark.parametrize("updates", [1, 6, 7])
def test_resumed_with_all_that_is_drawn_it_goes_on_bit_for_bit(rule, updates, tmp_path):
    """A pass is seven updates, the last of six examples."""
    cells = [tiny_cell(rule, seed=seed, **FIELDS_WITH_NOISE) for seed in (0, 1)]
    whole = program_of(*cells, randomised=False)
    for _ in range(updates):
        whole.step()
    checkpoint.save(tmp_path / "it.pt", "me", whole.state())
    for _ in range(9):
        whole.step()
    resumed = program_of(*cells, randomised=False)
    resumed.step()  # what it did before does not matter
    resumed.restore(checkpoint.load(tmp_path / "it.pt", "me"))
    for _ in range(9):
        resumed.step()
    assert torch.equal(whole.weights.flat, resumed.weights.flat)
    assert torch.equal(whole.weights.flat.isfinite(), torch.ones_like(whole.weights.flat) > 0)
    assert whole.evaluate("held") == resumed.evaluate("held")
    for one, other in zip(whole.moments(), resumed.moments(), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("rule", ["backprop", "forward_forward", "local_predsim"])
def test_each_replica_draws_what_it_draws_alone(rule):
    cells = [tiny_cell(rule, seed=seed, **FIELDS_WITH_NOISE) for seed in (0, 1, 2)]
    together = program_of(*cells, randomised=False)
    alone = [program_of(cell, randomised=False) for cell in cells]
    for program in (together, *alone):
        for _ in range(9):
            program.step()
    for replica, program in enumerate(alone):
        torch.testing.assert_close(
            together.weights.flat[replica], program.weights.flat[0], rtol=1e-9, atol=1e-10
        )


@pytest.mark.parametrize("rule", ["backprop", "cdni", "local_predsim", "forward_forward"])
def test_to_watch_training_draws_nothing(rule):
    cell = tiny_cell(rule, **FIELDS_WITH_NOISE)
    watched, plain = (program_of(cell, randomised=False) for _ in "ab")
    for program in (watched, plain):
        program.step()
    watched.probe()
    watched.evaluate("held")
    watched.evaluate_all()
    for program in (watched, plain):
        program.step()
    assert torch.equal(watched.weights.flat, plain.weights.flat)
