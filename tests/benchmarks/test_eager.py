"""The baseline does what ours does: a comparison with other maths compares nothing."""

import itertools

import pytest
import torch
from benchmarks import eager_beyond
from benchmarks.cases import CPU, data, later_cell, quick_cell
from benchmarks.eager import Eager
from benchmarks.eager_beyond import Beyond
from benchmarks.eager_decoupled import Decoupled
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.profiling.op_counter import count
from torch.utils.flop_counter import FlopCounterMode

RULES = [("no_bprop", None), ("backprop", None)]
RULES += [(rule, sg_layers) for rule in ("dni", "cdni") for sg_layers in range(3)]
SMALL = {"fcn": {"hidden_units": 24}, "cnn": {"filters": 4}}


def small(network, rule, sg_layers, **changes):
    """A program of few units and examples, and the same network as the baseline.

    M's last layer does not start at zero here: where it does, the gradient of its bias is the sum
    of a batch norm's gradient over the batch, zero but for rounding, which Adam takes at full rate.
    """
    changes |= SMALL[network] | ({"sg_units": 20} if sg_layers else {})
    cell = quick_cell(network, 3, rule, sg_layers, batch_size=16, **changes)
    few = data(200, 10)
    program = FeedForwardProgram([cell], few, CPU)
    eager = Eager(cell, few)
    ours = program.network.weights.named | program.network.weights.statistics
    theirs = eager.state()
    assert theirs.keys() == ours.keys()
    with torch.no_grad():
        for name, value in theirs.items():
            if ".output." in name:
                ours[name].normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
            value.copy_(ours[name][0])
    return program, eager, ours, theirs


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("network", SMALL)
@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_the_baseline_computes_what_ours_computes(network, rule, sg_layers, precision, tolerance):
    program, eager, ours, theirs = small(network, rule, sg_layers, precision=precision)
    before = {name: value.clone() for name, value in ours.items()}
    for _ in range(3):
        index = program.batches.next()
        with torch.no_grad():
            images, labels = program.batches.take(index)
            program.update(program.network.architecture.pack(images), labels)
        eager.update(index[0])
    moved = {name for name, value in ours.items() if not torch.equal(value, before[name])}
    assert "classifier.weight" in moved
    assert ("hidden0.weight" in moved) == (rule != "no_bprop")
    assert {name.split(".")[0] for name in moved} >= {f"sg{i}" for i in range(len(eager.models))}
    for name, value in theirs.items():
        assert (value - ours[name][0]).norm() <= tolerance * ours[name].norm(), name


def small_beyond(rule, depth=4, **changes):
    """A program of one of the rules that came later, and the same network as the baseline."""
    changes |= SMALL["fcn"]
    cell = later_cell(rule, depth, batch_size=16, **changes)
    few = data(200, 10)
    with torch.inference_mode():
        program = FeedForwardProgram([cell], few, CPU)
    drawn = shared_noise(program.network.noise)
    kept = {name: matrix[0].clone() for name, matrix in program.network.kept.items()}
    eager = Beyond(cell, few, kept, lambda count: drawn[-1])
    ours = program.network.weights.named | program.network.weights.statistics
    theirs = eager.state()
    assert theirs.keys() == ours.keys()
    with torch.no_grad():
        for name, value in theirs.items():
            value.copy_(ours[name][0])
    return program, eager, ours, theirs


def shared_noise(noise):
    """What a program draws from its noise from now on, in the order of the draws."""
    drawn, draw = [], noise.uniform

    def uniform(name, shape):
        found = draw(name, shape)
        drawn.append(found[0].clone())
        return found

    noise.uniform = uniform
    return drawn


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("rule", eager_beyond.RULES)
def test_the_baseline_of_later_rules_computes_what_ours_computes(rule, precision, tolerance):
    program, eager, ours, theirs = small_beyond(rule, precision=precision)
    before = {name: value.clone() for name, value in ours.items()}
    for _ in range(3):
        with torch.inference_mode():
            index = program.batches.next()
            images, labels = program.batches.take(index)
            program.update(program.network.architecture.pack(images), labels)
        eager.update(index[0].clone())
    moved = {name for name, value in ours.items() if not torch.equal(value, before[name])}
    learns = rule not in ("mono_forward", "forward_forward")
    assert ("classifier.weight" in moved) == learns
    assert {name.split(".")[0] for name in moved} >= {f"hidden{i}" for i in range(3)}
    for name, value in theirs.items():
        assert (value - ours[name][0]).norm() <= tolerance * ours[name].norm(), name


@pytest.mark.parametrize("rule", eager_beyond.RULES)
def test_the_baseline_of_later_rules_does_the_products_of_the_step(rule):
    program, eager, _, _ = small_beyond(rule)
    with torch.inference_mode():
        index = program.batches.next()
        images, labels = program.batches.take(index)
        x = program.network.architecture.pack(images)
        ours = count(lambda: program.update(x, labels))
    theirs = count(lambda: eager.update(index[0].clone()))
    cell = program.cells[0]
    pairs = 2 * cell.batch_size**2 * cell.hidden_units if "sim" in rule else 0
    # similarity is symmetric, so ours needs one product a layer for its gradient, autograd two
    assert theirs.flops - ours.flops == (cell.depth - 1) * pairs


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("rule", ["dni", "cdni"])
@pytest.mark.parametrize("decoupled", ["update", "both"])
def test_the_baseline_with_coins_computes_what_ours_computes(decoupled, rule, lean):
    changes = {"decoupled": decoupled, "p_update": 0.5, "precision": "float64"}
    if decoupled == "both":
        changes |= {"si_layers": 1, "si_units": 12}
    cell = quick_cell("fcn", 4, rule, 1, batch_size=16, hidden_units=24, sg_units=20, **changes)
    few = data(200, 10)
    program, eager = FeedForwardProgram([cell], few, CPU), Decoupled(cell, few, lean=lean)
    ours = program.network.weights.named | program.network.weights.statistics
    theirs = eager.state()
    assert theirs.keys() == ours.keys()
    with torch.no_grad():
        for name, value in theirs.items():
            if ".output." in name:
                ours[name].normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
            value.copy_(ours[name][0])
    for free in itertools.product((False, True), repeat=4):
        index = program.batches.next()
        with torch.no_grad():
            images, labels = program.batches.take(index)
            program.update(program.network.architecture.pack(images), labels, [free])
        eager.update(index[0], free)
    for name, value in theirs.items():
        if (
            lean
            or not name.startswith(("sg", "si"))
            or name not in program.network.weights.statistics
        ):
            assert (value - ours[name][0]).norm() <= 1e-9 * ours[name].norm(), name


@pytest.mark.parametrize("network", SMALL)
@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_the_baseline_does_the_products_of_the_step(network, rule, sg_layers):
    program, eager, _, _ = small(network, rule, sg_layers)
    index = program.batches.next()
    counts = []
    with torch.no_grad():
        images, labels = program.batches.take(index)
        x = program.network.architecture.pack(images)
    for grad, step in (
        (False, lambda: program.update(x, labels)),
        (True, lambda: eager.update(index[0])),
    ):
        with torch.set_grad_enabled(grad), FlopCounterMode(display=False) as counter:
            step()
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1]
