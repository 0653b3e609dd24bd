"""The probe of a network while it trains: how good the synthetic gradients are, on two batches.

One batch is of training examples, one of held-out ones. M has been trained on the first: where its
cosine with the true gradient is much higher there, M knows those examples rather than what h says
of any. The true gradient is backprop's, through all layers above, in training mode, and is computed
for the probe alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from ...interfaces import ForwardPass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor

    from ...interfaces import Pullback
    from .network import FeedForwardReplicas

Examples = tuple["Tensor", "Tensor"]
"""Inputs [R, B, C, H, W] and labels [R, B]."""


class Probe(NamedTuple):
    """The diagnosis of a network's models on fixed batches, one entry per replica.

    Attributes:
        loss: mean loss on the training batch in training mode, nats; of the rule's own scores, in
            evaluation mode.
        sg_loss: M's regression loss per hidden layer, bottom first, NaN where it is frozen; None
            without M, or where the rule does not tell what M should have predicted.
        sg_cosine: cosine of the synthetic and the true gradient, both [batch, units] taken as one
            vector, per hidden layer; NaN where one of them is zero, or the layer is frozen.
        sg_held_cosine: the same on the held-out batch.
    """

    loss: list[float]
    sg_loss: list[list[float]] | None
    sg_cosine: list[list[float]] | None
    sg_held_cosine: list[list[float]] | None


class _Pass(NamedTuple):
    """A batch through the network, and back: lists by hidden layer, bottom first."""

    pullbacks: list[Pullback]
    predicted: list[Tensor]  # S times the synthetic gradient, of each layer with an M
    synthetic: list[Tensor]
    true: list[Tensor]
    loss: list[float]


def probe(network: FeedForwardReplicas, rule: Any, seen: Examples, held: Examples) -> Probe:
    """Return the diagnosis of a network that is trained by `rule`; nothing of it changes.

    Args:
        network: R replicas.
        rule: the module of the rule.
        seen: training examples.
        held: examples that are not trained on.
    """
    if network.predicts_by_scores():
        scores = network.evaluate(network.architecture.pack(seen[0]))
        return Probe(_numbers(network.loss(scores, network.encode(seen[1]))), None, None, None)
    with network.untracked():
        found = _passed(network, seen)
        if not network.models:
            return Probe(found.loss, None, None, None)
        size = seen[1].shape[1]
        trained = found.loss, _sg_loss(network, rule, found, size), _cosines(network, found)
        del found  # one batch at a time is held
        return Probe(*trained, _cosines(network, _passed(network, held)))


def _passed(network: FeedForwardReplicas, examples: Examples) -> _Pass:
    images, labels = examples
    one_hot, h = network.encode(labels), network.architecture.pack(images)
    outputs, pullbacks = network.through_hidden(h)
    logits, pullback = network.classify(outputs[-1])
    true = [pullback(network.loss_gradient(logits, one_hot))]
    for below in reversed(pullbacks[1:]):
        true.insert(0, below(true[0]))
    with_model = outputs[network.frozen :] if network.models else []
    models = list(zip(network.models, with_model, strict=True))
    predicted = [model.predict(h, one_hot)[0] for model, h in models]
    synthetic = [p / m.scale for p, m in zip(predicted, network.models, strict=True)]
    return _Pass(pullbacks, predicted, synthetic, true, _numbers(network.loss(logits, one_hot)))


def _cosines(network: FeedForwardReplicas, found: _Pass) -> list[list[float]]:
    pairs = zip(found.synthetic, found.true[network.frozen :], strict=True)
    flat = [(_by_replica(network, s), _by_replica(network, t)) for s, t in pairs]
    return _by_layer(network, [torch.cosine_similarity(s, t, 1, eps=0) for s, t in flat])


def _sg_loss(
    network: FeedForwardReplicas, rule: Any, found: _Pass, size: int
) -> list[list[float]] | None:
    """Return the loss of every M by replica; None where the rule does not tell its targets."""
    if not hasattr(rule, "targets"):
        return None
    forward_pass = ForwardPass(
        pullbacks=found.pullbacks, synthetic=found.synthetic, top=found.true[-1]
    )
    targets: list[Tensor] = rule.targets(network, forward_pass)
    pairs = zip(network.models, found.predicted, targets, strict=True)
    errors = (_by_replica(network, model.error(p, target)) for model, p, target in pairs)
    return _by_layer(network, [one.square().sum(1) / size for one in errors])


def _by_layer(network: FeedForwardReplicas, layers: Sequence[Tensor]) -> list[list[float]]:
    """Return values [R] of each layer with an M as a list per replica; NaN for frozen layers."""
    without = [layers[0].new_full((network.replicas,), math.nan)] * network.frozen
    columns: Iterable[list[float]] = map(_numbers, (*without, *layers))
    return [list(row) for row in zip(*columns, strict=True)]


def _by_replica(network: FeedForwardReplicas, h: Tensor) -> Tensor:
    """Return h as [R, all its values], in float64."""
    return network.flatten(h).flatten(1).double()


def _numbers(values: Tensor) -> list[float]:
    return cast("list[float]", values.tolist())
