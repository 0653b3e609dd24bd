"""Data parallelism by `DistributedDataParallel`: the whole network on every core, part of a batch.

The gradients are averaged at the end of every update. Batch norm is over the examples of one
process, as is DistributedDataParallel's default.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from ..trace import BACKWARD, COMMUNICATING, FORWARD, UPDATE, WAITING

if TYPE_CHECKING:
    from ..stage import Stage


def data_parallel(stage: "Stage") -> None:
    """Train by averaging gradients; `stage` has all layers, and 1 / S of every batch."""
    with torch.enable_grad():
        network = _Network(stage)
        parallel: Any = DistributedDataParallel(network, broadcast_buffers=False)
        parallel.register_comm_hook(stage, _average)
        stage.begin()  # what was made so far is no part of an update
        for k in range(stage.cell.iterations):
            network.batch = k
            parallel.zero_grad()
            with stage.trace.span(FORWARD, k):
                own = stage.order.share(k, stage.rank, stage.size)
            parallel(*own).backward()
            gradient = network.weights.grad
            assert gradient is not None
            with torch.no_grad(), stage.trace.span(UPDATE, k):
                stage.part.weights.grads.copy_(gradient)
                stage.part.update()
            stage.updated(k)


def _average(stage: "Stage", bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
    """Average a bucket of gradients over the processes."""
    k = stage.part.iteration
    with stage.trace.span(WAITING, k):
        tensor = bucket.buffer()
        stage.average(tensor)
    with stage.trace.span(COMMUNICATING, k):
        tensor.div_(stage.size)
    done: torch.futures.Future[torch.Tensor] = torch.futures.Future()
    done.set_result(tensor)
    return done


class _Network(torch.nn.Module):
    """The whole network as a module with one parameter: the flat buffer of its weights."""

    def __init__(self, stage: "Stage") -> None:
        super().__init__()
        self.stage, self.batch = stage, 0
        self.weights = torch.nn.Parameter(stage.part.weights.flat)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of this process's share of a batch."""
        function: Any = _Loss
        return function.apply(self.weights, self, x, labels)


class _Loss(torch.autograd.Function):
    """The loss of a network whose layers come with pullbacks, as a function of its weights."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, network: _Network, x: Tensor, labels: Tensor) -> Tensor:
        """Run forward."""
        del weights
        stage, part = network.stage, network.stage.part
        with stage.trace.span(FORWARD, network.batch):
            logits, pullbacks = part.forward(x)
        one_hot = part.encode(labels)
        stage.note_loss(logits, one_hot, network.batch)
        ctx.network, ctx.pullbacks = network, pullbacks
        ctx.delta = part.loss_gradient(logits, one_hot)
        return logits.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *deltas: Tensor) -> tuple[Tensor, None, None, None]:
        """Run backward; return the gradient of all weights."""
        del deltas
        stage: Stage = ctx.network.stage
        with stage.trace.span(BACKWARD, ctx.network.batch):
            stage.part.backward(ctx.pullbacks, ctx.delta)
            gradient = stage.part.weights.grads.clone()
        return gradient, None, None, None
