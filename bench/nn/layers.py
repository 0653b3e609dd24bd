"""Layers as pairs: a forward pass, and a pullback written out.

`h, pullback = layer(x)` runs a layer; `dx = pullback(delta)` writes the gradients of its weights
into `grads` and returns the gradient at its input, as the paper thinks of a layer: given a delta,
true or synthetic, it can update at once. Nothing is left for autograd to rebuild.

R replicas run as one. Dense activations are [R, features, batch]: the batch lies innermost, so
that batch norm over the batch is one contiguous layer norm. Convolutional activations are
[batch, R * channels, height, width] in channels-last memory, each replica a group.
A pullback may be called again; with `need_input=False` it does not compute (nor return) dx.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from .precision import Operand, exact
from .products import plane, product, stacked

EPSILON = 1e-5  # batch norm: torch's defaults, which the paper does not give
MOMENTUM = 0.1

Pullback = Callable[..., Any]
aten: Any = torch.ops.aten


class Layer(Protocol):
    """What a `Sequence` is made of."""

    shapes: dict[str, tuple[int, ...]]
    statistics: dict[str, tuple[int, ...]]

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take the tensors [R, *shape] of the declared names to work on."""
        ...

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Run in training mode; `track` moves the running statistics."""
        ...

    def evaluate(self, x: Tensor) -> Tensor:
        """Run with the running statistics."""
        ...


@runtime_checkable
class Multiplies(Protocol):
    """What has products, whose operands go through `operand`."""

    operand: Operand


class Linear:
    """[R, inputs, B] to [R, outputs, B]; weight [outputs, inputs], bias [outputs] if asked for."""

    operand: Operand = staticmethod(exact)
    """What the operands of its products go through."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {"weight": (outputs, inputs)}
        if bias:
            self.shapes["bias"] = (outputs,)
        self.statistics: dict[str, tuple[int, ...]] = {}
        self.fan_in = inputs

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight`, `bias` and their gradients."""
        del stats
        self._weight, self._weight_grad = plane(weights["weight"]), plane(grads["weight"])
        self._transposed = self._weight.mT
        self._bias = weights["bias"].unsqueeze(2) if "bias" in weights else None
        self._bias_grad = grads.get("bias")

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return W x + b and its pullback."""
        del track
        seen = self.operand(plane(x))

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor | None:
            if self._bias_grad is not None:
                torch.sum(delta, 2, out=self._bias_grad)
            delta = self.operand(plane(delta))
            product(delta, seen.mT, self._weight_grad)
            if not need_input:
                return None
            return stacked(product(self.operand(self._transposed), delta))

        return self._affine(seen), pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return W x + b."""
        return self._affine(self.operand(plane(x)))

    def _affine(self, seen: Tensor) -> Tensor:
        y = stacked(product(self.operand(self._weight), seen))
        return y if self._bias is None else y.add_(self._bias)


class BatchNormReLU:
    """Batch norm over the batch of [R, units, B], then ReLU."""

    def __init__(self, units: int) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {"gamma": (units,), "beta": (units,)}
        self.statistics: dict[str, tuple[int, ...]] = {"mean": (units,), "variance": (units,)}

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
        """Return the rectified batch norm by batch statistics, and its pullback."""
        batch = [x.shape[2]]
        normal, mean, rstd = torch.native_layer_norm(x, batch, None, None, EPSILON)
        if track:  # detached: two networks are differentiated by autograd
            variance = rstd.detach().pow(-2).sub_(self.epsilon)  # biased; the running one is not
            self.mean.lerp_(mean.detach(), MOMENTUM)
            self.variance.lerp_(variance.mul_(self._unbiased(batch[0])), MOMENTUM)
        h = (normal * self.gamma).add_(self.beta).relu_()

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor:
            del need_input  # a weight layer always lies below
            delta = aten.threshold_backward.default(delta, h, 0)
            torch.sum(delta, 2, out=self.beta_grad)
            torch.sum(delta * normal, 2, out=self.gamma_grad)
            return aten.native_layer_norm_backward.default(
                delta.mul_(self.gamma), x, batch, mean, rstd, None, None, [True, False, False]
            )[0]

        return h, pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the rectified batch norm by running statistics."""
        scale = self.gamma * (self.variance + EPSILON).rsqrt()
        shift = self.beta - self.mean * scale
        return (x * scale).add_(shift).relu_()

    def _unbiased(self, batch: int) -> Tensor:
        """Return what makes a variance over so many examples one without bias."""
        if batch not in self.unbiased:
            self.unbiased[batch] = self.mean.new_full((), batch / (batch - 1))
        return self.unbiased[batch]


class ReLU:
    """Rectifier of activations of any shape."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.statistics: dict[str, tuple[int, ...]] = {}

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


class Conv:
    """Convolution of stride 1 that keeps the resolution; weight [outputs, inputs, k, k]."""

    operand: Operand = staticmethod(exact)
    """What the operands of its products go through."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {"weight": (outputs, inputs, kernel, kernel)}
        if bias:
            self.shapes["bias"] = (outputs,)
        self.statistics: dict[str, tuple[int, ...]] = {}
        self.fan_in = inputs * kernel * kernel
        self.padding = kernel // 2

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take `weight`, `bias` and their gradients."""
        del stats
        self.weight, self.weight_grad = weights["weight"], grads["weight"]
        self.bias, self.bias_grad = weights.get("bias"), grads.get("bias")

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Return the convolution of x and its pullback."""
        del track
        seen = self.operand(x)

        def pullback(delta: Tensor, need_input: bool = True) -> Tensor | None:
            pad, replicas = self.padding, self.weight.shape[0]
            mask = [need_input, True, False]
            dx, weight_grad, _ = aten.convolution_backward(
                *(self.operand(delta), seen, self.operand(self.weight.flatten(0, 1)), None),
                *([1, 1], [pad, pad], [1, 1], False, [0, 0], replicas, mask),
            )
            self.weight_grad.copy_(weight_grad.view_as(self.weight_grad))
            if self.bias_grad is not None:
                self.bias_grad.copy_(delta.sum((0, 2, 3)).view_as(self.bias_grad))
            return dx

        return self._convolution(seen), pullback

    def evaluate(self, x: Tensor) -> Tensor:
        """Return the convolution of x."""
        return self._convolution(self.operand(x))

    def _convolution(self, seen: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.flatten()
        pad, replicas = self.padding, self.weight.shape[0]
        weight = self.operand(self.weight.flatten(0, 1))
        return aten.convolution.default(  # `functional.conv2d` is counted as none in inference mode
            seen, weight, bias, [1, 1], [pad, pad], [1, 1], False, [0, 0], replicas
        )


class BatchNorm2d:
    """Batch norm over batch and positions of [B, R * channels, H, W], `rectified` if asked for."""

    def __init__(self, channels: int, *, rectified: bool = True) -> None:
        self.rectified = rectified
        self.shapes: dict[str, tuple[int, ...]] = {"gamma": (channels,), "beta": (channels,)}
        self.statistics: dict[str, tuple[int, ...]] = {"mean": (channels,), "variance": (channels,)}

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

    def __init__(self, kind: str) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.statistics: dict[str, tuple[int, ...]] = {}
        self.maximum = kind == "max"

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


class Sequence:
    """Named layers run one after another, itself a layer: `(name, layer)` pairs, bottom first."""

    def __init__(self, *parts: tuple[str, Layer]) -> None:
        self.parts = parts
        self.track = True
        """Whether training passes move the running statistics."""

    def declare(self, what: str) -> dict[str, tuple[int, ...]]:
        """Return {name: shape without R} of the `shapes` or the `statistics` of all parts."""
        return {
            f"{name}.{key}": shape
            for name, part in self.parts
            for key, shape in getattr(part, what).items()
        }

    def fan_in(self) -> dict[str, int]:
        """Return {name: fan-in} of the weights and biases that are initialised by it."""
        found: dict[str, int] = {}
        for name, part in self.parts:
            fan_in = getattr(part, "fan_in", None)
            if fan_in is not None:
                found |= {f"{name}.{key}": fan_in for key in part.shapes}
        return found

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Hand each part its tensors, by the names of `declare`."""
        for name, part in self.parts:
            part.bind(
                {key: weights[f"{name}.{key}"] for key in part.shapes},
                {key: grads[f"{name}.{key}"] for key in part.shapes},
                {key: stats[f"{name}.{key}"] for key in part.statistics},
            )

    def take(self, operand: Operand) -> None:
        """Let the operands of all products go through `operand`."""
        for _, part in self.parts:
            if isinstance(part, Multiplies):
                part.operand = operand

    def __call__(self, x: Tensor) -> tuple[Tensor, Pullback]:
        """Run in training mode; return the output and the pullback through all parts."""
        pullbacks: list[Pullback] = []
        for _, part in self.parts:
            x, pullback = part(x, self.track)
            pullbacks.append(pullback)

        def pull(delta: Tensor, need_input: bool = True) -> Tensor | None:
            for pullback in reversed(pullbacks[1:]):
                delta = pullback(delta)
            return pullbacks[0](delta, need_input=need_input)

        return x, pull

    def evaluate(self, x: Tensor) -> Tensor:
        """Run with the running statistics."""
        for _, part in self.parts:
            x = part.evaluate(x)
        return x


def bound(fan_in: int) -> float:
    """Return b of the initial weights' U(-b, b): torch's default, which the paper does not give."""
    return 1 / math.sqrt(fan_in)
