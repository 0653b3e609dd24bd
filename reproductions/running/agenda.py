"""Agendas: in which order cells are trained so that a second of training tells most.

First the first parts of training that answer a place before its end: of the undecided places the
one whose parts take least time, then the next, what an earlier one trained not counted again. Then
what is cheapest to decide: of the places and claims that are undecided, the one whose missing
cells take least time, then the next, the cells that it shares with others counted once. A question
asks for as many seeds as decide it, so far as that is known, never for more than its exhibit
declares. All other cells follow, one seed of each after another, cheap ones first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...bench.cell import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A place or claim of an exhibit, as far as training goes.

    Attributes:
        cells: the configurations that it is about, each as its cell of seed 0.
        seeds: how many seeds of each are to be there, 0 to seeds - 1.
        decided: whether more cells are not expected to change its answer.
        until: after how many updates of each cell it is answered; None where that is the end.
    """

    cells: tuple[Cell, ...]
    seeds: int
    decided: bool
    until: int | None = None


Step = tuple[Cell, int]
"""A cell, and until how many updates of it are done it is trained."""


def answering(
    questions: Iterable[Question],
    done: Mapping[Cell, int],
    seconds: Callable[[Cell, int, int], float],
    tried: Collection[Step] = (),
) -> list[Step]:
    """Return the first parts of training that undecided questions ask for, in the order to train.

    A cell comes again where a later question needs more of it.

    Args:
        questions: of all exhibits.
        done: by missing cell, the updates that are done.
        seconds: returns how long a cell takes from an update to another, in any unit.
        tried: steps that are not to be trained again.
    """
    reached = dict(done)

    def left(question: Question) -> list[Step]:
        steps = (
            (cell.with_seed(seed), question.until or 0)
            for cell in question.cells
            for seed in range(question.seeds)
        )
        known = (step for step in steps if step[0] in reached)
        return [step for step in known if reached[step[0]] < step[1] and step not in tried]

    waiting = [one for one in questions if one.until is not None and not one.decided]
    ordered: list[Step] = []
    while True:
        wanted = [(one, steps) for one in waiting if (steps := left(one))]
        if not wanted:
            return ordered
        costs = [sum(seconds(c, reached[c], until) for c, until in steps) for _, steps in wanted]
        cheapest, steps = wanted[costs.index(min(costs))]
        ordered += steps
        reached.update(steps)
        waiting = [one for one, _ in wanted if one is not cheapest]


def deciding(questions: Iterable[Question], seconds: Mapping[Cell, float]) -> list[Cell]:
    """Return the missing cells that undecided questions ask for, in the order to train them.

    Args:
        questions: of all exhibits; those that the first part of training answers ask for nothing.
        seconds: by missing cell, how long it takes, in any unit.
    """
    whole = (one for one in questions if one.until is None and not one.decided)
    wanted = [_missing(question, seconds) for question in whole]
    wanted = [cells for cells in wanted if cells]
    asked_by: dict[Cell, list[int]] = {}
    for number, cells in enumerate(wanted):
        for cell in cells:
            asked_by.setdefault(cell, []).append(number)
    costs = {number: sum(map(seconds.__getitem__, cells)) for number, cells in enumerate(wanted)}
    left = [dict.fromkeys(cells) for cells in wanted]
    ordered: list[Cell] = []
    while costs:
        cheapest = min(costs, key=costs.__getitem__)
        for cell in list(left[cheapest]):
            ordered.append(cell)
            for number in asked_by[cell]:
                if left[number].pop(cell, cell) is None and number in costs:
                    costs[number] -= seconds[cell]
        del costs[cheapest]
        costs = {number: cost for number, cost in costs.items() if left[number]}
    return ordered


def _missing(question: Question, seconds: Mapping[Cell, float]) -> list[Cell]:
    cells = (cell.with_seed(seed) for seed in range(question.seeds) for cell in question.cells)
    return [cell for cell in cells if cell in seconds]


def completing(seconds: Mapping[Cell, float], before: Sequence[Cell]) -> list[Cell]:
    """Return the missing cells that are not among those `before`, in the order to train them."""
    others = seconds.keys() - set(before)
    return sorted(others, key=lambda cell: (cell.seed, seconds[cell], cell.key))
