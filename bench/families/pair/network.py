"""The pair of networks that a program trains: the same for every rule, end to end included.

A runs a step for each digit; after a window of T steps it has counted and sent a message. B runs a
step for each message; after T of them, a cycle of T * T digits, it has counted too. Both states
are carried on, from window to window and from cycle to cycle: the gradient is truncated where the
weights are updated (the paper does not say; ours).

A loss is the softmax cross-entropy of a count, averaged over the batch; those of A's windows are
summed, so that a cycle has the same objective whether it is one update of A or T. Gradients are
autograd's, where the caller enables it: this pair is for what it shows, not for speed.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from ... import registry
from ...cell import Cell
from ...nn.batch_norm_lstm import BatchNormLSTM, Message, State
from ...nn.layers import Block, LayerStack, build
from ...nn.parameters import Parameters
from ...nn.synthetic_gradient import SyntheticGradient, scale_of
from ..rule_state import hyperparameters, kept
from .blueprint import blueprint


class PairReplicas:
    """R replicas of the pair of `cells`, which differ in replica axes only.

    It is what a rule's `cycle` sees: a `interfaces.Pair`.

    Args:
        cells: one for each replica.
        pixels: size of a digit.
        device: where the weights live.

    Attributes:
        parts: the columns of the weights of a, b and, where there is one, m.
        states: (h, c) of a and b, as they are carried.
        losses: of a and b since `clear`, summed over their counts, [2, R], nats.
    """

    def __init__(self, cells: Sequence[Cell], pixels: int, device: torch.device) -> None:
        cell, rule = cells[0], registry.RULES.declared(cells[0].rule)
        plan = blueprint(cell, pixels)
        self.T, self.replicas = cell.need("T"), len(cells)
        self.factor: float = cell.need("sg_factor") if rule.has_models else 0.0
        self.streams, self.units = cell.batch_size, cell.need("hidden_units")

        def spread(column: Tensor) -> Tensor:
            return column.view(-1, 1, 1)

        self.hyperparameters = hyperparameters(cells, device, spread)
        self.encoder = build(plan.encoder)
        self.cores = {name: BatchNormLSTM(plan.core) for name in "ab"}
        self.readouts = {name: build(readout) for name, readout in plan.readouts.items()}
        self.message = Message(plan.message)
        cores = {name: Block((f"{name}.lstm", core)) for name, core in self.cores.items()}
        blocks: dict[str, list[Block]] = {
            "a": [self.encoder, cores["a"], self.readouts["a"], Block(("a.message", self.message))],
            "b": [cores["b"], self.readouts["b"]],
        }
        self.model: SyntheticGradient | None = None
        if plan.model is not None:
            scale = scale_of(cells, device, spread)
            self.model = SyntheticGradient(build(plan.model), None, scale)
            blocks["m"] = [self.model.sequence]
        self.blocks = [block for some in blocks.values() for block in some]
        self.weights = Parameters(self.blocks, cells, device)
        for core in self.cores.values():
            core.initialise()
        self._grads = self.weights.views(self.weights.grads)
        self._names = {
            part: [name for block in some for name in block.blueprint.shapes]
            for part, some in blocks.items()
        }
        self.parts: dict[str, slice] = {}
        for part, names in self._names.items():
            spans = [self.weights.spans[name] for name in names]
            self.parts[part] = slice(spans[0][0], spans[-1][1])
        with torch.enable_grad():  # from now on what is computed can be differentiated
            self._leaves = {n: w.detach().requires_grad_() for n, w in self.weights.named.items()}
            for block in self.blocks:
                block.bind(self._leaves, self._grads, self.weights.statistics)
        self.mode = "train"
        """`train`, `batch_only` or `evaluate`, as for `batch_norm_lstm.normalise`."""
        self.states: dict[str, State] = self.rest(self.streams)
        self.losses = self.weights.flat.new_zeros(2, self.replicas)
        self.kept = kept(self, cells, device)

    def rest(self, streams: int) -> dict[str, State]:
        """Return the states before the first step: zeros."""
        zero = self.weights.flat.new_zeros(self.replicas, self.units, streams)
        return dict.fromkeys(self.cores, (zero, zero))

    def run_a_window(self, digits: Tensor) -> tuple[Tensor, Tensor]:
        """Run A for T steps; return its counts' logits [R, T + 1, B] and its message [R, H, B].

        Args:
            digits: inputs [R, T, pixels, B].
        """
        for at in range(self.T):
            seen = self._run(self.encoder, digits[:, at])
            self.states["a"] = self.cores["a"].step(seen, self.states["a"], at, self.mode)
        h = self.states["a"][0]
        return self._run(self.readouts["a"], h), self.message(h, self.mode)

    def step_b(self, message: Tensor, at: int) -> None:
        """Run B for a step on a message, the `at`th of the cycle, from 0."""
        self.states["b"] = self.cores["b"].step(message, self.states["b"], at, self.mode)

    def b_logits(self) -> Tensor:
        """Return the logits [R, T * T + 1, B] of B's count."""
        return self._run(self.readouts["b"], self.states["b"][0])

    def loss(self, name: str, logits: Tensor, counts: Tensor) -> Tensor:
        """Return the loss [R] of the counts [R, B] of a or b, and note it."""
        found = functional.cross_entropy(logits, counts, reduction="none").mean(1)
        self.losses["ab".index(name)] += found.detach()
        return found

    def clear(self) -> None:
        """Forget the losses noted so far."""
        self.losses.zero_()

    def learn(
        self,
        parts: str,
        outputs: Sequence[Tensor],
        deltas: Sequence[Tensor | None] | None = None,
        at: Sequence[Tensor] = (),
    ) -> list[Tensor]:
        """Write the gradients of the weights of `parts`; return those at the tensors `at`.

        Args:
            parts: any of a, b, m. The states of those that have one are truncated here.
            outputs: what is differentiated: losses [R], and tensors that a gradient is given for.
            deltas: those gradients; None for losses, and where there are losses alone.
            at: tensors that `outputs` were computed from.
        """
        names = [name for part in parts for name in self._names[part]]
        given = [None] * len(outputs) if deltas is None else deltas
        pairs = zip(outputs, given, strict=True)
        seeds = [torch.ones_like(output) if d is None else d for output, d in pairs]
        wanted = [*(self._leaves[name] for name in names), *at]
        found = torch.autograd.grad(
            outputs, wanted, seeds, allow_unused=True, materialize_grads=True
        )
        for name, gradient in zip(names, found, strict=False):
            self._grads[name].copy_(gradient)
        for part in parts:
            if part in self.states:
                h, c = self.states[part]
                self.states[part] = h.detach(), c.detach()
        return list(found[len(names) :])

    def synthetic_gradient(self, message: Tensor) -> Tensor:
        """Return M's prediction of the gradient of B's loss at a message, both [R, H, B]."""
        assert self.model is not None
        with self.apart("batch_only", self.states), torch.no_grad():
            return self._predict(message) / self.model.scale

    def learn_synthetic_gradient(
        self, messages: Sequence[Tensor], targets: Sequence[Tensor]
    ) -> None:
        """Write the gradients of M for what it should have predicted at a cycle's messages."""
        self.learn("m", [self.sg_loss(messages, targets)])

    def sg_loss(self, messages: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Return M's loss [R]: summed over units, averaged over the batch and the messages."""
        assert self.model is not None
        total = torch.zeros_like(self.losses[0])
        for message, target in zip(messages, targets, strict=True):
            error = self.model.error(self._predict(message), target)
            total = total + error.square().sum((1, 2)) / (message.shape[2] * len(messages))
        return total

    @contextmanager
    def apart(self, mode: str, states: dict[str, State]) -> Generator[None]:
        """Go on in another mode, from other states; afterwards all is as it was."""
        before = self.mode, self.states, self.losses
        self.mode, self.states, self.losses = mode, dict(states), self.losses.clone()
        try:
            yield
        finally:
            self.mode, self.states, self.losses = before

    def _predict(self, message: Tensor) -> Tensor:
        """Return what M says at a message, times S; nothing flows back into the message."""
        assert self.model is not None
        self.model.sequence.track = self.mode == "train"
        return self.model.predict(message.detach())[0]

    def _run(self, block: LayerStack, x: Tensor) -> Tensor:
        if self.mode == "evaluate":
            return block.evaluate(x)
        block.track = self.mode == "train"
        return block(x)[0]
