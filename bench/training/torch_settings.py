"""The settings of torch that the protocol asks for, which hold for a whole process."""

import contextlib
from collections.abc import Generator
from typing import Any

import torch

from ..hardware import keep_freed_memory
from ..nn import products


def configure_torch(device: str, threads: int, back_end: str) -> None:
    """Set this process's threads and the back-end of its float32 matrix products.

    On a GPU TF32 is off, products of bfloat16 add up in float32, and convolutions are computed by
    the same algorithm each time: the same stack gives the same bits. Freed memory is kept
    (`hardware.keep_freed_memory`).
    """
    torch.set_num_threads(threads)
    keep_freed_memory()
    if device == "cpu":
        products.use(back_end)
    backends: Any = torch.backends
    backends.cuda.matmul.fp32_precision = "ieee"
    backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    backends.cudnn.conv.fp32_precision = "ieee"
    backends.cudnn.deterministic, backends.cudnn.benchmark = True, False


@contextlib.contextmanager
def restored() -> Generator[None]:
    """Give the process its own settings back: it may be a notebook's, which goes on with torch."""
    backends: Any = torch.backends
    groups = [backends.mkldnn.matmul, backends.mkldnn.conv]
    groups += [backends.cuda.matmul, backends.cudnn.conv]
    before = [group.fp32_precision for group in groups]
    reduced = backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    chosen = backends.cudnn.deterministic, backends.cudnn.benchmark
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        backends.cudnn.deterministic, backends.cudnn.benchmark = chosen
        for group, precision in zip(groups, before, strict=True):
            group.fp32_precision = precision
        backends.cuda.matmul.allow_bf16_reduced_precision_reduction = reduced
