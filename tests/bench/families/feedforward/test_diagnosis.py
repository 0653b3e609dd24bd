"""The diagnosis of M: against NumPy, and where its numbers are known beforehand."""

import numpy as np
import pytest
import torch
from reference.programs import everything, examples, program_of, reference_of, tiny_cell
from reference.table1 import Table1
from sgbench.bench.families.feedforward import diagnosis
from sgbench.bench.families.feedforward.diagnosis import diagnose, ridge

every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])
SMALL = {"batch_size": 4}  # of sixty examples: enough batches


def diagnosed(program):
    return diagnose(program.network, program.batches)


def cosine(one, other):
    return float(np.sum(one * other) / np.linalg.norm(one) / np.linalg.norm(other))


def traces(program, replica=0):
    """What the reference sees of each batch of the diagnosis: (x, labels, DNI's, backprop's)."""
    mine = reference_of(program, replica)
    weights = {n: w for n, w in mine.weights.items() if not n.startswith("sg")}
    statistics = {n: s for n, s in mine.statistics.items() if not n.startswith("sg")}
    true = Table1("backprop", mine.network, mine.depth, weights, statistics, 1.0)
    for index in program.batches.sample(program.batches.available):
        x, labels = examples(index, replica)
        yield labels, mine.trace(x, labels), true.trace(x, labels)


@every_network
@pytest.mark.parametrize(("rule", "sg_layers"), [("dni", 1), ("cdni", 0)])
def test_the_weight_cosine_against_numpy(rule, sg_layers, network):
    cells = [tiny_cell(rule, network, seed=seed, sg_layers=sg_layers, **SMALL) for seed in (0, 3)]
    program = program_of(*cells)
    found = diagnosed(program)
    for replica in range(2):
        said, true = np.zeros(3, object), np.zeros(3, object)
        for _, own, backprop in traces(program, replica):
            for i in range(3):
                said[i] = said[i] + own.gradients[f"hidden{i}.weight"]
                true[i] = true[i] + backprop.gradients[f"hidden{i}.weight"]
        expected = [cosine(said[i], true[i]) for i in range(3)]
        assert found.weight_cosine[replica] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("rule", ["dni", "cdni"])
def test_the_ridge_cosine_against_numpy(rule):
    program = program_of(tiny_cell(rule, sg_layers=0, **SMALL))
    seen, true = [[], [], []], [[], [], []]
    for labels, own, backprop in traces(program):
        for i in range(3):
            told = np.eye(10)[labels] if rule == "cdni" else np.zeros((len(labels), 0))
            seen[i].append(np.hstack([own.h[i], told]))
            true[i].append(backprop.deltas[i])
    (found,) = diagnosed(program).ridge_cosine
    for i in range(3):
        parts = (slice(0, 9), slice(9, 11), slice(11, 14))  # of fourteen batches
        fit, choose, held = ((np.vstack(seen[i][p]), np.vstack(true[i][p])) for p in parts)
        centre, offset = fit[0].mean(0), fit[1].mean(0)
        x, y, best = fit[0] - centre, fit[1] - offset, (-np.inf, 0.0)
        for penalty in diagnosis.PENALTIES:
            scale = penalty * (x**2).mean(0).mean() * len(x)
            slopes = np.linalg.solve(x.T @ x + scale * np.eye(x.shape[1]), x.T @ y)
            got = [
                cosine((some - centre) @ slopes + offset, wanted) for some, wanted in (choose, held)
            ]
            best = max(best, tuple(got))
        assert found[i] == pytest.approx(best[1], rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_ridge_reaches_the_share_that_is_linear(share):
    """y = W x + noise, of which W x has `share` of the variance: the cosine is its root."""
    source = torch.Generator().manual_seed(0)
    x = torch.randn(1, 5, 20_000, generator=source, dtype=torch.float64)
    w = torch.linalg.qr(torch.randn(1, 5, 5, generator=source, dtype=torch.float64))[0]
    noise = torch.randn(1, 5, 20_000, generator=source, dtype=torch.float64)
    y = share**0.5 * (w @ (x + 3)) + (1 - share) ** 0.5 * noise
    sums, held = diagnosis._Moments(), diagnosis._Moments()
    sums.add(x + 3, y - share**0.5 * 3 * w.sum(2, keepdim=True))
    (fit,) = ridge(sums.square, sums.product, [1e-9])
    assert fit[0, -1] == pytest.approx(-(share**0.5) * 3 * w[0].sum(1), abs=0.1)
    fresh = torch.randn(1, 5, 5_000, generator=source, dtype=torch.float64)
    noise = torch.randn(1, 5, 5_000, generator=source, dtype=torch.float64)
    true = share**0.5 * (w @ fresh) + (1 - share) ** 0.5 * noise
    held.add(fresh + 3, true)
    assert float(held.cosine(fit)) == pytest.approx(share**0.5, abs=0.02)


@every_network
def test_a_model_that_says_the_true_gradient_has_weight_cosine_one(network):
    program = program_of(tiny_cell("dni", network, **SMALL))
    network, said = program.network, []

    class Says:
        with_labels = None

        def __init__(self, layer):
            self.layer, self.sequence = layer, network.models[layer].sequence

        def __call__(self, h, one_hot):
            return said[-1][self.layer], None

    take = program.batches.take

    def watched(index):
        images, labels = take(index)
        h, one_hot = network.architecture.pack(images), network.encode(labels)
        pullbacks = []
        for layer in network.hidden:
            h, pullback = layer(h)
            pullbacks.append(pullback)
        logits, pullback = network.classify(h)
        true = [pullback(network.loss_gradient(logits, one_hot))]
        for pullback in reversed(pullbacks[1:]):
            true.insert(0, pullback(true[0]))
        said.append(true)
        return images, labels

    program.batches.take = watched
    network.models = [Says(layer) for layer in range(3)]
    found = diagnosed(program)
    assert found.weight_cosine[0] == pytest.approx([1.0] * 3, rel=1e-12)


@every_network
def test_it_changes_nothing_and_knows_frozen_layers(network):
    program = program_of(tiny_cell("dni", network, frozen_below=1, **SMALL))
    before, state = everything(program), program.state()
    order = state["own"]["batches"]["generators"].clone()
    found = diagnosed(program)
    after = everything(program)
    assert all(np.array_equal(before[what], after[what]) for what in before)
    assert torch.equal(order, program.state()["own"]["batches"]["generators"])
    assert np.isnan(found.weight_cosine[0]).tolist() == [True, False, False]
    assert (found.ridge_cosine is None) == (network == "cnn")


def test_it_is_of_rules_with_m_and_of_enough_examples():
    assert diagnosed(program_of(tiny_cell("backprop", **SMALL))) is None
    assert diagnosed(program_of(tiny_cell("dni"))) is None  # batches of nine: six of them


def test_it_stands_at_the_last_evaluation_alone():
    program = program_of(tiny_cell("cdni", iterations=2, evaluate_every=1, **SMALL))
    points = []
    for _ in range(2):
        program.step()
        ((point, _),) = program.evaluate_all()
        points.append(point)
    assert points[0].sg_weight_cosine is points[0].sg_ridge_cosine is None
    assert len(points[1].sg_weight_cosine) == len(points[1].sg_ridge_cosine) == 3


def test_batches_share_no_example_with_the_probe_or_each_other():
    batches = program_of(tiny_cell("dni", **SMALL)).batches
    assert batches.available == 14
    seen = torch.cat([batches.probe, *batches.sample(14)], 1)
    assert len(set(seen[0].tolist())) == 60
