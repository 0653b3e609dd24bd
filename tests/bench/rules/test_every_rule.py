"""Every feed-forward rule against the independent NumPy reference: all that a step changes."""

import numpy as np
import pytest
import torch
from reference.programs import (
    batches,
    everything,
    everything_of,
    examples,
    gradients,
    held_examples,
    moved,
    program_of,
    random_data,
    reference_of,
    tiny_cell,
    update,
)
from reference.table1 import Table1
from sgbench.bench.nn import products

RULES = [
    ("no_bprop", None),
    ("top_only", None),
    ("backprop", None),
    *((rule, sg_layers) for rule in ("dni", "cdni") for sg_layers in range(3)),
]
every_rule = pytest.mark.parametrize(("rule", "sg_layers"), RULES)
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


@pytest.fixture(scope="module")
def measured():
    return {found.name: found for found in products.measure(rounds=1)}


@pytest.fixture(params=products.available())
def back_end(request, measured):
    if measured[request.param].error > products.TOLERANCE:
        pytest.skip(f"{request.param} is not exact enough here, so nothing trains through it")
    products.use(request.param)
    yield request.param
    products.use(products.available()[0])


def relative(got, want):
    """Distance relative to the size of `want`, as vectors; absolute where `want` is zero."""
    size = np.linalg.norm(want)
    return np.linalg.norm(got - want) / (size if size > 0 else 1.0)


def steps(program, count=3):
    """Train program and reference side by side; yield (what, program's, reference's) values.

    What: weights, statistics, moments and, since moments remember others, the step's gradients.
    """
    reference = reference_of(program)
    for index in batches(program, count):
        update(program, index)
        trace = reference.step(*examples(index))
        got, want = everything(program), everything_of(reference)
        for name, gradient in trace.gradients.items():
            got["gradient", name] = gradients(program)[name][0].double().numpy()
            want["gradient", name] = gradient
        assert set(got) == set(want)
        for what in want:
            yield what, got[what], want[what]


@every_network
@every_rule
def test_three_steps_in_float64(rule, sg_layers, network):
    program = program_of(tiny_cell(rule, network, sg_layers=sg_layers))
    for what, got, want in steps(program):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10, err_msg=str(what))
        assert relative(got, want) < 1e-10, what


@every_network
@every_rule
def test_three_steps_in_float32_through_every_back_end(rule, sg_layers, network, back_end):
    # Wide enough that oneDNN takes the products: torch computes tiny ones itself.
    wide = {"hidden_units": 48} if network == "fcn" else {"filters": 16}
    width = {"sg_units": 56} if sg_layers else {}
    cell = tiny_cell(
        rule, network, sg_layers=sg_layers, precision="float32", batch_size=40, **wide, **width
    )
    program = program_of(cell)
    warm_up_adam(program)
    for what, got, want in steps(program):
        assert relative(got, want) < 1e-4, (what, back_end)


def warm_up_adam(program):
    """Random moments of the size of the gradients, as in the midst of training.

    Adam's first step is the sign of the gradient: from empty moments, a gradient that float32
    rounds through zero moves its weight the other way.
    """
    rng = np.random.default_rng(11)
    (index,) = batches(program, 1, seed=12)
    first, second = program.moments()
    for name, gradient in reference_of(program).trace(*examples(index)).gradients.items():
        size, shape = np.sqrt((gradient**2).mean()) + 1e-6, gradient.shape
        first[name][0].copy_(torch.as_tensor(rng.normal(0, size, shape)))
        second[name][0].copy_(torch.as_tensor(rng.uniform(0.5, 2, shape) * size**2))


@every_network
@pytest.mark.parametrize(("rule", "sg_layers"), [("dni", 0), ("cdni", 2)])
@pytest.mark.parametrize("frozen_below", [1, 2])
def test_three_steps_above_frozen_layers(rule, sg_layers, network, frozen_below):
    cells = (
        tiny_cell(rule, network, sg_layers=sg_layers, seed=seed, frozen_below=frozen_below)
        for seed in (0, 3)
    )
    for what, got, want in steps(program_of(*cells)):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10, err_msg=str(what))


@pytest.mark.parametrize("kernel_size", [1, 5])
@pytest.mark.parametrize("depth", [2, 3, 6])
def test_other_depths_and_kernels(depth, kernel_size):
    for network, kernel in (("fcn", None), ("cnn", kernel_size)):
        cell = tiny_cell("cdni", network, depth=depth, kernel_size=kernel)
        for what, got, want in steps(program_of(cell), count=2):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10, err_msg=str(what))


@every_network
def test_m_scale_changes_what_m_regresses_and_not_the_first_synthetic_gradient(network):
    deltas = []
    for scale in (1.0, 256.0):
        program = program_of(tiny_cell("dni", network, sg_layers=0, sg_scale=scale))
        for name, view in program.network.weights.named.items():
            if ".output." in name:
                view.mul_(scale)
        reference = reference_of(program)
        index = next(batches(program, 1))
        trace = reference.trace(*examples(index))
        update(program, index)
        deltas.append(
            program.network.weights.views(program.network.weights.grads)["hidden1.weight"].clone()
        )
        np.testing.assert_allclose(deltas[-1][0].numpy(), trace.gradients["hidden1.weight"])
    torch.testing.assert_close(*deltas)


@every_network
@every_rule
def test_evaluation_uses_the_running_statistics(rule, sg_layers, network):
    program = program_of(tiny_cell(rule, network, sg_layers=sg_layers))
    before, data = everything(program), random_data()
    reference = reference_of(program)
    for which, images, labels in (
        ("held", data.test_images, data.test_labels),
        ("train", data.train_images, data.train_labels),
    ):
        (error,), (loss,) = program.evaluate(which)
        want_error, want_loss = evaluated(reference, images / data.pixel_max, labels)
        assert error == pytest.approx(want_error, rel=1e-12)
        assert loss == pytest.approx(want_loss, rel=1e-10)
    after = everything(program)
    assert all(np.array_equal(before[what], after[what]) for what in before)
    for view in program.network.weights.statistics.values():
        view.mul_(2)
    assert program.evaluate("train")[1][0] != pytest.approx(loss, rel=1e-6)


def evaluated(reference, x, labels):
    logits = reference.evaluate(x)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    loss = -log_p[np.arange(len(labels)), labels].mean()
    return 100 * (logits.argmax(1) != labels).mean(), loss


@every_network
@every_rule
def test_probe_sees_what_the_reference_sees_and_changes_nothing(rule, sg_layers, network):
    program = program_of(tiny_cell(rule, network, sg_layers=sg_layers))
    before = everything(program)
    probe = program.probe()
    after = everything(program)
    assert all(np.array_equal(before[what], after[what]) for what in before)

    reference = reference_of(program)
    x, labels = examples(program.batches.probe)
    trace = reference.trace(x, labels)
    assert probe.loss == pytest.approx([trace.loss])
    if sg_layers is None:
        assert probe.sg_loss is None
        assert probe.sg_cosine is None
        assert probe.sg_held_cosine is None
        return
    assert probe.sg_loss[0] == pytest.approx(trace.sg_losses)
    hidden = {n: w for n, w in reference.weights.items() if not n.startswith("sg")}
    backprop = Table1("backprop", network, reference.depth, hidden, reference.statistics, 1.0)

    def cosines(x, labels):
        pairs = zip(
            reference.trace(x, labels).deltas, backprop.trace(x, labels).deltas, strict=True
        )
        return [(s * t).sum() / np.linalg.norm(s) / np.linalg.norm(t) for s, t in pairs]

    assert probe.sg_cosine[0] == pytest.approx(cosines(x, labels))
    assert len(set(program.batches.held_probe[0].tolist())) == len(labels)
    assert probe.sg_held_cosine[0] == pytest.approx(
        cosines(*held_examples(program.batches.held_probe))
    )


@every_network
@pytest.mark.parametrize("rule", ["no_bprop", "top_only", "backprop", "dni", "cdni"])
def test_every_trained_weight_moves(rule, network):
    program = program_of(tiny_cell(rule, network, sg_layers=2))
    before = everything(program)
    for index in batches(program, 3):
        update(program, index)
    still = {"no_bprop": ("hidden",), "top_only": ("hidden0", "hidden1")}.get(rule, ())
    expected = {n for n in program.network.weights.named if not n.startswith(still)}
    assert moved(before, everything(program)) == expected
