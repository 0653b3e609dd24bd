"""Precision of a cell: the float type of its tensors, and whether bfloat16 is fast here."""

import torch
from torch import Tensor

from .. import processor


def dtype(precision: str) -> torch.dtype:
    """Return the type of weights, activations, gradients and moments."""
    return torch.float64 if precision == "float64" else torch.float32


def rounded(x: Tensor) -> Tensor:
    """Return the nearest bfloat16 values of x, in the type and the layout of x."""
    return x.bfloat16().to(x.dtype)


def native() -> bool:
    """Tell whether this processor multiplies bfloat16 faster than float32, by way of torch."""
    return processor.bfloat16() is not None and torch.backends.mkldnn.is_available()
