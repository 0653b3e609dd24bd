"""The settings of torch that the protocol asks for, which hold for a whole process."""

import contextlib
from collections.abc import Generator
from typing import Any

import torch

from ..hardware import keep_freed_memory
from ..nn import products


def configure_torch(device: str, threads: int, back_end: str, precision: str) -> None:
    """Set this process's threads, matrix-product back-end and precision.

    TF32 is off except with bf16, where it represents every operand exactly. Freed memory is kept
    (`hardware.keep_freed_memory`).
    """
    torch.set_num_threads(threads)
    keep_freed_memory()
    if device == "cpu":
        products.use(back_end, precision)
    on_gpu = "tf32" if precision == "bf16" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = on_gpu
    cudnn: Any = torch.backends.cudnn
    cudnn.conv.fp32_precision = on_gpu


@contextlib.contextmanager
def restored() -> Generator[None]:
    """Give the process its own settings back: it may be a notebook's, which goes on with torch."""
    backends: Any = torch.backends
    groups = [backends.mkldnn.matmul, backends.mkldnn.conv]
    groups += [backends.cuda.matmul, backends.cudnn.conv]
    before = [group.fp32_precision for group in groups]
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        for group, precision in zip(groups, before, strict=True):
            group.fp32_precision = precision
