"""What a search of a given budget would find: exact expectations over the trials there are."""

import math
from collections.abc import Sequence


def expected_best(values: Sequence[float], *, minimize: bool = True) -> list[float]:
    """Return the expected best of k of the `values`, for k from 1 to their number.

    Drawn without replacement: of the n values in order, the best first, the i-th is the best of k
    in C(n - i, k - 1) of the C(n, k) subsets, all alike. It is the unbiased estimator of what the
    best of k independent trials is worth (with replacement, as it is often done, is not).
    """
    ordered = sorted(values, reverse=not minimize)
    n = len(ordered)
    found: list[float] = []
    for k in range(1, n + 1):
        weights = [math.comb(n - i, k - 1) for i in range(1, n - k + 2)]
        total = math.comb(n, k)
        found.append(math.fsum(w / total * v for w, v in zip(weights, ordered, strict=False)))
    return found
