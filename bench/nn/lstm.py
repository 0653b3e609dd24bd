"""An LSTM core as a pair: T steps forward, and their pullback written out.

    i, f, o, g = W [1; x; h]        sigmoid of the first three, tanh of the last
    c' = f c + i g,   h' = o tanh(c')

R replicas run as one; everything is [R, T, features, B], so that a step is one matrix product (the
input's part, the bias and the recurrent part in one) on memory that lies together. The state
[R, 2 H, B] is h above c: both halves are handed on, and both have a synthetic gradient.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from . import recurrent_blueprint
from .arithmetic import EXACT, Arithmetic
from .dense import aten
from .products import plane

FORGET_BIAS = 1.0  # the paper does not give it; ours: the customary one


class StepViews(NamedTuple):
    """A step's views into its tape: made once, since making them is work too.

    Those that go into products are planes (`products.plane`).
    """

    x: Tensor
    gates: Tensor
    sigmoids: Tensor  # i, f, o
    i: Tensor
    f: Tensor
    o: Tensor
    g: Tensor
    c_before: Tensor
    c: Tensor
    tanh: Tensor
    h: Tensor
    delta: Tensor
    dsigmoids: Tensor
    di: Tensor
    df: Tensor
    do: Tensor
    dg: Tensor


class Tape:
    """The intermediate values of T steps on B streams, kept for their pullback and overwritten.

    Attributes:
        x: [1; one-hot input; h before the step], [R, T + 1, 1 + V + H, B]; the last step holds
            the h after the unroll alone.
        gates: i, f, o, g after their nonlinearities, [R, T, 4 H, B].
        cells: c before each step and after the last, [R, T + 1, H, B].
        tanh: tanh(c) after each step, [R, T, H, B].
        delta: gradient at the gates before their nonlinearities, [R, T, 4 H, B], as the last
            `pull` wrote it.
        dc, dh: gradients at c and h, [R, H, B], as a pull goes down the steps.
        inputs, deltas: `x` and `delta` as the operands of products that the last `forward` and the
            last `pull` made, by step.
    """

    def __init__(self, core: "LSTM", steps: int, streams: int) -> None:
        weight = core.weight
        self.streams = streams
        units, symbols = core.units, core.symbols

        def make(count: int, features: int) -> Tensor:
            return weight.new_zeros(weight.shape[0], count, features, streams)

        self.x = make(steps + 1, 1 + symbols + units)
        self.x[:, :, 0] = 1
        self.gates, self.delta = make(steps, 4 * units), make(steps, 4 * units)
        self.cells, self.tanh = make(steps + 1, units), make(steps, units)
        self.dc, self.dh = weight.new_zeros(2, weight.shape[0], units, streams)
        self.dh_plane = plane(self.dh)
        self.one_hot = self.x[:, :steps, 1 : 1 + symbols]
        self.h = self.x[:, :, 1 + symbols :]
        self.by_step = [self._step(t, units) for t in range(steps)]
        self.inputs = [core.arithmetic.operand(step.x) for step in self.by_step]
        self.deltas = [core.arithmetic.operand(step.delta) for step in self.by_step]

    @property
    def steps(self) -> int:
        """T."""
        return len(self.by_step)

    def read(self, t: int, arithmetic: Arithmetic) -> Tensor:
        """Return what a step reads as an operand, in memory that stays the tape's."""
        x, held = self.by_step[t].x, self.inputs[t]
        seen = arithmetic.operand(x)
        return x if seen is x else held.copy_(seen)

    def _step(self, t: int, units: int) -> StepViews:
        def parts(whole: Tensor) -> list[Tensor]:
            return [whole[:, n * units : (n + 1) * units] for n in range(4)]

        gates, delta = self.gates[:, t], self.delta[:, t]
        i, f, o, g = parts(gates)
        di, df, do, dg = parts(delta)
        return StepViews(
            x=plane(self.x[:, t]),
            gates=plane(gates),
            sigmoids=gates[:, : 3 * units],
            i=i,
            f=f,
            o=o,
            g=g,
            c_before=self.cells[:, t],
            c=self.cells[:, t + 1],
            tanh=self.tanh[:, t],
            h=self.h[:, t + 1],
            delta=plane(delta),
            dsigmoids=delta[:, : 3 * units],
            di=di,
            df=df,
            do=do,
            dg=dg,
        )

    @property
    def outputs(self) -> Tensor:
        """The h after each step, [R, H, T, B], a copy."""
        return self.h[:, 1:].transpose(1, 2).contiguous()

    def state(self, step: int) -> Tensor:
        """Return the state before `step` (0 to T), [R, 2 H, B]."""
        return torch.cat((self.h[:, step], self.cells[:, step]), 1)


class LSTM:
    """The core; weight [4 H, 1 + V + H] in gate order i, f, o, g."""

    arithmetic: Arithmetic = EXACT
    """How it multiplies."""

    def __init__(self, plan: recurrent_blueprint.LSTMSpec) -> None:
        self.blueprint, self.symbols, self.units = plan, plan.symbols, plan.units

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight` and its gradient."""
        del stats
        self.weight = weights["weight"]
        self._weight, self._weight_grad = plane(self.weight), plane(grads["weight"])
        self._recurrent = self._weight[..., 1 + self.symbols :].mT

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
        tape.one_hot.zero_().scatter_(2, inputs.unsqueeze(2), 1)
        tape.h[:, 0], tape.cells[:, 0] = state[:, :units], state[:, units:]
        arithmetic = self.arithmetic
        weight = arithmetic.operand(self._weight)
        for t, step in enumerate(tape.by_step):
            arithmetic.product(weight, tape.read(t, arithmetic), step.gates)
            step.sigmoids.sigmoid_()
            step.g.tanh_()
            torch.mul(step.f, step.c_before, out=step.c).addcmul_(step.i, step.g)
            torch.mul(torch.tanh(step.c, out=step.tanh), step.o, out=step.h)

    def pull(
        self, tape: Tape, deltas: Tensor | None, end: Tensor | None, need_start: bool = True
    ) -> Tensor | None:
        """Return the gradient at the state before the unroll, [R, 2 H, B].

        Args:
            tape: the unroll; its `delta` is written.
            deltas: the gradient at every output, [R, H, T, B]; None for zero.
            end: the gradient at the state after the unroll, [R, 2 H, B]; None for zero.
            need_start: whether that at the state before it is computed (and returned).
        """
        units = self.units
        arithmetic = self.arithmetic
        recurrent = arithmetic.repeated(self._recurrent)
        dc, dh, outputs = tape.dc, end, None if deltas is None else deltas.unbind(2)
        if end is None:
            dc.zero_()
        else:
            dh = end[:, :units]
            dc.copy_(end[:, units:])
        for t, step in reversed([*enumerate(tape.by_step)]):
            if outputs is not None:
                dh = outputs[t] if dh is None else torch.add(dh, outputs[t], out=tape.dh)
            assert dh is not None, "nothing to pull back"
            torch.mul(dh, step.tanh, out=step.do)
            torch.mul(dh, step.o, out=step.dg)  # dg is free until its turn
            dc.add_(aten.tanh_backward.grad_input(step.dg, step.tanh, grad_input=step.dg))
            torch.mul(dc, step.g, out=step.di)
            torch.mul(dc, step.c_before, out=step.df)
            torch.mul(dc, step.i, out=step.dg)
            aten.sigmoid_backward.grad_input(
                step.dsigmoids, step.sigmoids, grad_input=step.dsigmoids
            )
            aten.tanh_backward.grad_input(step.dg, step.g, grad_input=step.dg)
            tape.deltas[t] = arithmetic.operand(step.delta)
            if t or need_start:
                dc.mul_(step.f)
                arithmetic.product(recurrent, tape.deltas[t], tape.dh_plane)
                dh = tape.dh
        return torch.cat((tape.dh, dc), 1) if need_start else None

    def learn(self, *tapes: Tape) -> None:
        """Write the gradient of the weight: that of the tapes' `delta`, summed over their steps."""
        arithmetic, first = self.arithmetic, True
        for tape in tapes:
            for x, delta in zip(tape.inputs, tape.deltas, strict=True):
                arithmetic.accumulate(delta, x.mT, self._weight_grad, first=first)
                first = False
