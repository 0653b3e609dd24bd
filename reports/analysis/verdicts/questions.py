"""The questions that an exhibit asks: its places, claims and medians, and which are decided.

A place or median before the end of training is answered by the first part of it, at the paper's own
scale; at others the end answers what comes before it, too, and it asks nothing more.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from ....bench.cell import Cell
from ....reproductions.exhibits.exhibit import load
from ....reproductions.exhibits.where import parse_where
from ....reproductions.running.agenda import Question
from ....reproductions.running.request import RunRequest
from ....results.record import Record
from ..selection.protocol import PAPER
from ..selection.select import Selection, select
from .claims import ClaimResult, claims
from .intermediate import intermediate
from .medians import Bin, bins
from .places import NOT_COMPARABLE, Place, places

FEWEST = 2
"""Seeds that have an interval: all that can be asked for where nothing is judged."""


def questions(request: RunRequest, records: Sequence[Record]) -> list[Question]:
    """Return the questions about the cells that a request selects.

    A question is decided when the seeds that the scale declares are there, whatever the verdict:
    stopping at a verdict would make it one of several looks. Where no verdict is possible, as off
    the paper's scale for a place, one with an interval counts as decided.
    """
    where = parse_where(request.where) if request.where else None
    whole = select(load(request.exhibit, where), request.scale, records)
    kept = set((whole if where is None else whole.narrowed(where)).cells)
    found = [_of_place(place) for place in places(whole) if place.cell in kept]
    if request.scale == PAPER:
        found += [_of_place(place) for place in intermediate(whole) if place.cell in kept]
    found += [_of_claim(one) for one in claims(whole) if kept.issuperset(one.cells)]
    found += [_of_bin(one, whole) for one in bins(whole) if kept.issuperset(one.cells)]
    return found


def _of_place(place: Place) -> Question:
    there = 0 if place.interval is None else place.interval.n
    question = _question((place.cell,), place.verdict, there, place.seeds)
    return question if place.share is None else _before_the_end(question, place.share)


def _before_the_end(question: Question, share: float) -> Question:
    """Return the question with the updates after which its cells are evaluated at that share."""
    cell = question.cells[0]
    done = math.ceil(round(share * cell.iterations, 6))
    return replace(question, until=min(cell.iterations, cell.next_evaluation(done - 1)))


def _of_claim(result: ClaimResult) -> Question:
    there = len(result.values)
    return _question(result.cells, result.verdict, there, result.wanted)


def _of_bin(one: Bin, whole: Selection) -> Question:
    declared, there = whole.planned, 0 if one.found is None else one.found.n
    decided = there >= declared or (one.verdict == NOT_COMPARABLE and there > 0)
    question = Question(cells=one.support, seeds=declared, decided=decided)
    early = one.paper.at < 1 and whole.scale == PAPER
    return _before_the_end(question, one.paper.at) if early else question


def _question(cells: tuple[Cell, ...], verdict: str, there: int, declared: int) -> Question:
    fewest = min(FEWEST, declared)
    if there < fewest:
        return Question(cells=cells, seeds=fewest, decided=False)
    decided = there >= declared or verdict == NOT_COMPARABLE
    return Question(cells=cells, seeds=declared, decided=decided)
