"""The expected best of k trials, exactly, over the trials of a search."""

import math
from collections.abc import Sequence


def expected_best(values: Sequence[float], *, minimize: bool = True) -> list[float]:
    """Return the expected best of k of the `values`, for k from 1 to their number.

    Subsets are drawn without replacement: of n values, best first, the i-th is the best of k in
    C(n - i, k - 1) of the C(n, k) equally likely subsets. It is the unbiased estimator of the
    expected best of k independent trials; drawing with replacement, which is common, is biased.
    """
    ordered = sorted(values, reverse=not minimize)
    n = len(ordered)
    found: list[float] = []
    for k in range(1, n + 1):
        weights = [math.comb(n - i, k - 1) for i in range(1, n - k + 2)]
        total = math.comb(n, k)
        found.append(math.fsum(w / total * v for w, v in zip(weights, ordered, strict=False)))
    return found
