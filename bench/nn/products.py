"""The matrix product of every dense layer, and which library computes it.

torch can hand a float32 product to its default BLAS (MKL on x86) or to oneDNN; which is faster, by
up to a factor of two, depends on the processor. `measure` finds out, speed and error both; the
driver keeps the answer beside the records, since another choice would flip bits.
"""

import functools
import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

SHAPES = ((256, 784, 256), (256, 256, 256), (1024, 1024, 256))  # out, in, batch: Table 1's
MARGIN = 1.05  # a back-end must be this much faster than the default to be preferred
TOLERANCE = 1e-5  # largest relative error for which a float32 product counts as float32


@dataclass(frozen=True, kw_only=True)
class BackendBenchmark:
    """One back-end: rate in FLOP/s on `SHAPES`, error relative to float64 (Frobenius norm).

    `distinct` is false where its products are the default's bit for bit: then torch has not taken
    it, and what differs in the rate is noise.
    """

    name: str
    flops: float
    error: float
    distinct: bool = True


def available() -> tuple[str, ...]:
    """Return the back-ends of this torch build on the CPU, the default one first."""
    default = "mkl" if torch.backends.mkl.is_available() else "blas"
    return (default, "onednn") if torch.backends.mkldnn.is_available() else (default,)


@functools.cache
def exact() -> tuple[str, ...]:
    """Return those of the back-ends whose products are as exact as float32, the default one first.

    oneDNN's are not where the processor has bfloat16 matrix units (`use`).
    """
    default, *others = available()
    outputs, inputs, batch = SHAPES[1]
    generator = torch.Generator().manual_seed(0)
    case = (
        torch.randn(outputs, inputs, generator=generator),
        torch.randn(inputs, batch, generator=generator),
    )
    found = [default]
    for name in others:
        use(name)
        if _error([case], list(_three(*case))) <= TOLERANCE:
            found.append(name)
    use(default)
    return tuple(found)


def use(name: str) -> None:
    """Send float32 CPU products through the back-end `name`, in this process, from now on.

    oneDNN is reached by allowing bfloat16 products: where the processor has no bfloat16 matrix
    units it computes in float32 all the same; where it has, `measure` sees the error and refuses.
    """
    mkldnn: Any = torch.backends.mkldnn
    mkldnn.matmul.fp32_precision = "bf16" if name == "onednn" else "ieee"
    mkldnn.conv.fp32_precision = "ieee"


def measure(rounds: int = 7) -> list[BackendBenchmark]:
    """Time and check each back-end, interleaved, on one thread; takes about a second."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    cases = [
        (torch.randn(o, i, generator=generator), torch.randn(i, b, generator=generator))
        for o, i, b in SHAPES
    ]
    seconds: dict[str, list[float]] = {name: [] for name in available()}
    errors: dict[str, float] = {}
    distinct: dict[str, bool] = {}
    default: list[Tensor] = []
    try:
        for round_ in range(rounds + 1):
            for name, taken in seconds.items():
                use(name)
                start = time.perf_counter()
                products = [product for a, b in cases for product in _three(a, b)]
                elapsed = time.perf_counter() - start
                if round_ == 0:  # the first round warms up, and is where the error is looked at
                    errors[name] = _error(cases, products)
                    default = default or products
                    pairs = zip(products, default, strict=True)
                    distinct[name] = not all(torch.equal(a, b) for a, b in pairs)
                else:
                    taken.append(elapsed)
    finally:
        use(available()[0])
        torch.set_num_threads(threads)
    flops = sum(2 * o * i * b * 3 for o, i, b in SHAPES)
    return [
        BackendBenchmark(
            name=n, flops=flops / statistics.median(s), error=errors[n], distinct=distinct[n]
        )
        for n, s in seconds.items()
    ]


def choose(measured: list[BackendBenchmark]) -> BackendBenchmark:
    """Return the back-end to train with: the default, unless another is faster and as exact."""
    best = measured[0]
    for other in measured[1:]:
        faster = other.distinct and other.flops > MARGIN * best.flops
        if faster and other.error <= TOLERANCE:
            best = other
    return best


def _three(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three products of a layer's step: forward, weight gradient, input gradient."""
    h = a @ b
    return h, h @ b.T, a.T @ h


def _error(cases: list[tuple[Tensor, Tensor]], products: list[Tensor]) -> float:
    exact = [product for a, b in cases for product in _three(a.double(), b.double())]
    pairs = zip(products, exact, strict=True)
    return max(_norm(got.double() - want) / _norm(want) for got, want in pairs)


def _norm(x: Tensor) -> float:
    return x.square().sum().sqrt().item()


def plane(x: Tensor) -> Tensor:
    """Return [R, m, n] as `product` takes it: without R where that is one.

    The plain product is faster than a batch of one; views made once cost no step anything.
    """
    return x[0] if x.shape[0] == 1 else x


def stacked(x: Tensor) -> Tensor:
    """Undo `plane`: return [m, n] or [R, m, n] as [R, m, n]."""
    return x.unsqueeze(0) if x.dim() == 2 else x


def product(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the product of planes [m, k] and [k, n], or of R of each."""
    return (torch.mm if a.dim() == 2 else torch.bmm)(a, b, out=out)


def accumulate(a: Tensor, b: Tensor, out: Tensor, *, first: bool) -> None:
    """Add the product of planes to `out`, or write it there where it is the `first` of a sum."""
    if first:
        product(a, b, out)
    else:
        (torch.addmm if a.dim() == 2 else torch.baddbmm)(out, a, b, out=out)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return the product [R, m, n] of [R, m, k] and [R, k, n], one for each of R replicas."""
    return stacked(product(plane(a), plane(b)))
