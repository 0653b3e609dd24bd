"""The program of feed-forward cells: updates on batches, and the diagnosis of their models."""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ... import registry
from ...cell import Cell
from ...datasets import Data
from ...interfaces import Mask
from ...nn.adam import OPTIMIZERS, Adam
from ...outcome import CurvePoint, EvaluatedPoints, defined
from ..program import ProfiledAttribute, Program, State
from .batches import Batches
from .diagnosis import diagnose
from .early_stopping import EarlyStopping
from .network import FeedForwardReplicas
from .probe import Probe, probe
from .update_mask import UpdateMask, block_mask


class FeedForwardProgram(Program):
    """The training state of R feed-forward cells.

    Args:
        cells: one for each replica; they may differ in replica axes only.
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
        super().__init__(cells, device, clock)
        cell = cells[0]
        self.batches = Batches(cells, data, device)
        self.network = FeedForwardReplicas(cells, data.train_images.shape[1:], data.classes, device)
        self.weights, self.kept = self.network.weights, self.network.kept
        self.adam = Adam(
            self.weights.flat,
            self.weights.grads,
            self.network.trained(),
            OPTIMIZERS[cell.chosen("optimizer")],
        )
        decoupled = cell.decoupled is not None
        self.update_mask = UpdateMask(cells, cell.need("depth"), device) if decoupled else None
        self._stopping = None if cell.patience is None else EarlyStopping(cells)
        self._rule = registry.RULES.module(cell.rule)
        self._held: tuple[list[float], list[float]] = ([], [])

    def inputs(self) -> tuple[Any, ...]:
        """Return the indices [R, B] of the next batch, and masks where layers have them."""
        index = self.batches.next()
        return (index,) if self.update_mask is None else (index, self.update_mask.draw())

    def learn(self, index: Tensor, mask: Mask | None = None) -> None:
        """Do one update on the images of indices [R, B]."""
        images, labels = self.batches.take(index, altered=True)
        self._learn(self.network.architecture.pack(images), labels, mask)

    def update(self, x: Tensor, labels: Tensor, mask: Mask | None = None) -> None:
        """Do one update on packed inputs x and labels [R, B].

        `mask` says for each replica which layers are active; None where layers have no masks.
        """
        self.set_rates()
        self._learn(x, labels, mask)
        self.advance()

    def _learn(self, x: Tensor, labels: Tensor, mask: Mask | None) -> None:
        if mask is None:
            self._rule.step(self.network, x, labels)
            self.move()
        else:
            self._rule.decoupled_step(self.network, x, labels, mask)
            self.move(block_mask(self.network, mask))

    @property
    def draws(self) -> bool:
        """True where `learn` uses random numbers; the host draws them at every step."""
        return self.network.noise.used or self.batches.noise.used

    def evaluate(self, which: str) -> tuple[list[float], list[float]]:
        """Return each replica's error in percent and mean loss in nats.

        Args:
            which: `held` (the split the cell names, or what decides when training ends), `train`
                (its first 10,000 examples), or with early stopping `test`.
        """
        wrong, loss, count = 0, 0, 0
        for images, labels in self.batches.chunks(which):
            spread = labels.expand(self.network.replicas, -1)
            shape = (self.network.replicas, *images.shape[1:])
            logits = self.network.evaluate(self.network.architecture.pack(images.expand(shape)))
            wrong = wrong + (logits.argmax(1) != spread).sum(1)
            one_hot = self.network.encode(spread)
            loss = loss + self.network.top_loss.of_examples(logits, one_hot).double().sum(1)
            count += labels.shape[1]
        assert isinstance(wrong, Tensor)
        assert isinstance(loss, Tensor)
        return _numbers(100 * wrong.double() / count), _numbers(loss / count)

    def evaluate_all(self) -> EvaluatedPoints:
        """Evaluate every replica: return the point of its curve, and when it diverged."""
        self._held = errors, losses = self.evaluate("held")
        ending: Sequence[int] = ()
        if self._stopping is not None:
            ending = self._stopping.observe(self._held, self.evaluate)
        if self.iteration == self.cells[0].iterations:
            ending = range(len(self.cells))
        probed, updates = self.probe(), self.updates()
        found = diagnose(self.network, self.batches) if ending else None
        weights, ridge = found or (None, None)
        points = [
            CurvePoint(
                iteration=self.iteration,
                seconds=self.clock(),
                error=errors[r],
                loss=losses[r],
                train_loss=probed.loss[r],
                sg_loss=None if probed.sg_loss is None else probed.sg_loss[r],
                sg_cosine=_defined(probed.sg_cosine, r),
                sg_held_cosine=_defined(probed.sg_held_cosine, r),
                sg_weight_cosine=_defined(weights if r in ending else None, r),
                sg_ridge_cosine=_defined(ridge if r in ending else None, r),
                updates=None if updates is None else updates[r],
            )
            for r in range(len(self.cells))
        ]
        finite = [math.isfinite(losses[r] + probed.loss[r]) for r in range(len(self.cells))]
        return [(p, None if ok else self.iteration) for p, ok in zip(points, finite, strict=True)]

    def stopped(self, replica: int) -> bool:
        """True once early stopping has ended the training of a replica."""
        return self._stopping is not None and self._stopping.stopped(replica)

    def updates(self) -> list[list[int]] | None:
        """Return each replica's updates by layer, bottom first; None where they have no masks."""
        if self.update_mask is None:
            return None
        return cast("list[list[int]]", self.adam.steps[:, : self.update_mask.layers].int().tolist())

    def results(self) -> list[dict[str, Any]]:
        """Return the final numbers of every replica, by the names of `Outcome`'s fields.

        Those on held-out data are of the last `evaluate_all`, with early stopping of the one where
        the validation error was lowest. Those on training examples are of where training ended.
        """
        if self._stopping is None:
            held, train = self._held, self.evaluate("train")
        else:
            held, train = self._stopping.final, self._stopping.train(self.evaluate)
        names = ("error_rate", "loss", "train_error", "train_loss")
        return [dict(zip(names, values, strict=True)) for values in zip(*held, *train, strict=True)]

    def probe(self) -> Probe:
        """Probe the models on a fixed training batch and on as many held-out examples."""
        seen = self.batches.take(self.batches.probe)
        held = self.batches.take_held(self.batches.held_probe)
        return probe(self.network, self._rule, seen, held)

    def profiled_attributes(self) -> list[ProfiledAttribute]:
        """Return what the parts of a step's profile are."""
        network = self.network
        return [
            ProfiledAttribute(network, "hidden", "forward", "backward"),
            ProfiledAttribute(network, "classifier", "forward", "backward"),
            ProfiledAttribute(network, "models", "m"),
            ProfiledAttribute(network, "input_models", "m"),
            ProfiledAttribute(network, "heads", "m"),
            ProfiledAttribute(network, "maps", "m"),
        ]

    def _own_state(self) -> State:
        return {
            "batches": self.batches.state(),
            "noise": self.network.noise.state(),
            "stopping": None if self._stopping is None else self._stopping.state(),
            "masks": None if self.update_mask is None else self.update_mask.state(),
        }

    def _restore_own(self, state: State) -> None:
        self.batches.restore(state["batches"])
        self.network.noise.restore(state["noise"])
        if self._stopping is not None:
            self._stopping.restore(state["stopping"])
        if self.update_mask is not None:
            self.update_mask.restore(state["masks"])


def _numbers(values: Tensor) -> list[float]:
    return cast("list[float]", values.tolist())


def _defined(cosines: list[list[float]] | None, replica: int) -> list[float | None] | None:
    return None if cosines is None else defined(cosines[replica])
