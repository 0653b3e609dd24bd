"""Forward-Forward: what is painted, what is learned, what is predicted by."""

import pytest
import torch
from reference.programs import batches, everything, moved, program_of, tiny_cell, update
from sgbench.bench.rules import forward_forward

B, K = 9, 10


class Recorded:
    """The lowest hidden layer, and what it was given in training."""

    def __init__(self, layer):
        self.layer, self.seen, self.evaluate = layer, [], layer.evaluate

    def __call__(self, x):
        self.seen.append(x.clone())
        return self.layer(x)


def recorded(*cells):
    program = program_of(*cells, randomised=False)
    program.network.hidden[0] = Recorded(program.network.hidden[0])
    return program, program.network.hidden[0].seen


def test_positive_and_negative_images_differ_in_the_painted_pixels_only():
    program, seen = recorded(tiny_cell("forward_forward"), tiny_cell("forward_forward", seed=1))
    (index,) = batches(program, 1)
    update(program, index)
    images, labels = program.batches.take(index)
    x = program.network.architecture.pack(images)
    (both,) = seen
    positive, negative = both[:, :, :B], both[:, :, B:]
    assert torch.equal(positive[:, K:], x[:, K:])
    assert torch.equal(negative[:, K:], x[:, K:])
    assert torch.equal(positive[:, :K], program.network.encode(labels))
    assert torch.equal(negative[:, :K].sum(1), torch.ones(2, B, dtype=x.dtype))
    assert ((negative[:, :K] == 0) | (negative[:, :K] == 1)).all()
    assert (negative[:, :K].argmax(1) != labels).all()


def test_wrong_labels_are_all_others_alike_and_drawn_anew():
    program, seen = recorded(tiny_cell("forward_forward", batch_size=60, learning_rate=1e-6))
    drawn = []
    for _ in range(60):
        index = torch.arange(60)[None]
        update(program, index)
        drawn.append(seen.pop()[0, :K, 60:].argmax(0))
    labels = program.batches.take(index)[1][0]
    assert not torch.equal(drawn[0], drawn[1])
    away = (torch.stack(drawn) - labels) % K
    counts = torch.bincount(away.flatten(), minlength=K)
    assert counts[0] == 0
    assert (counts[1:] - 400).abs().max() < 95  # five standard deviations of 3600 in nine


def test_the_largest_number_that_is_drawn_is_no_true_label():
    program, seen = recorded(tiny_cell("forward_forward"))

    class Largest:
        def uniform(self, name, shape):
            return torch.full((1, *shape), 1 - 2**-24)

    program.network.noise = Largest()
    (index,) = batches(program, 1)
    update(program, index)
    labels = program.batches.take(index)[1][0]
    assert torch.equal(seen[0][0, :K, B:].argmax(0), (labels + K - 1) % K)


def test_the_classifier_never_moves():
    program = program_of(tiny_cell("forward_forward"), randomised=False)
    before = everything(program)
    for index in batches(program, 5):
        update(program, index)
    hidden = {name for name in program.weights.named if name.startswith("hidden")}
    assert moved(before, everything(program)) == hidden


def test_a_layer_s_scale_teaches_nothing_above():
    """What goes on is normalised: goodness stays in its layer."""
    one, other = (
        program_of(tiny_cell("forward_forward", norm="none"), randomised=False) for _ in "ab"
    )
    for kind in ("weight", "bias"):
        other.weights.named[f"hidden0.{kind}"].mul_(4)
    (index,) = batches(one, 1)
    written = []
    for program in (one, other):
        update(program, index)
        written.append(program.weights.views(program.weights.grads))
    for name, gradient in written[0].items():
        close = torch.allclose(gradient, written[1][name], rtol=1e-5, atol=1e-9)
        assert close == (not name.startswith("hidden0")), name


def test_goodness_rises_for_the_label_and_falls_for_others():
    program = program_of(tiny_cell("forward_forward", hidden_units=32), randomised=False)
    (index,) = batches(program, 1)
    images, labels = program.batches.take(index)
    x = program.network.architecture.pack(images)

    def lead():
        scores = forward_forward.scores(program.network, x)
        own = scores.gather(1, labels[:, None])
        return float(((K * own - scores.sum(1, keepdim=True)) / (K - 1)).mean())

    for _ in range(100):
        update(program, index)
    assert lead() > 1
    assert (forward_forward.scores(program.network, x).argmax(1) == labels).all()


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_scores_are_the_goodness_of_a_painted_label_in_all_layers_but_the_lowest(depth):
    program = program_of(tiny_cell("forward_forward", depth=depth), randomised=False)
    program.step()
    x = torch.rand(1, 50, 7, dtype=torch.float64)
    before = x.clone()
    found = program.network.evaluate(x)
    assert torch.equal(x, before)
    for label in range(K):
        h, goodness = x.clone(), []
        h[:, :K] = torch.eye(K, dtype=x.dtype)[label][None, :, None]
        for layer in program.network.hidden:
            h = layer.evaluate(h)
            goodness.append((h**2).sum(1))
            h = h / ((h**2).mean(1, keepdim=True).sqrt() + 1e-8)
        wanted = sum(goodness[1:]) if depth > 2 else goodness[0]
        torch.testing.assert_close(found[:, label], wanted)


def test_the_threshold_is_a_replica_axis():
    cells = [tiny_cell("forward_forward", ff_threshold=value) for value in (0.5, 2.0)]
    together = program_of(*cells, randomised=False)
    alone = [program_of(cell, randomised=False) for cell in cells]
    for program in (together, *alone):
        for _ in range(3):
            program.step()
    for replica, program in enumerate(alone):
        torch.testing.assert_close(
            together.weights.flat[replica], program.weights.flat[0], rtol=1e-9, atol=1e-10
        )
    assert not torch.allclose(alone[0].weights.flat, alone[1].weights.flat)
