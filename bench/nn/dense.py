"""Dense layers, each a forward pass and a written-out pullback; activations [R, features, B]."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..interfaces import Pullback
from . import blueprint
from .arithmetic import EXACT, Arithmetic
from .products import plane, stacked
from .running_statistics import Observed, RunningStatistics

EPSILON = 1e-5  # batch norm: torch's defaults, which the paper does not give
MOMENTUM = 0.1
SLOPE = 0.01  # leaky ReLU, below zero

aten: Any = torch.ops.aten


class Linear:
    """[R, inputs, B] to [R, outputs, B]; weight [outputs, inputs], bias [outputs] if asked for."""

    arithmetic: Arithmetic = EXACT
    """How it multiplies."""

    def __init__(self, plan: blueprint.LinearSpec) -> None:
        self.blueprint = plan

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight`, `bias` and their gradients."""
        del stats
        self._weight, self._weight_grad = plane(weights["weight"]), plane(grads["weight"])
        self._bias = weights["bias"].unsqueeze(2) if "bias" in weights else None
        self._bias_grad = grads.get("bias")

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return W x + b and its pullback."""
        del track
        arithmetic = self.arithmetic
        weight, seen = arithmetic.operand(self._weight), arithmetic.operand(plane(x))

        def pullback(
            delta: Tensor, need_input: bool = True, feedback: Tensor | None = None
        ) -> Tensor | None:
            if self._bias_grad is not None:
                torch.sum(delta, 2, out=self._bias_grad)
            delta = arithmetic.operand(plane(delta))
            arithmetic.product(delta, seen.mT, self._weight_grad)
            if not need_input:
                return None
            back = weight if feedback is None else arithmetic.operand(plane(feedback))
            return stacked(arithmetic.product(back.mT, delta))

        return self._affine(weight, seen), pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return W x + b."""
        operand = self.arithmetic.operand
        return self._affine(operand(self._weight), operand(plane(x)))

    def _affine(self, weight: Tensor, seen: Tensor) -> Tensor:
        y = stacked(self.arithmetic.product(weight, seen))
        return y if self._bias is None else y.add_(self._bias)


class BatchNorm:
    """Batch norm over the batch of [R, units, B], `rectified` if asked for."""

    running: RunningStatistics | None = None
    """The list that collects a step's batch statistics until the step ends; None where they are
    averaged into the running statistics at once."""

    def __init__(self, plan: blueprint.BatchNormSpec) -> None:
        self.blueprint, self.rectified = plan, plan.rectified

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `gamma`, `beta`, their gradients, and the running `mean` and `variance`."""
        self.gamma, self.beta = weights["gamma"].unsqueeze(2), weights["beta"].unsqueeze(2)
        self.gamma_grad, self.beta_grad = grads["gamma"], grads["beta"]
        self.mean, self.variance = stats["mean"].unsqueeze(2), stats["variance"].unsqueeze(2)
        # numbers as tensors: torch would make one of a Python number at every call
        self.epsilon, self.unbiased = self.mean.new_full((), EPSILON), dict[int, Tensor]()

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the batch norm by batch statistics, and its pullback."""
        batch = [x.shape[2]]
        normal, mean, rstd = torch.native_layer_norm(x, batch, None, None, EPSILON)
        if track:  # detached: two networks are differentiated by autograd
            self._move_statistics(mean.detach(), rstd.detach(), batch[0])
        h = (normal * self.gamma).add_(self.beta)
        if self.rectified:
            h.relu_()

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input  # a weight layer always lies below
            if self.rectified:
                delta = aten.threshold_backward.default(delta, h, 0)
            torch.sum(delta, 2, out=self.beta_grad)
            torch.sum(delta * normal, 2, out=self.gamma_grad)
            delta = delta.mul_(self.gamma) if self.rectified else delta * self.gamma
            return aten.native_layer_norm_backward.default(
                delta, x, batch, mean, rstd, None, None, [True, False, False]
            )[0]

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the batch norm by running statistics."""
        scale = self.gamma * (self.variance + EPSILON).rsqrt()
        shift = self.beta - self.mean * scale
        y = (x * scale).add_(shift)
        return y.relu_() if self.rectified else y

    def _move_statistics(self, mean: Tensor, rstd: Tensor, batch: int) -> None:
        """Average a batch's statistics in: now, or at the end of the step (`running`)."""
        if self.running is not None:
            unbiased = batch / (batch - 1)
            self.running.observe(Observed(self.mean, self.variance, mean, rstd, unbiased))
            return
        variance = rstd.pow(-2).sub_(self.epsilon)  # biased; the running one is not
        self.mean.lerp_(mean, MOMENTUM)
        self.variance.lerp_(variance.mul_(self._unbiased(batch)), MOMENTUM)

    def _unbiased(self, batch: int) -> Tensor:
        """Return what makes a variance over so many examples one without bias."""
        if batch not in self.unbiased:
            self.unbiased[batch] = self.mean.new_full((), batch / (batch - 1))
        return self.unbiased[batch]


class ReLU:
    """Rectifier of activations of any shape."""

    def __init__(self, plan: blueprint.ReLUSpec) -> None:
        self.blueprint = plan

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take nothing."""

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the rectified x, which is overwritten, and its pullback."""
        del track
        h = x.relu_()

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input  # a weight layer always lies below
            return aten.threshold_backward(delta, h, 0)

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the rectified x, which is overwritten."""
        return x.relu_()


class Activation:
    """A nonlinearity of activations of any shape, which are overwritten: leaky ReLU or tanh."""

    def __init__(self, plan: blueprint.ActivationSpec) -> None:
        self.blueprint, self.tanh = plan, plan.kind == "tanh"

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take nothing."""

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the nonlinear x and its pullback."""
        del track
        h = self.evaluate(x)

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input  # a weight layer always lies below
            if self.tanh:
                return aten.tanh_backward.default(delta, h)
            return aten.leaky_relu_backward.default(delta, h, SLOPE, True)

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the nonlinear x."""
        return x.tanh_() if self.tanh else torch.nn.functional.leaky_relu_(x, SLOPE)


class Dropout:
    """Dropout of [R, units, B] in training, but where a pass is not to leave a trace.

    Attributes:
        draw: returns numbers of U(0, 1) of a shape [units, B], for each replica its own.
    """

    draw: Callable[[Sequence[int]], Tensor]

    def __init__(self, plan: blueprint.DropoutSpec) -> None:
        self.blueprint, self.rate = plan, plan.rate

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take nothing."""

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return x without what is dropped, and the pullback."""
        if not track:
            return x, _identity
        kept = self.draw(x.shape[1:]).ge_(self.rate).to(x.dtype).mul_(1 / (1 - self.rate))

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input
            return delta * kept

        return x * kept, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return x."""
        return x


def _identity(delta: Tensor, need_input: bool = True) -> Tensor:
    del need_input
    return delta
