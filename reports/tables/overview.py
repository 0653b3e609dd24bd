"""The tables of all exhibits together: what reproduces, and what the records were made by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..analysis import overview
from ..analysis.costs.remaining import in_words
from ..analysis.naming import duration, span
from ..analysis.overview import Made, Tally
from ..analysis.selection.protocol import PAPER
from ..analysis.wording import NONE
from .table import Entry, Stub, Table, entry, simple_table

NUMBERS = "numbers of the paper"
"""The column of places, intermediate places and medians, a line each."""
_NUMBERS = (overview.PLACES, overview.INTERMEDIATE, overview.MEDIANS)


def paper_table(tallies: Sequence[Tally]) -> Table | None:
    """Return the table of the paper's own protocol, a row per exhibit and one of all; or None.

    Of exhibits of several papers only those of the one on synthetic gradients have a row.
    """
    mine = [one for one in overview.of_one_paper(tallies) if one.scale == PAPER]
    if not mine:
        return None
    table = _table(
        "At the paper's own protocol: what reproduces, and what training the rest takes two cores",
        ("exhibit",),
        mine,
        [(_name(one),) for one in mine],
        [one.left for one in mine],
    )
    if len(mine) == 1:
        return table
    lefts = [one.left for one in mine if one.left is not None]
    every = overview.totals(mine).get(PAPER, {})
    last = (
        entry(_of(sum(one.run for one in mine), sum(one.wanted for one in mine))),
        entry(NONE),
        entry(in_words(sum(lefts)) if len(lefts) == len(mine) else in_words(None)),
        *_judged(every, [kind for (kind,) in table.columns[3:]]),
    )
    return replace(table, rows=(*table.rows, (("all",), last)))


def others_table(tallies: Sequence[Tally]) -> Table | None:
    """Return the table of other papers' own protocols, a row per exhibit; None without any."""
    counted = overview.of_one_paper(tallies)
    mine = [one for one in tallies if one.scale == PAPER and one not in counted]
    if not mine:
        return None
    return _table(
        "At the protocols of other papers: what reproduces, and what training the rest takes two"
        " cores",
        ("paper", "exhibit"),
        mine,
        [(one.paper, _name(one)) for one in mine],
        [one.left for one in mine],
    )


def elsewhere_table(tallies: Sequence[Tally]) -> Table | None:
    """Return the table of all other protocols, a row per exhibit and scale; None without any."""
    mine = [one for one in tallies if one.scale != PAPER]
    if not mine:
        return None
    return _table(
        "At other schedules: orders are told, and nothing else can be compared",
        ("exhibit", "scale"),
        mine,
        [(_name(one), one.scale) for one in mine],
    )


def _table(
    caption: str,
    stubs: Stub,
    tallies: Sequence[Tally],
    names: Sequence[Stub],
    left: Sequence[float | None] = (),
) -> Table:
    there = [kind for kind in overview.KINDS if any(kind in one.verdicts for one in tallies)]
    kinds = list(dict.fromkeys(NUMBERS if kind in _NUMBERS else kind for kind in there))
    tails = [(entry(in_words(seconds)),) for seconds in left] or [()] * len(tallies)
    return Table(
        caption=caption,
        stubs=stubs,
        columns=(
            *(("cells run",), ("seeds",), *([("the rest takes",)] if left else [])),
            *((kind,) for kind in kinds),
        ),
        rows=tuple(
            (
                name,
                (
                    entry(_of(one.run, one.wanted), key=f"{one.exhibit}-{one.scale}"),
                    entry(_seeds(one)),
                    *tail,
                    *_judged(one.verdicts, kinds),
                ),
            )
            for one, name, tail in zip(tallies, names, tails, strict=True)
        ),
    )


def _name(one: Tally) -> str:
    same = one.short.lower() == one.exhibit
    return one.short if same else f"{one.short} ({one.exhibit})"


def _of(run: int, wanted: int) -> str:
    return f"{run:,} of {wanted:,}"


def _seeds(one: Tally) -> str:
    """Return the seeds that configurations have, of those that the scale declares."""
    low, high = one.seeds
    return f"{span(low, high)} of {one.planned}" if one.planned else NONE


def _judged(verdicts: Mapping[str, Mapping[str, int]], columns: Sequence[str]) -> list[Entry]:
    """Return the verdicts of each column; that of numbers has a line for each kind of them."""
    return [
        entry(*lines) if (lines := _lines(verdicts, column)) else entry(NONE) for column in columns
    ]


def _lines(verdicts: Mapping[str, Mapping[str, int]], column: str) -> list[str]:
    if column != NUMBERS:
        return (
            [overview.words(verdicts[column], ours=column == overview.OURS)]
            if column in verdicts
            else []
        )
    kinds = [kind for kind in _NUMBERS if kind in verdicts]
    return [
        f"{kind}: {overview.words(verdicts[kind], ours=kind == overview.OURS)}" for kind in kinds
    ]


def made_table(found: Sequence[Made]) -> Table:
    """Return the table of machines and revisions of the code, a row each."""
    return simple_table(
        (
            *("machine", "threads", "products", "torch", "Python", "NumPy", "system", "sgbench"),
            *("revision", "records", "from", "to", "training"),
        ),
        [
            (
                *(one.device, str(one.threads), one.matmul, one.torch, one.python, one.numpy),
                *(one.platform, one.sgbench, one.revision[:12] or NONE, f"{len(one.records):,}"),
                *(one.first, one.last, duration(one.seconds)),
            )
            for one in found
        ],
        caption="What the records were made on, by which code and when",
    )
