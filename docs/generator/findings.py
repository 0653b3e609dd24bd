"""Numbers in sentences that take a computation of their own, by name.

    <!-- n: NAME -->0.36<!-- /n -->

Add a function without arguments that returns the text, and its name to `NAMED`.
"""

import functools
from collections import Counter
from collections.abc import Callable, Mapping

from sgbench.reports.analysis.claims import OTHER_WAY, SAME_WAY, UNDECIDED
from sgbench.reproductions.exhibits import catalogue

from . import cost, sources


def _cells(count: Callable[[sources.Selection], int]) -> str:
    return f"{sum(count(sources.whole(name, 'paper')) for name in catalogue.names()):,}"


def _orders(*verdicts: str) -> str:
    found = Counter(
        one.verdict for name in catalogue.names() for one in sources.claim_results(name, "quick")
    )
    return f"{sum(found[verdict] for verdict in verdicts):,}"


NAMED: Mapping[str, Callable[[], str]] = {
    "paper-cells": lambda: _cells(lambda selection: selection.wanted),
    "paper-cells-run": lambda: _cells(lambda selection: selection.done),
    "orders-tested": lambda: _orders(SAME_WAY, OTHER_WAY, UNDECIDED),
    "orders-same": lambda: _orders(SAME_WAY),
    "orders-other": lambda: _orders(OTHER_WAY),
    **{f"paper-cost-{name}": functools.partial(cost.left, name) for name in catalogue.names()},
}
