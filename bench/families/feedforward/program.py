"""A program: R cells that differ in replica axes only, trained together as one tensor program.

Its whole state is one dictionary of tensors and counters (`state`), so a run can stop anywhere and
go on bit for bit the same (`restore`).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ... import rules
from ...cell import Cell
from ...datasets import Data
from ...nn.adam import Adam, rates
from ...outcome import CurvePoint, Measured, Solved, defined
from . import decoupled
from .batches import Batches
from .decoupled import UpdateMask
from .network import Network, cross_entropy


class Program:
    """The training state of R cells.

    Args:
        cells: one for each replica; they may differ in seed, learning_rate, sg_scale, bp_lambda
            and p_update, which change neither a shape nor a loop.
        data: their dataset.
        device: where to train.
        clock: tells the seconds of training so far.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        data: Data,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.cells, self.clock, cell = tuple(cells), clock, cells[0]
        self.batches = Batches(cells, data, device)
        self.network = Network(cells, data.train_images.shape[1:], data.classes, device)
        parts = self.network.trained(cell.rule)
        self.adam = Adam(self.network.weights.flat, self.network.weights.grads, parts)
        self.update_mask = UpdateMask(cells, cell.depth or 0) if cell.decoupled else None
        self.iteration = 0
        self.progression: list[list[Solved]] = [[] for _ in cells]  # no curriculum
        self._rule = rules.load(cell.rule)
        self._held: tuple[list[float], list[float]] = ([], [])

    def rates(self) -> list[float]:
        """Return each replica's learning rate at the current iteration."""
        return rates(self.cells, self.iteration)

    def step(self) -> None:
        """Do one update on the next batch."""
        images, labels = self.batches.take(self.batches.next())
        mask = None if self.update_mask is None else self.update_mask.draw()
        self.update(self.network.kind.pack(images), labels, mask)

    def update(
        self, x: Tensor, labels: Tensor, mask: Sequence[Sequence[bool]] | None = None
    ) -> None:
        """Do one update on packed inputs x and labels [R, B].

        `mask` is that of decoupled layers (`decoupled.step`), None where layers are not decoupled.
        """
        if mask is None:
            self._rule.step(self.network, x, labels)
            self.adam.step(self.rates())
        else:
            decoupled.step(self.network, x, labels, mask)
            self.adam.step(self.rates(), decoupled.block_mask(self.network, mask))
        self.iteration += 1

    def evaluate(self, which: str) -> tuple[list[float], list[float]]:
        """Return each replica's error in percent and mean loss in nats.

        Args:
            which: `held` (the split the cell names) or `train` (its first 10,000 examples).
        """
        wrong, loss, count = 0, 0, 0
        for images, labels in self.batches.chunks(which):
            spread = labels.expand(self.network.replicas, -1)
            shape = (self.network.replicas, *images.shape[1:])
            logits = self.network.evaluate(self.network.kind.pack(images.expand(shape)))
            wrong = wrong + (logits.argmax(1) != spread).sum(1)
            loss = loss + cross_entropy(logits, self.network.encode(spread)).double().sum(1)
            count += labels.shape[1]
        assert isinstance(wrong, Tensor)
        assert isinstance(loss, Tensor)
        return _numbers(100 * wrong.double() / count), _numbers(loss / count)

    def measure(self) -> Measured:
        """Look at every replica: the point of its curve, and when it diverged."""
        self._held = errors, losses = self.evaluate("held")
        probe, updates = self.probe(), self.updates()
        points = [
            CurvePoint(
                iteration=self.iteration,
                seconds=self.clock(),
                error=errors[r],
                loss=losses[r],
                train_loss=probe.loss[r],
                sg_loss=None if probe.sg_loss is None else probe.sg_loss[r],
                sg_cosine=None if probe.sg_cosine is None else defined(probe.sg_cosine[r]),
                updates=None if updates is None else updates[r],
            )
            for r in range(len(self.cells))
        ]
        finite = [math.isfinite(losses[r] + probe.loss[r]) for r in range(len(self.cells))]
        return [(p, None if ok else self.iteration) for p, ok in zip(points, finite, strict=True)]

    def updates(self) -> list[list[int]] | None:
        """Return each replica's updates by layer, bottom first; None where there is no mask."""
        if self.update_mask is None:
            return None
        return cast("list[list[int]]", self.adam.steps[:, : self.update_mask.layers].int().tolist())

    ended = False
    """Whether there is nothing left to train before the iterations are done."""

    def results(self) -> list[dict[str, Any]]:
        """Return the final numbers of every replica, by the names of `Outcome`'s fields.

        Those on held-out data are of the last `measure`.
        """
        held, train = self._held, self.evaluate("train")
        names = ("error_rate", "loss", "train_error", "train_loss")
        return [dict(zip(names, values, strict=True)) for values in zip(*held, *train, strict=True)]

    def probe(self) -> "Probe":
        """Look at a fixed training batch: the loss, and how good the synthetic gradients are."""
        network = self.network
        images, labels = self.batches.take(self.batches.probe)
        one_hot = network.encode(labels)
        with network.untracked():
            h, outputs, pullbacks = network.kind.pack(images), list[Tensor](), list[Any]()
            for layer in network.hidden:
                h, pullback = layer(h)
                outputs.append(h)
                pullbacks.append(pullback)
            logits, pullback = network.classify(h)
            true = [pullback(network.loss_gradient(logits, one_hot))]
            for below in reversed(pullbacks[1:]):
                true.insert(0, below(true[0]))
            losses = _numbers(cross_entropy(logits, one_hot).mean(1))
            if not network.models:
                return Probe(losses, None, None)
            models = list(zip(network.models, outputs, strict=True))
            predicted = [model.predict(h, one_hot)[0] for model, h in models]
            synthetic = [p / m.scale for p, m in zip(predicted, network.models, strict=True)]
            targets = [true[-1]]
            for below, s in zip(reversed(pullbacks[1:]), reversed(synthetic[1:]), strict=True):
                targets.insert(0, below(torch.lerp(s, targets[0], network.bp_lambda)))
            size = self.cells[0].batch_size
            squares = [
                self._by_replica(m.error(p, t)).square().sum(1) / size
                for m, p, t in zip(network.models, predicted, targets, strict=True)
            ]
            cosines = [
                torch.cosine_similarity(self._by_replica(s), self._by_replica(t), 1, eps=0)
                for s, t in zip(synthetic, true, strict=True)
            ]
        by_layer = [[_numbers(layer) for layer in layers] for layers in (squares, cosines)]
        sg_loss, sg_cosine = ([list(r) for r in zip(*rows, strict=True)] for rows in by_layer)
        return Probe(losses, sg_loss, sg_cosine)

    def _by_replica(self, h: Tensor) -> Tensor:
        """Return h as [R, all its values], in float64."""
        return self.network.kind.flatten(h, self.network.replicas)[0].flatten(1).double()

    def moments(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return Adam's first and second moments by the names of the weights."""
        return self.network.weights.views(self.adam.first), self.network.weights.views(
            self.adam.second
        )

    def state(self) -> dict[str, Any]:
        """Return the whole state: tensors (not copied) and counters."""
        return {
            "iteration": self.iteration,
            "weights": self.network.weights.flat,
            "statistics": self.network.weights.statistics,
            "adam": self.adam.state(),
            "batches": self.batches.state(),
            **({} if self.update_mask is None else {"coins": self.update_mask.state()}),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state of a program of the same cells."""
        self.iteration = state["iteration"]
        self.network.weights.flat.copy_(state["weights"])
        for name, value in self.network.weights.statistics.items():
            value.copy_(state["statistics"][name])
        for name, value in self.adam.state().items():
            value.copy_(state["adam"][name])
        self.batches.restore(state["batches"])
        if self.update_mask is not None:
            self.update_mask.restore(state["coins"])


def _numbers(values: Tensor) -> list[float]:
    return cast("list[float]", values.tolist())


class Probe:
    """What `Program.probe` saw, one entry a replica.

    Attributes:
        loss: mean cross-entropy in training mode, nats.
        sg_loss: M's regression loss per hidden layer, bottom first; None without M.
        sg_cosine: cosine of the synthetic and the true gradient, both [batch, units] taken as one
            vector, per hidden layer; NaN where one of them is zero.
    """

    def __init__(
        self,
        loss: list[float],
        sg_loss: list[list[float]] | None,
        sg_cosine: list[list[float]] | None,
    ) -> None:
        self.loss, self.sg_loss, self.sg_cosine = loss, sg_loss, sg_cosine
