"""Where the time of a step goes: CPU time of every operator, by the part of bench/ that called it.

Products (and convolutions), Adam and views are parts of their own; all else belongs to the class
whose method called it (`BatchNorm`, `LSTM`, `Batches`, ...). What no operator takes is Python
and what torch does before an operator begins: `between`.
"""

import functools
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import torch
from sgbench import bench
from torch.utils._python_dispatch import TorchDispatchMode

HERE = Path(bench.__file__).parent
PASSED = {
    HERE / "nn" / "products.py",
    HERE / "nn" / "precision.py",
}  # they work for whoever called them
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "conv2d", "convolution"}
PRODUCTS |= {"convolution_backward"}
VIEWS = {"select", "slice", "transpose", "view", "unsqueeze", "squeeze", "unbind", "detach", "t"}
VIEWS |= {"permute", "expand", "as_strided", "_unsafe_view", "alias"}
BETWEEN = "between"


class Profile(TorchDispatchMode):
    """Sums seconds of operators by part, in `seconds`.

    Args:
        extra: seconds that being looked at adds to a call; they are taken off.
    """

    def __init__(self, extra: float = 0.0) -> None:
        super().__init__()
        self.extra = extra
        self.seconds: dict[str, float] = defaultdict(float)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        part = _part(func.name().partition("::")[2].partition(".")[0])
        start = time.process_time()
        found = func(*args, **(kwargs or {}))
        self.seconds[part] += time.process_time() - start - self.extra
        return found


def _part(operator: str) -> str:
    if operator in PRODUCTS:
        return "products"
    if operator in VIEWS:
        return "views"
    frame = sys._getframe(2)
    while frame is not None:
        owner = _owner(frame.f_code)
        if owner:
            return owner
        frame = frame.f_back
    return "elsewhere"


@functools.cache  # what is looked at must not be slowed by looking
def _owner(code: CodeType) -> str | None:
    """Return the class, or else the file, of code in bench/; None for any other."""
    path = Path(code.co_filename)
    if HERE not in path.parents or path in PASSED:
        return None
    owner, dot, _ = code.co_qualname.partition(".")
    return owner if dot else path.stem


def profile(step: Callable[[], object], rounds: int) -> dict[str, float]:
    """Return {part: milliseconds of a step}, the largest first; medians of interleaved rounds."""
    extra, plain = _extra(), list[float]()
    parts: list[dict[str, float]] = []
    step()
    for _ in range(rounds):
        start = time.process_time()
        step()
        plain.append(time.process_time() - start)
        with Profile(extra) as mode:
            step()
        parts.append(mode.seconds)
    names = {name for some in parts for name in some}
    found = {n: statistics.median(some.get(n, 0.0) for some in parts) for n in names}
    found[BETWEEN] = max(0.0, statistics.median(plain) - sum(found.values()))
    return {n: 1000 * s for n, s in sorted(found.items(), key=lambda item: -item[1])}


def _extra(calls: int = 300) -> float:
    """Return the seconds that `Profile` adds to what it sees a call take."""
    x = torch.zeros(4)

    def seconds() -> float:
        start = time.process_time()
        for _ in range(calls):
            torch.neg(x)
        return (time.process_time() - start) / calls

    def seen() -> float:
        with Profile() as mode:
            seconds()
        return sum(mode.seconds.values()) / calls

    plain, with_mode = zip(*((seconds(), seen()) for _ in range(7)), strict=True)
    return max(0.0, statistics.median(with_mode) - statistics.median(plain))


@torch.inference_mode()
def profiled(make: Callable[[], object], rounds: int) -> dict[str, float]:
    """Return the `profile` of a program's steps."""
    return profile(make().step, rounds)
