"""The recurrent network that a program trains: the same for every rule, BPTT included.

A core that runs on, its state carried from unroll to unroll; a readout; and, for the rules that
have them, a synthetic-gradient model M and an auxiliary output.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ... import registry
from ...cell import Cell
from ...nn.layers import Block, LayerStack, build
from ...nn.lstm import LSTM, Tape
from ...nn.parameters import Parameters
from ...nn.synthetic_gradient import SyntheticGradient, scale_of
from ..rule_state import hyperparameters, kept
from .blueprint import blueprint

_KEPT = ("x", "gates", "cells", "tanh")  # of the unroll before: what its pullback reads


class RecurrentReplicas:
    """R replicas of the network of `cells`, which differ in replica axes only.

    It is what a rule's `unroll` sees: a `interfaces.Recurrent`.

    Args:
        cells: one for each replica.
        symbols: size of the input vocabulary.
        classes: number of classes of the readout.
        device: where the weights live.

    Attributes:
        state: the core's state, [R, state size, B], handed from unroll to unroll.
        loss: of the last unroll, summed over its steps and streams, [R], nats.
        sg_loss: M's of the last unroll, [R].
        aux_loss: the auxiliary output's of the last unroll, averaged over its steps, [R].
    """

    def __init__(
        self, cells: Sequence[Cell], symbols: int, classes: int, device: torch.device
    ) -> None:
        cell, rule = cells[0], registry.RULES.declared(cells[0].rule)
        plan = blueprint(cell, symbols, classes)
        self.symbols, self.classes, self.replicas = symbols, classes, len(cells)
        self.core, self.readout = LSTM(plan.core), build(plan.readout)
        self.factor: float = cell.need("sg_factor") if rule.has_models else 0.0
        self.steps, self.streams = cell.need("T"), cell.batch_size

        def spread(column: Tensor) -> Tensor:
            return column.view(-1, 1, 1)

        self.hyperparameters = hyperparameters(cells, device, spread)
        blocks: list[Block] = [Block(("core", self.core)), self.readout]
        self.model: SyntheticGradient | None = None
        self.auxiliary: LayerStack | None = None
        if plan.model is not None:
            scale = scale_of(cells, device, spread)
            self.model = SyntheticGradient(build(plan.model), None, scale)
            blocks.append(self.model.sequence)
        if plan.auxiliary is not None:
            self.auxiliary = build(plan.auxiliary)
            blocks.append(self.auxiliary)
        self.weights = Parameters(blocks, cells, device)
        self.core.initialise()
        self.state = self.weights.flat.new_zeros(self.replicas, plan.core.state_size, self.streams)
        self.loss, self.sg_loss, self.aux_loss = self.state.new_zeros(3, self.replicas)
        self._tapes: list[Tape] = []
        self._before: Tape | None = None
        self._turns = 0  # tapes that were handed out
        self.kept = kept(self, cells, device)

    def forward(self, inputs: Tensor, targets: Tensor) -> tuple[Tape, Tensor]:
        """Run one unroll from the carried state, and carry on its last.

        Args:
            inputs: codes [R, T, B].
            targets: classes [R, T, B], -1 where nothing counts.

        Returns:
            The unroll and the gradient of its losses at every output, [R, H, T, B]. A step's loss
            is the cross-entropy of what counts, summed over streams and divided by their number.
            The gradients of the readout are written.
        """
        tape = self.next_tape()
        self.core.forward(tape, inputs, self.state)
        self.state = tape.state(tape.steps)
        outputs = tape.outputs.flatten(2)
        logits, pullback = self.readout(outputs)
        self.loss, delta = softmax_loss(logits, targets.flatten(1))
        deltas = pullback(delta.div_(self.streams))
        return tape, deltas.unflatten(2, (tape.steps, tape.streams))

    @property
    def phase(self) -> int:
        """Which tape the next unroll runs on, and whether it is a new one."""
        wanted = self._wanted
        return self._turns if self._turns < wanted else wanted + self._turns % wanted

    @property
    def _wanted(self) -> int:
        return 1 if self.auxiliary is None else 2

    def next_tape(self) -> Tape:
        """Return a tape to run on; with an auxiliary output, the last one is kept."""
        self._turns += 1
        if len(self._tapes) < self._wanted:
            self._tapes.append(self.core.tape(self.steps, self.streams))
        else:
            self._tapes = self._tapes[1:] + self._tapes[:1]
        if self.auxiliary is not None:
            self._before = self._tapes[-1]
        return self._tapes[-1]

    def previous_unroll(self) -> Tape | None:
        """Return the previous unroll; None in the first update or without auxiliary outputs."""
        return self._before

    def synthetic_gradient(self, state: Tensor) -> Tensor:
        """Return M's prediction of the gradient at `state`, both [R, state size, B]."""
        assert self.model is not None
        return self.model.predict(self._output(state))[0] / self.model.scale

    def learn_synthetic_gradient(self, state: Tensor, target: Tensor) -> None:
        """Write the gradients of M for what it should have predicted at `state`."""
        assert self.model is not None
        predicted, pullback = self.model.predict(self._output(state))
        error = self.model.error(predicted, target)
        self.sg_loss = error.square().sum((1, 2)) / self.streams
        pullback(error.mul_(2 / self.streams), need_input=False)

    def auxiliary_deltas(self, before: Tape, now: Tape, weight: float | Tensor) -> Tensor:
        """Return the gradient of `weight` times the auxiliary losses, at the outputs of `before`.

        At each of its steps the auxiliary output should have predicted the synthetic gradient T
        steps later, as that of an example (the batch-mean's times B), so that the weight of this
        loss does not depend on `sg_scale`. Returns [R, H, T, B]; the gradients of the auxiliary
        output are written.
        """
        assert self.model is not None
        assert self.auxiliary is not None
        said = self.model.predict(now.outputs.flatten(2))[0]
        predicted, pullback = self.auxiliary(before.outputs.flatten(2))
        error = predicted.sub_(said.div_(self.model.scale).mul_(self.streams))
        self.aux_loss = error.square().sum((1, 2)) / (self.streams * now.steps)
        deltas = pullback(error.mul_(2 * weight / self.streams))
        return deltas.unflatten(2, (now.steps, now.streams))

    def carried(self) -> dict[str, Any]:
        """Return what one unroll hands to the next: tensors, not copied."""
        before = self._before
        kept = {} if before is None else {name: getattr(before, name) for name in _KEPT}
        last = {"state": self.state, "sg_loss": self.sg_loss, "aux_loss": self.aux_loss}
        return {"last": last, "before": kept}

    def carry(self, carried: dict[str, Any]) -> None:
        """Take up what `carried` returned."""
        for name, value in carried["last"].items():
            setattr(self, name, value.to(self.state.device))
        if carried["before"]:
            tape = self.next_tape()
            for name, value in carried["before"].items():
                getattr(tape, name).copy_(value)
            for t in range(tape.steps):
                tape.read(t, self.core.arithmetic)

    def _output(self, state: Tensor) -> Tensor:
        return state[:, : self.core.units]


def softmax_loss(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the summed cross-entropy [R] in nats of logits [R, K, N], and its gradient there.

    Targets [R, N] of -1 do not count: their gradient is zero.
    """
    counted = (targets >= 0).unsqueeze(1)
    index = targets.clamp(min=0).unsqueeze(1)
    logarithms = torch.log_softmax(logits, 1)
    loss = -(logarithms.gather(1, index) * counted).sum((1, 2))
    gradient = logarithms.exp_()
    gradient.scatter_add_(1, index, torch.full_like(gradient[:, :1], -1.0))
    return loss, gradient.mul_(counted)
