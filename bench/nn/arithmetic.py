"""The arithmetic of products and convolutions: `Exact`, or `Narrow` on bfloat16 operands.

With precision=bf16 everything is float32 (weights, gradients, moments, batch norm, biases, sums)
but products and convolutions, in training and in evaluation:

1. both operands are rounded to bfloat16, to the nearest, ties to even;
2. they are multiplied, and the products' terms are added up, in float32;
3. the result is rounded to bfloat16 and goes on as float32. A sum of several products (the gradient
   of a core's weight, over its steps) adds up rounded results in float32.

Where the processor multiplies bfloat16 fast, operands are held in bfloat16 (`NATIVE`); torch has no
such product with a float32 result on a CPU, hence the third step. Elsewhere the same numbers are
computed in float32, with each rounding written out (`EMULATED`). The two differ by the order in
which terms are added, so a result may be rounded to the other of two neighbours, 2^-8 apart.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from .. import processor
from . import products
from .precision import rounded

aten: Any = torch.ops.aten


class Shape(NamedTuple):
    """The padding (zeros on each side) and channel groups of a convolution of stride 1."""

    padding: int
    groups: int


Gradients = tuple[Tensor | None, Tensor]
"""Gradients of a convolution: at its input (None where not wanted) and at its weight."""


class Arithmetic(Protocol):
    """How layers multiply. Matrices are planes (`products.plane`)."""

    def operand(self, x: Tensor, /) -> Tensor:
        """Return x as the other methods take it; a view of that is an operand too."""
        ...

    def repeated(self, x: Tensor, /) -> Tensor:
        """Return x as an operand of many products, laid out for them."""
        ...

    def product(self, a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the product of two operands, in `out` if that is given."""
        ...

    def accumulate(self, a: Tensor, b: Tensor, out: Tensor, *, first: bool) -> None:
        """Add a product to `out`, or write it there where it is the `first` of a sum."""
        ...

    def convolution(self, x: Tensor, weight: Tensor, bias: Tensor | None, shape: Shape) -> Tensor:
        """Return the convolution of two operands, of stride 1, plus the bias."""
        ...

    def convolution_backward(
        self, delta: Tensor, x: Tensor, weight: Tensor, shape: Shape, *, need_input: bool
    ) -> Gradients:
        """Return the gradients of a convolution of x; all three are operands."""
        ...


class Exact:
    """Products and convolutions in the type of the weights."""

    product = staticmethod(products.product)
    accumulate = staticmethod(products.accumulate)

    def operand(self, x: Tensor, /) -> Tensor:
        """Return x."""
        return x

    def repeated(self, x: Tensor, /) -> Tensor:
        """Return x as it lies."""
        return x

    def convolution(self, x: Tensor, weight: Tensor, bias: Tensor | None, shape: Shape) -> Tensor:
        """Return the convolution, the bias within it."""
        return _convolution(x, weight, bias, shape)

    def convolution_backward(
        self, delta: Tensor, x: Tensor, weight: Tensor, shape: Shape, *, need_input: bool
    ) -> Gradients:
        """Return the gradients."""
        return _convolution_backward(delta, x, weight, shape, need_input)


class Narrow:
    """Products and convolutions of bfloat16 values, whose results are bfloat16 values.

    Args:
        operand: makes bfloat16 values of a tensor.
    """

    def __init__(self, operand: Callable[[Tensor], Tensor]) -> None:
        self.operand = operand

    def repeated(self, x: Tensor, /) -> Tensor:
        """Return x as a contiguous operand: transposed ones take half as long again."""
        return self.operand(x).contiguous()

    def product(self, a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the rounded product."""
        found = products.product(a, b)
        return _rounded(found) if out is None else out.copy_(found.bfloat16())

    def accumulate(self, a: Tensor, b: Tensor, out: Tensor, *, first: bool) -> None:
        """Add the rounded product to `out`."""
        if first:
            self.product(a, b, out)
        else:
            out.add_(self.product(a, b))

    def convolution(self, x: Tensor, weight: Tensor, bias: Tensor | None, shape: Shape) -> Tensor:
        """Return the rounded convolution, plus the bias."""
        y = _rounded(_convolution(x, weight, None, shape))
        return y if bias is None else y.add_(bias.view(-1, 1, 1))

    def convolution_backward(
        self, delta: Tensor, x: Tensor, weight: Tensor, shape: Shape, *, need_input: bool
    ) -> Gradients:
        """Return the rounded gradients."""
        dx, dw = _convolution_backward(delta, x, weight, shape, need_input)
        return None if dx is None else _rounded(dx), _rounded(dw)


EXACT: Arithmetic = Exact()
NATIVE: Arithmetic = Narrow(Tensor.bfloat16)
EMULATED: Arithmetic = Narrow(rounded)


def arithmetic(precision: str, device: torch.device) -> Arithmetic:
    """Return the arithmetic of a cell's precision on a device."""
    if precision != "bf16":
        return EXACT
    return NATIVE if device.type != "cpu" or processor.bfloat16() else EMULATED


def _rounded(x: Tensor) -> Tensor:
    """Return bfloat16 values, of a product of those that are held so in float32."""
    return x.float() if x.dtype == torch.bfloat16 else rounded(x)


def _convolution(x: Tensor, weight: Tensor, bias: Tensor | None, shape: Shape) -> Tensor:
    pad = [shape.padding, shape.padding]
    return aten.convolution.default(  # `functional.conv2d` is counted as none in inference mode
        x, weight, bias, [1, 1], pad, [1, 1], False, [0, 0], shape.groups
    )


def _convolution_backward(
    delta: Tensor, x: Tensor, weight: Tensor, shape: Shape, need_input: bool
) -> Gradients:
    pad, wanted = [shape.padding, shape.padding], [need_input, True, False]
    dx, dw, _ = aten.convolution_backward(
        *(delta, x, weight, None, [1, 1], pad, [1, 1], False, [0, 0], shape.groups, wanted)
    )
    return dx, dw
