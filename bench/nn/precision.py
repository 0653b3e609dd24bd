"""Precision of a cell: the float type of its tensors, and the rounding of products' operands.

With `bf16` all is float32 (weights, accumulations, outputs, Adam, batch norm) but the operands of
the network's products and convolutions, in training and in evaluation: they are rounded to
bfloat16, to the nearest, ties to even. The rounding is written out, so a processor without such
products computes the same, only slower; where it has them, torch is allowed to use them
(`products.use`), which alters no operand that is a bfloat16 already. On a GPU TF32 is allowed: it
holds every bfloat16. Not rounded are sums that are no product: of biases, of batch norm.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Operand = Callable[[Tensor], Tensor]
"""Turns a tensor into an operand of a product."""


def dtype(precision: str) -> torch.dtype:
    """Return the type of weights, activations, gradients and moments."""
    return torch.float64 if precision == "float64" else torch.float32


def operand(precision: str) -> Operand:
    """Return what an operand of a product goes through."""
    return rounded if precision == "bf16" else exact


def exact(x: Tensor) -> Tensor:
    """Return x."""
    return x


def rounded(x: Tensor) -> Tensor:
    """Return the nearest bfloat16 values of x, in the type and the layout of x."""
    return x.bfloat16().to(x.dtype)


def native() -> bool:
    """Tell whether this processor multiplies bfloat16 by itself, and torch can make it."""
    return bool(
        torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
