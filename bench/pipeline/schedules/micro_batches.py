"""GPipe and 1F1B by `torch.distributed.pipelining`: a batch goes through in micro-batches.

The schedules are torch's; the layers are ours, as one autograd function, and the messages go
through the same links as everywhere, so that delays, limits and traces are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe
from torch.distributed.pipelining.microbatch import TensorChunkSpec

from ...families.feedforward.stages import MICRO_BATCHES
from ..trace import BACKWARD, FORWARD, UPDATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ..stage import Stage


def gpipe(stage: Stage) -> None:
    """Train by GPipe: all micro-batches forward, then all backward, then the update."""
    _train(stage, ScheduleGPipe)


def one_forward_one_backward(stage: Stage) -> None:
    """Train by 1F1B: a micro-batch goes back as soon as it can."""
    _train(stage, Schedule1F1B)


def _train(stage: Stage, schedule_class: Any) -> None:
    part = stage.part
    with torch.enable_grad():
        module = _Layers(stage)
        shape = (*part.input_shape[:-1], part.input_shape[-1] // MICRO_BATCHES)
        out = (*part.output_shape[:-1], part.output_shape[-1] // MICRO_BATCHES)
        dtype = part.weights.flat.dtype
        pipeline = _Messages(
            stage,
            module,
            torch.empty(shape, dtype=dtype, requires_grad=not part.bottom),
            torch.empty(out, dtype=dtype, requires_grad=True),
        )
        schedule = schedule_class(
            pipeline,
            MICRO_BATCHES,
            loss_fn=module.loss,
            args_chunk_spec=(TensorChunkSpec(2),),
            scale_grads=False,  # ours are, in `_Layers`
        )
        stage.begin()  # what was made so far is no part of an update
        for k in range(stage.cell.iterations):
            module.begin(k)
            with stage.trace.span(FORWARD, k):
                inputs = [stage.order.inputs(k)] if part.bottom else []
            target = stage.order.labels(k).squeeze(0) if part.top else None
            schedule.step(*inputs, target=target, return_outputs=False)
            with torch.no_grad(), stage.trace.span(UPDATE, k):
                part.weights.grads.copy_(module.total)
                part.update()
            stage.updated(k)


class _Messages(PipelineStage):
    """A stage of torch's schedules whose messages go through our links."""

    def __init__(self, stage: Stage, module: _Layers, given: Tensor, returned: Tensor) -> None:
        super().__init__(
            module,
            stage.rank,
            stage.size,
            torch.device("cpu"),
            input_args=given,
            output_args=returned,
        )
        self._ours, self._layers = stage, module

    def get_fwd_recv_ops(self, fwd_chunk_id: int) -> list[Any]:
        """Return nothing: a micro-batch is waited for where it is needed."""
        del fwd_chunk_id
        return []

    def get_bwd_recv_ops(self, bwd_chunk_id: int) -> list[Any]:
        """Return nothing, likewise."""
        del bwd_chunk_id
        return []

    def get_fwd_send_ops(self, fwd_chunk_id: int) -> list[Any]:
        """Send the output of a micro-batch; leave nothing to do."""
        output = self.fwd_cache[fwd_chunk_id][0][0]
        self._ours.send(self._ours.above, self._number(fwd_chunk_id), output.detach())
        return []

    def get_bwd_send_ops(self, bwd_chunk_id: int) -> list[Any]:
        """Send the gradient at the input of a micro-batch; leave nothing to do."""
        found = self.bwd_cache.pop(bwd_chunk_id)
        if not self.is_first:
            self._ours.send(self._ours.below, self._number(bwd_chunk_id), found[0])
        return []

    def _retrieve_recv_activations(self, fwd_chunk_id: int) -> tuple[Tensor, ...]:
        assert self._ours.below is not None
        h = self._ours.receive(self._ours.below, self._number(fwd_chunk_id))
        return (h.requires_grad_(),)

    def _retrieve_recv_grads(self, bwd_chunk_id: int) -> tuple[Tensor, ...]:
        assert self._ours.above is not None
        return (self._ours.receive(self._ours.above, self._number(bwd_chunk_id)),)

    def _number(self, chunk: int) -> int:
        return self._layers.batch * MICRO_BATCHES + chunk


class _Layers(torch.nn.Module):
    """The layers of a stage as a module; their gradients are summed in `total`.

    Attributes:
        batch: the number of the batch.
        total: the gradients so far of all weights, of the batch mean.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.batch = stage, 0
        self.total = torch.zeros_like(stage.part.weights.grads)
        self._learns = torch.nn.Parameter(torch.zeros(()))  # so that autograd calls `backward`

    def begin(self, batch: int) -> None:
        """Begin a batch."""
        self.batch = batch
        self.total.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a micro-batch [1, units, b]."""
        return apply_layers(x, self._learns, self._run)

    def _run(self, x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor | None]]:
        stage = self.stage
        with stage.trace.span(FORWARD, self.batch):
            h, pullbacks = stage.part.forward(x)

        def pull(delta: Tensor) -> Tensor | None:
            with stage.trace.span(BACKWARD, self.batch):
                below = stage.part.backward(pullbacks, delta)
                self.total.add_(stage.part.weights.grads)
            return below

        return h, pull

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return a micro-batch's part of the batch-mean loss of logits [1, K, b]."""
        mean = torch.nn.functional.cross_entropy(logits[0].mT, labels)
        if self.batch + 1 >= self.stage.next_evaluation:
            self.stage.loss = (self.stage.loss or 0.0) + float(mean.detach()) / MICRO_BATCHES
        return mean / MICRO_BATCHES


class _Apply(torch.autograd.Function):
    """Our layers, which come with a pullback, as a function of autograd."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        learns: Tensor,
        run: Callable[[Tensor], tuple[Tensor, Callable[[Tensor], Tensor | None]]],
    ) -> Tensor:
        """Run the layers."""
        del learns
        h, ctx.pull = run(x)
        return h

    @staticmethod
    def backward(ctx: Any, *deltas: Tensor) -> tuple[Tensor | None, None, None]:
        """Pull the gradient back through them."""
        return ctx.pull(deltas[0]), None, None


def apply_layers(x: Tensor, learns: Tensor, run: Callable[[Tensor], Any]) -> Tensor:
    """Return what `run(x)` gives first; autograd calls what it gives second, the pullback.

    Args:
        x: the input.
        learns: a tensor that requires a gradient, whatever it holds.
        run: takes x, returns the output and its pullback.
    """
    function: Any = _Apply
    return function.apply(x, learns, run)
