"""Precision of a cell: the float type of its tensors, and the rounding to bfloat16."""

import torch
from torch import Tensor


def dtype(precision: str) -> torch.dtype:
    """Return the type of weights, activations, gradients and moments."""
    return torch.float64 if precision == "float64" else torch.float32


def rounded(x: Tensor) -> Tensor:
    """Return the nearest bfloat16 values of x, in the type and the layout of x."""
    return x.bfloat16().to(x.dtype)
