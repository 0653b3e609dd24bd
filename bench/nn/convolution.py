"""Convolutional layers: forward passes and pullbacks on [B, R * channels, H, W], channels last."""

from typing import Any

from torch import Tensor
from torch.nn import functional

from . import blueprint
from .arithmetic import EXACT, Arithmetic, Shape
from .dense import EPSILON, MOMENTUM, Pullback, aten


class Conv:
    """Convolution of stride 1 that keeps the resolution; weight [outputs, inputs, k, k]."""

    arithmetic: Arithmetic = EXACT
    """How it convolves."""

    def __init__(self, plan: blueprint.ConvSpec) -> None:
        self.blueprint = plan

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight`, `bias` and their gradients."""
        del stats
        self.weight, self.weight_grad = weights["weight"], grads["weight"]
        self.bias, self.bias_grad = weights.get("bias"), grads.get("bias")
        self.shape = Shape(self.blueprint.kernel // 2, self.weight.shape[0])

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the convolution of x and its pullback."""
        del track
        arithmetic = self.arithmetic
        weight, seen = arithmetic.operand(self.weight.flatten(0, 1)), arithmetic.operand(x)

        def pullback(
            delta: Tensor, need_input: bool = True, feedback: Tensor | None = None
        ) -> Tensor | None:
            back = weight if feedback is None else arithmetic.operand(feedback.flatten(0, 1))
            dx, weight_grad = arithmetic.convolution_backward(
                arithmetic.operand(delta), seen, back, self.shape, need_input=need_input
            )
            self.weight_grad.copy_(weight_grad.view_as(self.weight_grad))
            if self.bias_grad is not None:
                self.bias_grad.copy_(delta.sum((0, 2, 3)).view_as(self.bias_grad))
            return dx

        return self._convolution(weight, seen), pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the convolution of x."""
        operand = self.arithmetic.operand
        return self._convolution(operand(self.weight.flatten(0, 1)), operand(x))

    def _convolution(self, weight: Tensor, seen: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.flatten()
        return self.arithmetic.convolution(seen, weight, bias, self.shape)


class BatchNorm2d:
    """Batch norm over batch and positions of [B, R * channels, H, W], `rectified` if asked for."""

    def __init__(self, plan: blueprint.BatchNorm2dSpec) -> None:
        self.blueprint, self.rectified = plan, plan.rectified

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `gamma`, `beta`, their gradients, and the running `mean` and `variance`."""
        self.gamma, self.beta = weights["gamma"], weights["beta"]
        self.gamma_grad, self.beta_grad = grads["gamma"], grads["beta"]
        self.mean, self.variance = stats["mean"].view(-1), stats["variance"].view(-1)

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the batch norm by batch statistics, and its pullback."""
        running = (self.mean, self.variance) if track else (None, None)
        gamma = self.gamma.flatten()
        y, mean, rstd = aten.native_batch_norm(
            x, gamma, self.beta.flatten(), *running, True, MOMENTUM, EPSILON
        )
        h = y.relu_() if self.rectified else y

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input
            if self.rectified:
                delta = aten.threshold_backward(delta, h, 0)
            dx, gamma_grad, beta_grad = aten.native_batch_norm_backward(
                delta, x, gamma, *running, mean, rstd, True, EPSILON, [True, True, True]
            )
            self.gamma_grad.copy_(gamma_grad.view_as(self.gamma_grad))
            self.beta_grad.copy_(beta_grad.view_as(self.beta_grad))
            return dx

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the batch norm by running statistics."""
        gamma, beta = self.gamma.flatten(), self.beta.flatten()
        y = functional.batch_norm(x, self.mean, self.variance, gamma, beta, eps=EPSILON)
        return y.relu_() if self.rectified else y


class Pool:
    """3 x 3 pooling of stride 2 and padding 1, by maximum or by average (zeros counted)."""

    def __init__(self, plan: blueprint.PoolSpec) -> None:
        self.blueprint, self.maximum = plan, plan.maximum

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take nothing."""

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the pooled x and its pullback."""
        del track
        window: Any = ([3, 3], [2, 2], [1, 1])
        if self.maximum:
            h, where = aten.max_pool2d_with_indices(x, *window)
        else:
            h, where = aten.avg_pool2d(x, *window), None

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input
            if self.maximum:
                dilation = [1, 1]
                return aten.max_pool2d_with_indices_backward(
                    delta, x, *window, dilation, False, where
                )
            return aten.avg_pool2d_backward(delta, x, *window, False, True, None)

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the pooled x."""
        return (
            functional.max_pool2d(x, 3, 2, 1) if self.maximum else functional.avg_pool2d(x, 3, 2, 1)
        )
