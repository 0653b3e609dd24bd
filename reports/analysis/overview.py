"""The answer in counts: how many of the paper's places and claims reproduce, by scale.

And what records were made on, by what and when.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .costs.remaining import Costs
from .evidence.details import Detail
from .selection.protocol import PAPER
from .selection.select import Selection
from .verdicts.claims import CONFIRMED, CONTRADICTED, OTHER_WAY, SAME_WAY, UNDECIDED
from .verdicts.places import INCONCLUSIVE, NOT_COMPARABLE, NOT_REPRODUCED, NOT_RUN, REPRODUCED
from .verdicts.planned import Planned, final_places, hardly

_ORDER = (
    *(REPRODUCED, CONFIRMED, SAME_WAY, NOT_REPRODUCED, CONTRADICTED, OTHER_WAY),
    *(INCONCLUSIVE, UNDECIDED),
    *(NOT_COMPARABLE, NOT_RUN),
)
PLACES, INTERMEDIATE, MEDIANS = "places", "intermediate places", "medians"
CLAIMS, OURS = "claims of the paper", "comparisons of ours"
KINDS = (PLACES, INTERMEDIATE, MEDIANS, CLAIMS, OURS)
"""What is counted, in order. The paper has the numbers that its claims compare; else they are ours.
"""
_PLURALS = {"place": PLACES, "intermediate": INTERMEDIATE, "median": MEDIANS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What of a rule has run at a scale: cells of `wanted`, seeds of those that it declares.

    Attributes:
        run: the number of cells that have a record.
        wanted: the number of cells that the scale has.
        seeds: the fewest and the most seeds that a configuration has, of those that have any.
        datasets: the labels of the data sets and networks of those.
    """

    run: int
    wanted: int
    seeds: tuple[int, int]
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The verdicts of an exhibit at a scale, counted.

    Attributes:
        exhibit: its name.
        title: its title.
        short: what a reader knows it by: `Table 1`.
        scale: the name of the scale.
        paper: the paper that it reruns, empty for the one on synthetic gradients.
        run: the number of cells of the scale that have a record of a whole training run, whatever
            came of it.
        in_part: the number of those of which the first part has been trained.
        wanted: the number of cells that the scale has.
        verdicts: by one of KINDS, the number of each verdict. Places are those of the paper's table
            that have a number of the paper, of their own (`Place.counts`).
        rules: what of each rule has run, by its label.
        planned: the number of seeds that the scale declares, 0 where it declares none.
        hardly: numbers at the end of training that the declared seeds would hardly ever call
            reproduced, each with its planned power.
        left: about the seconds that two cores take for the cells that have no record of a whole
            training run; None where no speed tells it.
    """

    exhibit: str
    title: str
    short: str
    scale: str
    run: int
    in_part: int
    wanted: int
    verdicts: Mapping[str, Mapping[str, int]]
    rules: Mapping[str, Ran] = field(default_factory=dict[str, Ran])
    planned: int = 0
    hardly: tuple[str, ...] = ()
    left: float | None = None
    paper: str = ""

    @property
    def seeds(self) -> tuple[int, int]:
        """The fewest and the most seeds that a configuration has, of those that have any."""
        some = [one.seeds for one in self.rules.values() if one.run]
        return min((low for low, _ in some), default=0), max((high for _, high in some), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Records that one class of machines and one revision of the code made.

    Attributes:
        machine_class: what their results' bits depend on.
        device: processor or GPU.
        threads: of a program.
        matmul: back-end of the matrix products.
        torch: version of PyTorch.
        python: version of Python.
        numpy: version of NumPy.
        platform: operating system and architecture.
        sgbench: version of this package.
        revision: commit of the code, empty where it is not known.
        records: by their ids, the seconds of training of each.
        first: the day on which the first of them ended.
        last: that of the last.
    """

    machine_class: str
    device: str
    threads: int
    matmul: str
    torch: str
    python: str
    numpy: str
    platform: str
    sgbench: str
    revision: str
    records: Mapping[str, float]
    first: str
    last: str

    @property
    def seconds(self) -> float:
        """The seconds of training of all of them."""
        return math.fsum(self.records.values())


_SAME = (
    *("machine_class", "device", "threads", "matmul", "torch", "python", "numpy", "platform"),
    *("sgbench", "git_revision"),
)


def tally(selection: Selection, details: Iterable[Detail], costs: Costs | None = None) -> Tally:
    """Return the counts of a selection's verdicts, and by `costs` what is left to train."""
    found = {kind: Counter[str]() for kind in KINDS}
    for one in details:
        if one.kind == "claim":
            found[OURS if one.ours else CLAIMS][one.verdict] += 1
        elif one.counts:
            found[_PLURALS[one.kind]][one.verdict] += 1
    return Tally(
        exhibit=selection.exhibit.name,
        title=selection.exhibit.title,
        short=selection.exhibit.short_title,
        scale=selection.scale,
        paper=selection.exhibit.paper,
        run=selection.done if selection.wanted else len(selection.frame),
        in_part=selection.begun,
        wanted=selection.wanted or len(selection.frame),
        verdicts={kind: counts for kind, counts in found.items() if counts},
        rules=_ran(selection),
        planned=selection.planned,
        hardly=tuple(one.words for one in _hardly(selection)),
        left=None if costs is None else costs.left(selection),
    )


_RARELY = 0.1  # power below which a plan's numbers are named on top of a page


def _hardly(selection: Selection) -> list[Planned]:
    found = final_places(selection.exhibit, selection.scale, selection.cells)
    return [one for one in hardly(found) if one.power < _RARELY]


def _ran(selection: Selection) -> dict[str, Ran]:
    label, frame = selection.exhibit.label, selection.frame
    own = frame["seed"].isin(selection.own_seeds) & ~selection.in_part
    seeds = Counter[int](frame.loc[own, "configuration"].tolist())
    found: dict[str, Ran] = {}
    for rule in dict.fromkeys(cell.rule for cell in selection.cells):
        mine = [n for n, cell in enumerate(selection.cells) if cell.rule == rule]
        there = [seeds[n] for n in mine if n in seeds]
        cells = [selection.cells[n] for n in mine if n in seeds]
        names = [f"{label('dataset', c.dataset)} {label('network', c.network)}" for c in cells]
        found[label("rule", rule)] = Ran(
            run=sum(there),
            wanted=len(mine) * selection.seeds,
            seeds=(min(there, default=0), max(there, default=0)),
            datasets=tuple(dict.fromkeys(names)),
        )
    return found


def made(selection: Selection) -> list[Made]:
    """Return what made the records of a selection, most records first."""
    frame = selection.frame
    frame = frame.assign(git_revision=frame["git_revision"].fillna(""))
    found: list[Made] = []
    for key, some in frame.groupby(list(_SAME), dropna=False, sort=True):
        same: Any = dict(zip((*_SAME[:-1], "revision"), cast("tuple[Any, ...]", key), strict=True))
        days = some["finished"].str.slice(0, 10)
        seconds = some["train_seconds"] / some["replicas"]
        found.append(
            Made(
                **same,
                records=dict(zip(some["id"], seconds, strict=True)),
                first=days.min(),
                last=days.max(),
            )
        )
    return sorted(found, key=lambda one: -len(one.records))


def words(counts: Mapping[str, int], *, ours: bool = False) -> str:
    """Return counts of verdicts in words, what reproduces first: `3 of 48 reproduced, 45 not run`.

    Where nothing could reproduce, as at another scale than the paper's, only the others are told.
    Of comparisons of `ours` it is what is confirmed.
    """
    return ", ".join(counted(counts, ours=ours).values())


def counted(counts: Mapping[str, int], *, ours: bool = False) -> dict[str, str]:
    """Return each verdict's share of `words`, by verdict, always in the same order."""
    total = sum(counts.values())
    order = (*_ORDER, *(word for word in counts if word not in _ORDER))
    found = {word: f"{counts[word]} {word}" for word in order if counts.get(word)}
    if set(counts) <= {NOT_COMPARABLE, NOT_RUN, SAME_WAY, OTHER_WAY, UNDECIDED}:
        return {w: f"all {said}" for w, said in found.items()} if len(found) == 1 < total else found
    first = CONFIRMED if ours else REPRODUCED
    return {first: f"{counts.get(first, 0)} of {total} {first}"} | {
        word: said for word, said in found.items() if word != first
    }


def of_one_paper(tallies: Iterable[Tally]) -> list[Tally]:
    """Return the tallies of the paper that is counted: the one on synthetic gradients.

    Where all are of one other paper it is that one.
    """
    tallies = list(tallies)
    if len({one.paper for one in tallies}) == 1:
        return tallies
    return [one for one in tallies if not one.paper]


def totals(tallies: Iterable[Tally]) -> dict[str, dict[str, Counter[str]]]:
    """Return the verdicts of exhibits of one paper by scale and kind, the paper's scale first."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for one in tallies:
        for kind, counts in one.verdicts.items():
            of_scale = found.setdefault(one.scale, {})
            of_scale[kind] = of_scale.get(kind, Counter[str]()) + Counter(counts)
    ordered = {scale: {k: kinds[k] for k in KINDS if k in kinds} for scale, kinds in found.items()}
    return dict(sorted(ordered.items(), key=lambda item: item[0] != PAPER))


def merged(several: Iterable[Sequence[Made]]) -> list[Made]:
    """Return what made the records of several selections, each record counted once."""
    groups: dict[tuple[object, ...], list[Made]] = {}
    for one in (one for some in several for one in some):
        key = tuple(getattr(one, n) for n in Made.__dataclass_fields__ if n not in _COUNTED)
        groups.setdefault(key, []).append(one)
    return [_merge(some) for some in groups.values()]


_COUNTED = ("records", "first", "last")


def _merge(some: Sequence[Made]) -> Made:
    return replace(
        some[0],
        records={name: seconds for one in some for name, seconds in one.records.items()},
        first=min(one.first for one in some),
        last=max(one.last for one in some),
    )


NOTE = (
    "A place is an entry of the paper's table or figure, at the end of training; an intermediate"
    " place is a number of the paper's curves before it, counted apart; a median is the paper's"
    " median error of the networks in one bin of p_update (Figures 5 and 6). They are held against"
    " the paper's number at the paper's own scale only: elsewhere the protocol is another, and"
    " nothing is comparable. Of claims, orders are tested at every scale, and are of its schedule;"
    " margins, slopes and levels are not comparable."
)


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
