"""The machine's limit for a step: its products at their shapes and one fused Adam, nothing else.

No batch, batch norm, ReLU, pooling or loss; outputs are written over, buffers are made beforehand.
`test_limit.py` counts that the products are those of the step, no more and no fewer.
"""

from collections.abc import Callable

import torch
from sgbench.bench import adam
from sgbench.bench.cell import Cell
from sgbench.bench.layers import Sequence
from sgbench.bench.network import Network

aten = torch.ops.aten
Call = Callable[[], object]


class Limit:
    """The calls of one step of `cell`.

    Args:
        cell: what is trained.
        network: its network; only shapes are read.
        memory_format: how a CNN's maps lie in memory.
    """

    def __init__(
        self,
        cell: Cell,
        network: Network,
        memory_format: torch.memory_format = torch.channels_last,
    ) -> None:
        self.batch, self.memory_format = cell.batch_size, memory_format
        self.forward: list[Call] = []
        self.backward: list[Call] = []
        trains_hidden = cell.rule != "no_bprop"
        size = 28
        for i, layer in enumerate(network.hidden):
            self._block(layer, size, weight=trains_hidden, first_input=i > 0 and trains_hidden)
            size = (size + 1) // 2
            if network.models:  # M reads what the layer has pooled; its loss stops there
                self._block(network.models[i].sequence, size, weight=True, first_input=False)
        self._block(network.classifier, 0, weight=True, first_input=trains_hidden)
        parts = network.trained(cell.rule)
        self._adam(network.replicas * sum(part.stop - part.start for part in parts))

    def step(self) -> None:
        """Do the products, forward and back, and Adam."""
        for call in self.forward:
            call()
        for call in reversed(self.backward):
            call()
        self.adam()

    def _block(self, block: Sequence, size: int, *, weight: bool, first_input: bool) -> None:
        """Add the products of a block: all forward, of the weights, of the inputs."""
        shapes = [part.shapes["weight"] for _, part in block.parts if "weight" in part.shapes]
        for i, shape in enumerate(shapes):
            add = self._dense if len(shape) == 2 else self._convolution
            add(shape, size, weight, weight and (i > 0 or first_input))

    def _dense(self, shape: tuple[int, ...], size: int, weight: bool, need_input: bool) -> None:
        del size
        outputs, inputs = shape
        w, x, delta = torch.randn(shape), torch.randn(inputs, self.batch), None
        h, delta = torch.empty(outputs, self.batch), torch.randn(outputs, self.batch)
        w_grad, x_grad = torch.empty(shape), torch.empty_like(x)
        self.forward.append(lambda: torch.mm(w, x, out=h))
        if need_input:
            self.backward.append(lambda: torch.mm(w.T, delta, out=x_grad))
        if weight:
            self.backward.append(lambda: torch.mm(delta, x.T, out=w_grad))

    def _convolution(
        self, shape: tuple[int, ...], size: int, weight: bool, need_input: bool
    ) -> None:
        outputs, inputs, kernel, _ = shape
        fixed = ([1, 1], [kernel // 2] * 2, [1, 1], False, [0, 0], 1)
        w, x, delta = (
            torch.randn(sizes).contiguous(memory_format=self.memory_format)
            for sizes in (
                shape,
                (self.batch, inputs, size, size),
                (self.batch, outputs, size, size),
            )
        )
        self.forward.append(lambda: aten.convolution(x, w, None, *fixed))
        if weight:
            mask = [need_input, True, False]
            self.backward.append(lambda: aten.convolution_backward(delta, x, w, None, *fixed, mask))

    def _adam(self, count: int) -> None:
        weights, grads = [torch.randn(count)], [torch.full((count,), 1e-3)]
        first, second, steps = [torch.zeros(count)], [torch.zeros(count)], [torch.zeros(())]

        def update() -> None:
            torch._foreach_add_(steps, 1)
            torch._fused_adam_(
                *(weights, grads, first, second, [], steps),
                lr=1e-3,
                beta1=adam.BETAS[0],
                beta2=adam.BETAS[1],
                weight_decay=0.0,
                eps=adam.EPSILON,
                amsgrad=False,
                maximize=False,
            )

        self.adam = update
