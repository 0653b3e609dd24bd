"""Numbers in sentences that take a computation of their own, by name.

    <!-- n: NAME -->0.36<!-- /n -->

Add a function without arguments that returns the text, and its name to `NAMED`.
"""

import functools
from collections.abc import Callable, Mapping

from sgbench.reports.analysis.selection.protocol import PAPER
from sgbench.reports.analysis.verdicts.claims import OTHER_WAY, SAME_WAY
from sgbench.reproductions.exhibits import catalogue
from sgbench.reproductions.exhibits.exhibit import load

from . import answers, cost, sources


def _cells(count: Callable[[sources.Selection], int]) -> str:
    return f"{sum(count(sources.whole(name, 'paper')) for name in sources.of_the_paper()):,}"


def with_a_protocol() -> list[str]:
    """Return the names of the exhibits that have a paper's protocol, or one as long."""
    return [name for name in catalogue.names() if PAPER in load(name).scales]


NAMED: Mapping[str, Callable[[], str]] = {
    "paper-cells": lambda: _cells(lambda selection: selection.wanted),
    "paper-cells-run": lambda: _cells(lambda selection: selection.done),
    "paper-runs": answers.runs,
    "paper-runs-table1": functools.partial(answers.runs, "table1"),
    "p_update-first-iterations": answers.first_iterations,
    "table1-before-the-end": answers.before_the_end,
    "p_update-first-ratios": answers.first_ratios,
    "paper-rules-untrained": answers.untrained,
    "paper-cost": cost.all_left,
    "paper-cost-without-claims": cost.left_without_claims,
    "table1-planned-power": answers.planned_power,
    "dni-on-mnist": answers.dni_on_mnist,
    "orders-tested": lambda: answers.orders(*answers.ORDERS),
    "orders-same": lambda: answers.orders(SAME_WAY),
    "orders-other": lambda: answers.orders(OTHER_WAY),
    "orders-ours": lambda: answers.orders(*answers.ORDERS, ours=True),
    "orders-ours-same": lambda: answers.orders(SAME_WAY, ours=True),
    "table2-lengths": answers.lengths,
    "locking": answers.locking,
    "locking-wide": answers.locking_wide,
    **{f"paper-done-{name}": functools.partial(answers.done, name) for name in with_a_protocol()},
    **{f"paper-cost-{name}": functools.partial(cost.left, name) for name in with_a_protocol()},
}
