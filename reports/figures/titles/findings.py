"""Titles of figures: what the data support, else the quantities that are shown.

Every sentence is computed from the seeds that the figure shows, at the end of their training, and
says of which settings it holds; `evidence` decides whether they support it.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from ....bench.cell import Cell
from ....reproductions.exhibits.schema import Figure
from ...analysis.naming import count, seeds_words, span
from ...analysis.selection.protocol import PAPER
from ...analysis.selection.select import Selection
from ...analysis.wording import label, number
from ..data import words
from ..data.ends import Ends, configurations
from . import alignment, evidence

_HIGHER = ("longest",)  # is better
_NOUNS = {
    "bits": "the number of bits per character",
    "error_a": "A's error",
    "error_b": "B's error",
    "sg_loss": "M's loss",
    "test_bits": "the number of bits per character",
}
_FIELDS = {"dataset": "data set", "sg_scale": "S"}
_MOST_NAMED = 6  # values of a field that are named one by one


def title(
    selection: Selection,
    figure: Figure,
    split: Sequence[str],
    cells: Sequence[Cell],
    ends: Ends | None,
) -> str:
    """Return the title: `MNIST FCN after 1,000 iterations: test error is lowest with bprop`.

    Args:
        selection: what is reported.
        figure: the figure.
        split: the fields whose values the drawing is of.
        cells: its cells.
        ends: its results; None where it has none.
    """
    of = _of(selection, split, cells[0])
    found = finding(ends) if ends is not None else ""
    if found:
        shown = configurations(ends.frame) if ends is not None else []
        iterations = {selection.cells[n].iterations for n in shown}
        many = f"{iterations.pop():,} iterations" if len(iterations) == 1 else "training"
        if figure.y == "sg_cosine" and selection.scale != PAPER:
            found += ", at this schedule"  # cosines may rise late in a longer one
        return f"{of} after {many}: {found}" if of else f"After {many}: {found}"
    plain = _declared(figure, cells[0])
    if not of:
        return plain
    small = plain[1:2].islower()  # "Test error" becomes small within a line, "M's" does not
    return f"{of}: {plain[:1].lower() + plain[1:] if small else plain}"


def _declared(figure: Figure, cell: Cell) -> str:
    """Return the figure's declared title, of validation errors where the cells have those."""
    declared, shown = (words.quantity(figure.y, of).capitalize() for of in (None, cell))
    return figure.title.replace(declared, shown, 1)


def finding(ends: Ends) -> str:
    """Return what the results support, in a sentence; nothing where they support nothing."""
    if not ends.clear:  # several settings of one rule say nothing about the rule
        return ""
    if ends.figure.y in _HIGHER:
        return _against_baseline(ends)
    trends = {subject: evidence.trend(ends.series(subject)) for subject in ends.subjects}
    if ends.figure.y == "sg_cosine":
        rising = [subject for subject, sign in trends.items() if sign > 0]
        larger = "higher the layer" if ends.along == "layer" else f"larger {_noun(ends.along)}"
        return alignment.sentence(ends, rising, larger)
    noun = _NOUNS.get(ends.figure.y) or words.quantity(ends.figure.y, ends.cell)
    found = [_best(ends, noun), _trends(ends, trends)]
    if ends.figure.kind == "sweep" and not found[1]:
        found[1] = _optimum(ends)
    said = ", and ".join(filter(None, found))
    return f"{noun} {said}" if said else ""


def _against_baseline(ends: Ends) -> str:
    """Return in how many places each rule's mean is longer, and in how many shorter.

    Levels of a task are few and seeds too, so means are counted and nothing is tested.
    """
    exhibit = ends.selection.exhibit
    if exhibit.baseline is None:
        return ""
    base = words.label(exhibit, "rule", exhibit.baseline)
    places = [one for one in ends.places().values() if base in one]
    if not places:
        return ""
    clauses: list[str] = []
    for subject in (one for one in ends.subjects if one != base):
        gaps = [fmean(one[subject]) - fmean(one[base]) for one in places]
        longer, shorter = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
        many = f"in {longer} of {count(len(places), 'place')}" if not clauses else f"in {longer}"
        of = f"mean is longer than {base}'s " if not clauses else ""
        clauses.append(f"{subject}'s {of}{many}, shorter in {shorter}")
    seeds = [len(values) for one in places for values in one.values()]
    least, most = min(seeds), max(seeds)
    seen = seeds_words(least, most)
    return f"{'; '.join(clauses)} ({seen})" if clauses else ""


def _best(ends: Ends, noun: str) -> str:
    """Return with which rule the results are best wherever all have some."""
    if ends.figure.y == "sg_loss" or len(ends.subjects) < 2:  # the losses of two M's do not compare
        return ""
    places = ends.places()
    winner = evidence.extreme(list(places.values()), lowest=True)
    return "" if winner is None else f"is lowest with {winner}{_where(ends, places)}"


def _trends(ends: Ends, trends: dict[str, int]) -> str:
    """Return for which rules the results grow or fall along x, the lines or the layers."""
    clauses: list[str] = []
    for sign, verb in ((1, "grows"), (-1, "falls")):
        some = [subject for subject in ends.subjects if trends[subject] == sign]
        if some:
            whose = f" for {listed(some)}" if len(ends.subjects) > 1 else ""
            along = (
                "from layer to layer upwards"
                if ends.along == "layer"
                else f"with {_noun(ends.along)}"
            )
            clauses.append(f"{verb} {along}{whose}")
    return " and ".join(clauses)


def _optimum(ends: Ends) -> str:
    """Return where within a sweep's range the results are lowest."""
    clauses: list[str] = []
    for subject in ends.subjects:
        found = evidence.optimum([one for one in ends.series(subject) if len(one) > 2])
        if found is not None:
            low, high = number(min(found)), number(max(found))
            whose = f" for {subject}" if len(ends.subjects) > 1 else ""
            clauses.append(f"{span(low, high)}{whose}")
    return f"is lowest at {_noun(ends.along)} = {listed(clauses)}" if clauses else ""


def listed(some: Sequence[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(some[:-1]), some[-1])))


def _where(ends: Ends, places: dict[tuple[Any, ...], Any]) -> str:
    """Return of which settings a sentence holds: ` at depth 3, 4 and 5`."""
    columns = zip(ends.fields, zip(*places, strict=True), strict=True)
    varied = {name: list(dict.fromkeys(values)) for name, values in columns}
    varied = {name: values for name, values in varied.items() if len(values) > 1}
    if not varied:
        return ""
    (name, values), *others = varied.items()
    if others or len(values) > _MOST_NAMED:
        return f" at every {listed([_noun(field) for field in varied])} shown"
    named = listed([label(ends.selection.exhibit, name, value) for value in values])
    return f" on {named}" if name == "dataset" else f" at {_noun(name)} {named}"


def _of(selection: Selection, split: Sequence[str], cell: Cell) -> str:
    """Return what a drawing is of: `MNIST FCN`."""
    found: list[str] = []
    for name in split:
        known = words.label if name in ("dataset", "network") else words.told
        text = known(selection.exhibit, name, cell.value(name))
        aside = known is words.told and selection.exhibit.has_label(name, cell.value(name))
        found.append(f"{', ' if aside else ' '}{text}" if text else "")
    return "".join(found).strip(", ")


def _noun(name: str | None) -> str:
    return _FIELDS.get(name or "") or words.legend(name or "")
