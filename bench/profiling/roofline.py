"""The machine's limit for a step: its products at their shapes and one fused Adam, nothing else.

No batch, batch norm, ReLU, pooling, loss or bookkeeping: a step that was recorded
(`op_counter.count`) is done again without them, on memory laid out as the step's own, through the
best back-end there is. Matrices are written over what is there, and what is read is never written:
values that fed one another would soon be infinite, or so small that a processor takes many times as
long for them. Products that add up in one place (the gradient of a core's weights, over its steps)
are one of all their terms, and Adams between which nothing is multiplied are one. Of a program with
update masks the recorded steps are done in turn.
"""

import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..nn import adam, products
from ..training.graphs import CudaRecorder, Recorder
from .op_counter import ADAM, ADDED, CONVOLUTIONS, MATRICES, Call, Cost, Placed, factors

LAYOUTS = {"channels last": torch.channels_last, "NCHW": torch.contiguous_format}
READ, WRITTEN = "read", "written"
UPDATED = ("weights", "gradients", "first moments", "second moments")
TRIALS = 4  # of each back-end, to find the best

Action = Callable[[], object]


class Memory:
    """Blocks of memory, to be used by one limit after another: only one is done at a time.

    A block lies within one of the same use that was there before, where that is large enough: make
    the limits of large programs first.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._blocks: list[tuple[str, Tensor]] = []

    def block(self, use: str, count: int, dtype: torch.dtype, taken: set[int]) -> Tensor:
        """Return `count` values for a use, random at first, in none of the blocks that are `taken`.

        The number of the block is added to those.
        """
        fitting = (
            (len(block), number)
            for number, (used, block) in enumerate(self._blocks)
            if (used, block.dtype) == (use, dtype) and len(block) >= count and number not in taken
        )
        _, number = min(fitting, default=(0, len(self._blocks)))
        if number == len(self._blocks):
            self._blocks.append((use, torch.randn(count, dtype=dtype, device=self.device)))
        taken.add(number)
        return self._blocks[number][1][:count]


class Roofline:
    """The products and Adams of recorded steps.

    Args:
        cost: what was recorded.
        memory: where to work.
        layout: how maps lie in memory; None as in the step.
    """

    def __init__(
        self, cost: Cost, memory: Memory, layout: torch.memory_format | None = None
    ) -> None:
        self._memory, self._layout = memory, layout
        self._places: dict[Any, Tensor] = {}
        self._taken: set[int] = set()
        self._each = [self._step(calls) for calls in cost.steps]
        self._steps = itertools.cycle(self._each)

    def replayed(self, recorder: Recorder) -> "Roofline":
        """Have each of the steps done as a graph, as programs are on a GPU; return this."""
        replays: list[list[Action]] = []
        for step in self._each:
            recorder.eagerly(lambda step=step: [do() for do in step])
            replays.append([recorder.record(lambda step=step: [do() for do in step])])
        self._steps = itertools.cycle(replays)
        return self

    def step(self) -> None:
        """Do what is left of the next of the recorded steps."""
        for do in next(self._steps):
            do()

    def _step(self, calls: Sequence[Call]) -> list[Action]:
        done: list[Action] = []
        for group in grouped(calls):
            first = group[0]
            if first.operation is ADAM:
                done.append(self._adam(group))
            elif first.operation in MATRICES:
                done.append(self._product(group))
            else:
                done.append(self._convolution(first))
        return done

    def _product(self, group: Sequence[Call]) -> Action:
        a, b = (self._seen(factor, READ) for factor in factors(group[0]))
        if len(group) > 1:
            inner = sum(factors(call)[0].shape[-1] for call in group)
            a, b = (
                self._fresh(READ, (*a.shape[:-1], inner), a.dtype),
                self._fresh(READ, (*b.shape[:-2], inner, b.shape[-1]), b.dtype),
            )
        assert group[0].out is not None
        out = self._seen(group[0].out, WRITTEN)
        multiply = torch.mm if a.dim() == 2 else torch.bmm
        return lambda: multiply(a, b, out=out)

    def _convolution(self, call: Call) -> Action:
        arguments = [
            self._seen(value, READ) if isinstance(value, Placed) else value
            for value in call.arguments
        ]
        return lambda: call.operation(*arguments)

    def _adam(self, group: Sequence[Call]) -> Action:
        pieces: list[Placed] = [piece for call in group for piece in call.arguments[0]]
        count, dtype = sum(math.prod(piece.shape) for piece in pieces), pieces[0].dtype
        weights, gradients, first, second = (self._fresh(use, (count,), dtype) for use in UPDATED)
        steps = torch.zeros((), device=self._memory.device)
        gradients.fill_(1e-3)
        for moment in (first, second):
            moment.zero_()

        def update() -> None:
            steps.add_(1)
            ADAM(
                *([weights], [gradients], [first], [second], [], [steps]),
                lr=1e-3,
                beta1=adam.OPTIMIZERS["adam"].beta1,
                beta2=adam.OPTIMIZERS["adam"].beta2,
                weight_decay=0.0,
                eps=adam.EPSILON,
                amsgrad=False,
                maximize=False,
            )

        return update

    def _seen(self, place: Placed, use: str) -> Tensor:
        """Return memory of that shape; what is of one storage, and of one use, shares it."""
        shape, stride, offset, dtype, (_, size) = place
        count, key = size // dtype.itemsize, (use, dtype, place.memory)
        if self._layout is not None and len(shape) == 4:
            stride = torch.empty(shape, device="meta", memory_format=self._layout).stride()
            offset, count, key = 0, math.prod(shape), (use, place)
        if key not in self._places:
            self._places[key] = self._fresh(use, (count,), dtype)
        return self._places[key].as_strided(shape, stride, offset)

    def _fresh(self, use: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return self._memory.block(use, math.prod(shape), dtype, self._taken).view(shape)


def grouped(calls: Sequence[Call]) -> list[list[Call]]:
    """Return the calls, together those that can be one: see this file's beginning."""
    groups: list[list[Call]] = []
    sums: dict[Any, list[Call]] = {}
    for call in calls:
        if call.operation in ADDED and call.arguments[0] == call.out and call.out in sums:
            sums[call.out].append(call)
            continue
        if call.operation is ADAM and groups and groups[-1][0].operation is ADAM:
            groups[-1].append(call)
            continue
        groups.append([call])
        if call.operation in MATRICES:
            sums[call.out] = groups[-1]
    return groups


def best(cost: Cost, memory: Memory, back_end: str) -> tuple[str, Action]:
    """Return the fastest way there is to do a step's products, by a short trial, and its name.

    Matrices go through every back-end of the CPU that computes in float32, maps lie in either
    layout; on a GPU the step is replayed as a graph. From then on products of this process go
    through `back_end` again, as they do outside the returned function.
    """

    def limit(layout: torch.memory_format | None = None) -> Roofline:
        found = Roofline(cost, memory, layout)
        on_gpu = memory.device.type == "cuda"
        return found.replayed(CudaRecorder(memory.device)) if on_gpu else found

    convolved = any(call.operation in CONVOLUTIONS for calls in cost.steps for call in calls)
    ways: dict[str, Action] = {}
    if convolved:
        for name, layout in LAYOUTS.items():
            ways[name] = limit(layout).step
    elif memory.device.type == "cpu":
        do = limit().step
        for name in products.exact():
            ways[name] = through(name, do, back_end)
        products.use(back_end)
    else:
        ways[back_end] = limit().step
    if len(ways) == 1:
        return next(iter(ways.items()))
    seconds = dict.fromkeys(ways, math.inf)
    for trial in range(TRIALS):
        for name, do in ways.items():
            start = time.perf_counter()
            for _ in cost.steps:
                do()
            _wait(memory.device)
            if trial:  # the first touches
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    name = min(seconds, key=seconds.__getitem__)
    return name, ways[name]


def through(name: str, do: Action, afterwards: str) -> Action:
    """Return `do` with its products sent through the back-end `name`, others' through another."""

    def done() -> None:
        products.use(name)
        do()
        products.use(afterwards)

    return done


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
