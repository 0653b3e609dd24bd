"""Planned power: what the seeds that a scale declares can decide, before any of them is run.

It is by the spreads that the exhibit declares, and of two cases: a place whose process is the
paper's own, and a claim whose true means are the paper's numbers. Where no spread is declared no
power is told, and of the paper's places and bins that is said. Away from the paper's scale there
are orders only, whose size there nobody knows: of them is said which no outcome of an exact test
could decide.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from ....bench.cell import Cell
from ....reproductions.exhibits.claims import ClaimTest
from ....reproductions.exhibits.expansion import expand
from ....reproductions.exhibits.schema import Exhibit
from ....results.metrics import grain, results_of
from ....results.statistics.place_verdict import Target
from ....results.statistics.power import claim_power, place_power
from ..selection.protocol import PAPER
from ..wording import at, beside_limit
from .judging import (
    ALPHA,
    compared,
    intermediate_target,
    is_exact,
    is_judged,
    least_p,
    paper_numbers,
    target,
)
from .neighbours import neighbours

LEAST_POWER = 0.5
"""A power below this is told: the seeds that are planned would rather not decide."""

_Wanted = tuple[Cell, str | None, Target, str]
"""Of a place the cell, the result, what it is held against, and words on when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The planned power of some places, or of one test of a claim.

    Attributes:
        name: what is judged.
        seeds: how many are planned.
        power: the probability of a verdict, `reproduced`; of places, the least.
        source: of the estimate of the spread; nothing where none is needed.
        text: the sentence of a claim; nothing of places.
    """

    name: str
    seeds: int
    power: float
    source: str
    text: str = ""

    @property
    def words(self) -> str:
        """What is judged, and the power."""
        percent = beside_limit(100 * self.power, 100 * LEAST_POWER, "f", 0)
        shown = "below 1 %" if self.power < 0.01 else f"{percent} %"
        return f"{self.text or self.name}: power {shown}"


def planned(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> list[Planned]:
    """Return the planned power at a scale of what all its configurations are among `cells` of."""
    places = (*final_places(exhibit, scale, cells), *_early_places(exhibit, scale, cells))
    return [*places, *_claims(exhibit, scale, cells)]


def hardly(found: Iterable[Planned]) -> list[Planned]:
    """Return those that the declared seeds would rather not decide, the least power first."""
    return sorted((one for one in found if one.power < LEAST_POWER), key=lambda one: one.power)


def words(found: Iterable[Planned]) -> list[str]:
    """Return a sentence on what the declared seeds would rather not decide; none if nothing."""
    few = hardly(found)
    if not few:
        return []
    seeds, sources = few[0].seeds, dict.fromkeys(one.source for one in few if one.source)
    by = f" (spreads by {'; '.join(sources)})" if sources else ""
    return [
        f"Planned power, the probability that {seeds} seeds reach `reproduced` where it is true, is"
        f" below {100 * LEAST_POWER:.0f} % for {'; '.join(one.words for one in few)}{by}."
    ]


def final_places(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> list[Planned]:
    """Return the power of places at the end of training, the least of those alike."""
    return _least(exhibit, scale, _final(exhibit, cells)) if scale == PAPER else []


def _final(exhibit: Exhibit, cells: Sequence[Cell]) -> Iterator[_Wanted]:
    for cell in _filling(exhibit, cells):
        for result in results_of(cell.dataset):
            number = exhibit.number(cell, result)
            margin = exhibit.margin(cell.dataset, cell.rule)
            if number is not None and margin is not None:
                yield cell, result, target(cell, number, margin), ""


def _early_places(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> list[Planned]:
    """Return the power of places before the end of training, the least of those alike.

    Such a place has the spread of the end; it has no power where the paper's side alone is known,
    since nobody knows how far off the paper is.
    """
    return _least(exhibit, scale, _early(exhibit, cells)) if scale == PAPER else []


def _early(exhibit: Exhibit, cells: Sequence[Cell]) -> Iterator[_Wanted]:
    for cell in _filling(exhibit, cells):
        for known in exhibit.intermediate_of(cell):
            if known.side == "at":
                held = intermediate_target(cell, known)
                yield cell, known.result, held, " before the end of training"


def spread_unknown(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> list[str]:
    """Return where no spread is declared: places of the paper, then bins of its populations.

    Each by what it is of but for the rule, with its rules: `MNIST CNN (DNI, cDNI)`. There are none
    away from the paper's scale.
    """
    if scale != PAPER:
        return []
    rules: dict[str, dict[str, None]] = {}
    for cell, result, _, _ in (*_final(exhibit, cells), *_early(exhibit, cells)):
        if exhibit.spread(cell, result) is None:
            fields = {"dataset": cell.dataset, "network": cell.network}
            of = f", {exhibit.label('result', result)}" if result else ""
            named = rules.setdefault(f"{at(exhibit, fields)}{of}", {})
            named[exhibit.label("rule", cell.rule)] = None
    for median in (*exhibit.medians, *exhibit.cut_off):
        cell = next((c for c in cells if c.has(median.where) and median.has(c.p_update)), None)
        if cell is not None and exhibit.spread(cell) is None:
            fields = {name: cell.value(name) for name in ("dataset", "network", "decoupled")}
            named = rules.setdefault(at(exhibit, fields), {})
            named[exhibit.label("rule", cell.rule)] = None
    return [f"{name} ({', '.join(named)})" for name, named in rules.items()]


def unknown_words(names: Sequence[str]) -> list[str]:
    """Return a sentence on what `spread_unknown` names; none if nothing."""
    if not names:
        return []
    return [f"No spread over seeds is known of {'; '.join(names)}: no power is told."]


def _filling(exhibit: Exhibit, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells that fill the paper's table."""
    mine = (cell for cell in cells if cell.p_update is None)
    return [c for c in mine if exhibit.fills_place(c.dataset, c.network, c.rule, c.sg_layers)]


def _least(exhibit: Exhibit, scale: str, wanted: Iterable[_Wanted]) -> list[Planned]:
    """Return the least power of places of one data set, network, rule and result.

    Args:
        exhibit: the exhibit.
        scale: its scale.
        wanted: of each place the cell, the result, what it is held against, and words on when.
    """
    n, found = exhibit.scale(scale).seeds, dict[str, Planned]()
    every = expand(exhibit, scale, seeds=1)
    for cell, result, held, when in wanted:
        spread = exhibit.spread(cell, result)
        if spread is None:
            continue
        fields = {name: cell.value(name) for name in ("dataset", "network", "rule")}
        of = f", {exhibit.label('result', result)}" if result else ""
        name = f"{at(exhibit, fields)}{of}{when}"
        at_zero = replace(held, value=0.0)  # no power depends on the value
        beside = len(neighbours(every, cell.with_seed(0), exhibit.neighbours))
        power = place_power(n, spread.deviation, at_zero, grain(cell.dataset), beside)
        least = min(power, found[name].power if name in found else 1.0)
        found[name] = Planned(name=name, seeds=n, power=least, source=spread.source)
    return list(found.values())


def _claims(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> list[Planned]:
    tests = exhibit.claim_tests(scale)
    judged = (test for test in tests if is_judged(scale, test))
    found = (_claim(exhibit, scale, test, cells, len(tests)) for test in judged)
    return [one for one in found if one is not None]


def _claim(
    exhibit: Exhibit, scale: str, test: ClaimTest, cells: Sequence[Cell], family: int
) -> Planned | None:
    claim, n = test.claim, exhibit.scale(scale).seeds
    sides = [[_cell(cells, fields) for fields in side] for side in test.sides()]
    cells_of = [cell for side in sides for cell in side if cell is not None]
    if len(cells_of) < sum(map(len, sides)):
        return None
    words = at(exhibit, test.place)
    name, text = (f"{one} ({words})" if words else one for one in (claim.name, claim.text))
    if is_exact(test, cells_of[0].dataset):
        if family * least_p(test, cells_of[0].dataset, n) < ALPHA:
            return None
        return Planned(name=name, text=text, seeds=n, power=0.0, source="")
    spreads = [exhibit.spread(cell, claim.result) for cell in cells_of]
    numbers = paper_numbers(exhibit, test, cells_of)
    known = [spread for spread in spreads if spread is not None]
    if scale != PAPER or numbers is None or len(known) < len(spreads):
        return None
    width = len(sides[0])
    of_sides = [
        math.hypot(*(spread.deviation for spread in known[k : k + width])) / width
        for k in range(0, len(known), width)
    ]
    deviation = _deviation(test, of_sides)
    sign = 1 if claim.kind in ("above", "grows") else -1
    effect = sign * (compared(test, numbers) - test.margin)
    power = float(effect > 0)  # where seeds do not differ, the numbers decide
    if deviation > 0:
        power = claim_power(n, deviation, effect, ALPHA / family)
    return Planned(name=name, text=text, seeds=n, power=power, source=known[0].source)


def _deviation(test: ClaimTest, of_sides: Sequence[float]) -> float:
    """Return the standard deviation of what a seed of each side gives."""
    if test.claim.is_slope:
        x = [float(value) for value in test.values]
        size = math.sqrt(statistics.variance(x) * (len(x) - 1))
        return of_sides[0] * math.sqrt(len(x)) / size
    if len(of_sides) == 1:
        return of_sides[0]
    left, right = of_sides[0], test.claim.factor * of_sides[1]
    if test.claim.pairing == "unpaired":
        return math.hypot(left, right)
    shared = 2 * test.claim.correlation * left * right
    return math.sqrt(max(0.0, left**2 + right**2 - shared))


def _cell(cells: Sequence[Cell], fields: Mapping[str, Any]) -> Cell | None:
    return next(
        (cell for cell in cells if all(cell.value(k) == v for k, v in fields.items())), None
    )


def answered(exhibit: Exhibit, cells: Iterable[Cell]) -> dict[int, int]:
    """Return how many places before the end are answered after a number of updates, ascending.

    Those of populations are bins of p_update.

    Args:
        exhibit: the exhibit.
        cells: configurations of its scale `paper`, each as its cell of seed 0.
    """
    mine = [c for c in cells if exhibit.fills_place(c.dataset, c.network, c.rule, c.sg_layers)]
    found = Counter(round(one.iteration(c)) for c in mine for one in exhibit.intermediate_of(c))
    for median in (*exhibit.medians, *exhibit.cut_off):
        of_bin = [c for c in mine if c.has(median.where) and median.has(c.p_update)]
        if of_bin and median.at < 1:
            found[round(median.at * of_bin[0].iterations)] += 1
    return dict(zip(sorted(found), accumulate(found[at] for at in sorted(found)), strict=True))
