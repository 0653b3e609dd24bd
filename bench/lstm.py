"""An LSTM core as a pair: T steps forward, and their pullback written out.

    i, f, o, g = W [1; x; h]        sigmoid of the first three, tanh of the last
    c' = f c + i g,   h' = o tanh(c')

R replicas run as one; everything is [R, features, T, B], so that a step is one matrix product (the
input's part, the bias and the recurrent part in one), and the gradient of W over all steps is one
more. The state [R, 2 H, B] is h above c: both halves are handed on, and both have a synthetic
gradient.
"""

import math

import torch
from torch import Tensor

from .layers import aten
from .matmul import matmul

FORGET_BIAS = 1.0  # the paper does not give it; ours: the customary one


class Tape:
    """What T steps on B streams leave behind for their pullback; its memory is used again.

    Attributes:
        x: [1; one-hot input; h before the step], [R, 1 + V + H, T + 1, B]; the last step holds
            the h after the unroll alone.
        gates: i, f, o, g after their nonlinearities, [R, 4 H, T, B].
        cells: c before each step and after the last, [R, H, T + 1, B].
        tanh: tanh(c) after each step, [R, H, T, B].
        delta: gradient at the gates before their nonlinearities, [R, 4 H, T, B], as the last
            `pull` wrote it.
    """

    def __init__(self, core: "LSTM", steps: int, streams: int) -> None:
        weight = core.weight
        self.steps, self.streams = steps, streams
        units, symbols = core.units, core.symbols

        def make(features: int, count: int) -> Tensor:
            return weight.new_zeros(weight.shape[0], features, count, streams)

        self.x = make(1 + symbols + units, steps + 1)
        self.x[:, 0] = 1
        self.gates, self.delta = make(4 * units, steps), make(4 * units, steps)
        self.cells, self.tanh = make(units, steps + 1), make(units, steps)
        self.one_hot = self.x[:, 1 : 1 + symbols, :steps]
        self.h = self.x[:, 1 + symbols :]

    @property
    def outputs(self) -> Tensor:
        """h after each step, [R, H, T, B]."""
        return self.h[:, :, 1:]

    def state(self, step: int) -> Tensor:
        """Return the state before `step` (0 to T), [R, 2 H, B]."""
        return torch.cat((self.h[:, :, step], self.cells[:, :, step]), 1)


class LSTM:
    """The core; weight [4 H, 1 + V + H] in gate order i, f, o, g."""

    def __init__(self, symbols: int, units: int) -> None:
        self.symbols, self.units = symbols, units
        self.shapes: dict[str, tuple[int, ...]] = {"weight": (4 * units, 1 + symbols + units)}
        self.statistics: dict[str, tuple[int, ...]] = {}
        self.fan_in = units

    @property
    def state_size(self) -> int:
        """Features of the state: h and c."""
        return 2 * self.units

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight` and its gradient."""
        del stats
        self.weight, self.weight_grad = weights["weight"], grads["weight"]

    def initialise(self) -> None:
        """Set the bias, which is drawn like the weights until then."""
        bias = self.weight[:, :, 0]
        bias.zero_()
        bias[:, self.units : 2 * self.units] = FORGET_BIAS

    def tape(self, steps: int, streams: int) -> Tape:
        """Return an empty tape."""
        return Tape(self, steps, streams)

    def forward(self, tape: Tape, inputs: Tensor, state: Tensor) -> None:
        """Run the tape's T steps on codes [R, T, B] from `state` [R, 2 H, B]."""
        units = self.units
        tape.one_hot.zero_().scatter_(1, inputs.unsqueeze(1), 1)
        tape.h[:, :, 0], tape.cells[:, :, 0] = state[:, :units], state[:, units:]
        for t in range(tape.steps):
            gates, c = tape.gates[:, :, t], tape.cells[:, :, t + 1]
            matmul(self.weight, tape.x[:, :, t], out=gates)
            gates[:, : 3 * units].sigmoid_()
            gates[:, 3 * units :].tanh_()
            i, f, o, g = gates.split(units, 1)
            torch.mul(f, tape.cells[:, :, t], out=c).addcmul_(i, g)
            torch.mul(torch.tanh(c, out=tape.tanh[:, :, t]), o, out=tape.h[:, :, t + 1])

    def pull(self, tape: Tape, deltas: Tensor | None, end: Tensor | None) -> Tensor:
        """Return the gradient at the state before the unroll, [R, 2 H, B].

        Args:
            tape: the unroll; its `delta` is written.
            deltas: the gradient at every output, [R, H, T, B]; None for zero.
            end: the gradient at the state after the unroll, [R, 2 H, B]; None for zero.
        """
        units = self.units
        recurrent = self.weight[:, :, 1 + self.symbols :].mT
        if end is None:
            end = tape.x.new_zeros(tape.x.shape[0], 2 * units, tape.streams)
        dh, dc = end[:, :units], end[:, units:].clone()
        for t in reversed(range(tape.steps)):
            i, f, o, g = tape.gates[:, :, t].split(units, 1)
            delta, tanh = tape.delta[:, :, t], tape.tanh[:, :, t]
            di, df, do, dg = delta.split(units, 1)
            if deltas is not None:
                dh = dh + deltas[:, :, t]
            torch.mul(dh, tanh, out=do)
            dc.add_(aten.tanh_backward(dh * o, tanh))
            torch.mul(dc, g, out=di)
            torch.mul(dc, tape.cells[:, :, t], out=df)
            torch.mul(dc, i, out=dg)
            sigmoids = delta[:, : 3 * units]
            aten.sigmoid_backward(sigmoids, tape.gates[:, : 3 * units, t], grad_input=sigmoids)
            aten.tanh_backward(dg, g, grad_input=dg)
            dc.mul_(f)
            dh = matmul(recurrent, delta)
        return torch.cat((dh, dc), 1)

    def learn(self, *tapes: Tape) -> None:
        """Write the gradient of the weight: that of the tapes' `delta`, summed."""
        for number, tape in enumerate(tapes):
            delta = tape.delta.flatten(2)
            x = tape.x[:, :, : tape.steps].flatten(2).mT
            if number == 0:
                matmul(delta, x, out=self.weight_grad)
            else:
                self.weight_grad.add_(matmul(delta, x))


def memory(symbols: int, units: int, steps: int, streams: int, tapes: int) -> int:
    """Return about how many numbers the tapes of an unroll hold, for one replica."""
    features = 1 + symbols + units + 4 * units * 2 + 2 * units + units
    return math.prod((features, steps + 1, streams, tapes))
