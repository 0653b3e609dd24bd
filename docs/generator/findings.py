"""Numbers in sentences that take a computation of their own, by name.

    <!-- n: NAME -->0.36<!-- /n -->

Add a function without arguments that returns the text, and its name to `NAMED`.
"""

import functools
from collections import Counter
from collections.abc import Callable, Mapping

from sgbench.reports.analysis.verdicts import NOT_REPRODUCED, NOT_RUN, REPRODUCED
from sgbench.reproductions.exhibits import catalogue

from . import cost, sources


def _cells(count: Callable[[sources.Selection], int]) -> str:
    return f"{sum(count(sources.whole(name, 'paper')) for name in catalogue.names()):,}"


def _claims(*verdicts: str) -> str:
    found = Counter(
        one.verdict for name in catalogue.names() for one in sources.claim_results(name, "quick")
    )
    return f"{sum(found[verdict] for verdict in verdicts or found if verdict != NOT_RUN):,}"


NAMED: Mapping[str, Callable[[], str]] = {
    "paper-cells": lambda: _cells(lambda selection: selection.wanted),
    "paper-cells-run": lambda: _cells(lambda selection: selection.done),
    "claims-tested": _claims,
    "claims-reproduced": lambda: _claims(REPRODUCED),
    "claims-lost": lambda: _claims(NOT_REPRODUCED),
    **{f"paper-cost-{name}": functools.partial(cost.left, name) for name in catalogue.names()},
}
