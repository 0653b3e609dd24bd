"""The answers on top of a page: what reproduces, what has run, and what the rest would take."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .costs.remaining import in_words
from .evidence.details import Detail
from .naming import count, seeds_words, span
from .overview import CLAIMS, OURS, Ran, Tally, joined, of_one_paper, totals, words
from .selection.protocol import PAPER
from .verdicts.claims import OTHER_WAY, SAME_WAY, UNDECIDED
from .verdicts.places import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED

_ORDERS = (SAME_WAY, OTHER_WAY, UNDECIDED)


class Answer(NamedTuple):
    """A reader's question, and what the records say."""

    question: str
    words: str


def answers(tallies: Sequence[Tally], details: Iterable[Detail] = ()) -> list[Answer]:
    """Return what a reader asks first, with the answers; those that nothing is known of left out.

    Args:
        tallies: of all that is reported; the paper's own protocol is its scale `paper`.
        details: of the same.
    """
    mine = of_one_paper(tallies)
    found = (
        Answer("Does DNI reproduce on MNIST?", dni_on_mnist(details)),
        Answer("What of the paper reproduces?", reproduces(mine)),
        Answer("What has run, with how many seeds?", at_the_papers_protocol(mine)),
        Answer("What do other schedules tell?", elsewhere(mine)),
        Answer("What would it take to know the rest?", the_rest(mine)),
        Answer("And other papers?", others([one for one in tallies if one not in mine])),
    )
    return [answer for answer in found if answer.words]


def reproduces(tallies: Iterable[Tally]) -> str:
    """Return how many places, medians and claims have which verdict at the paper's protocol."""
    kinds = totals(tallies).get(PAPER, {})
    mine = {kind: counts for kind, counts in kinds.items() if kind != OURS}
    if not mine:
        return ""
    if any(counts[word] for counts in mine.values() for word in (REPRODUCED, NOT_REPRODUCED)):
        said = "; ".join(f"{kind}: {words(counts)}" for kind, counts in mine.items())
        return f"At the paper's own protocol, {said}."
    claims = mine.pop(CLAIMS, Counter[str]())
    every = {"number": sum(mine.values(), Counter[str]()), "claim": claims}
    wanted = joined([count(sum(some.values()), noun) for noun, some in every.items() if some])
    open_ = {noun: some[INCONCLUSIVE] for noun, some in every.items()}
    begun = joined([count(n, noun) for noun, n in open_.items() if n])
    has = "has some of its" if sum(open_.values()) == 1 else "have some of their"
    tail = f"; {begun} {has} seeds, all inconclusive" if begun else ""
    return f"Nothing yet. At the paper's own protocol {wanted} are to be judged{tail}."


def others(tallies: Iterable[Tally]) -> str:
    """Return what has run of exhibits of other papers, at their protocols, and its verdicts."""
    found: list[str] = []
    for one in (one for one in tallies if one.scale == PAPER):
        kinds = {kind: counts for kind, counts in one.verdicts.items() if one.run and kind != OURS}
        said = [f"{kind}: {words(counts)}" for kind, counts in kinds.items()]
        ran = f"{one.run:,} of {one.wanted:,} training runs at its protocol have been made"
        found.append(f"{one.short} ({one.paper}): {'; '.join([ran, *said])}.")
    return " ".join(found)


def dni_on_mnist(details: Iterable[Detail]) -> str:
    """Return how Table 1's numbers of DNI on MNIST are judged at the paper's protocol."""
    mine = [
        one
        for one in details
        if (one.exhibit, one.scale, one.kind) == ("table1", PAPER, "place")
        and (one.where.get("dataset"), one.where.get("rule")) == ("mnist", "dni")
        and one.counts
    ]
    if not mine:
        return ""
    verdicts = Counter(one.verdict for one in mine)
    known = verdicts[REPRODUCED] + verdicts[NOT_REPRODUCED]
    done, wanted = sum(one.n for one in mine), sum(one.seeds for one in mine)
    runs = f"{done} of its {wanted} runs at the paper's own protocol are done"
    return f"{'Of its numbers, ' + words(verdicts) if known else 'Not known'}: {runs}."


def at_the_papers_protocol(tallies: Iterable[Tally]) -> str:
    """Return a sentence: what has run at the paper's scale, by rule and seeds, and what has not.

    It is empty where no exhibit has that scale.
    """
    mine = [one for one in tallies if one.scale == PAPER]
    if not mine:
        return ""
    run, wanted = sum(one.run for one in mine), sum(one.wanted for one in mine)
    first = f"At the paper's own protocol {run:,} of {wanted:,} training runs have been made"
    there = [
        f"{some.run:,} of {rule}'s {some.wanted:,} in {one.short} ({_amount(some, one.planned)})"
        for one in mine
        for rule, some in one.rules.items()
        if some.run
    ]
    parts = [
        f"{joined([rule for rule, some in one.rules.items() if not some.run])} in {one.short}"
        for one in mine
        if one.run and not all(some.run for some in one.rules.values())
    ]
    whole = [one.short for one in mine if not one.run and not one.in_part]
    missing = [*parts, *([f"all of {joined(whole)}"] if whole else [])]
    begun = [f"{one.in_part:,} of {one.wanted:,} in {one.short}" for one in mine if one.in_part]
    tail = f"; the first part of {joined(begun)}" if begun else ""
    if not run:
        return f"{first}{tail}: whether the paper reproduces is not known."
    tail += f"; not run: {'; '.join(missing)}" if missing else ""
    return f"{first}: {joined(there)}{tail}."


def _amount(some: Ran, planned: int) -> str:
    low, high = some.seeds
    return f"all {joined(some.datasets)}, {span(low, high)} of {count(planned, 'seed')} each"


def elsewhere(tallies: Sequence[Tally]) -> str:
    """Return what the orders are at other schedules, the paper's told from ours, scale by scale."""
    found: list[str] = []
    for scale, kinds in totals(tallies).items():
        some = {kind: kinds.get(kind, Counter[str]()) for kind in (CLAIMS, OURS)}
        if scale == PAPER or not any(c[word] for c in some.values() for word in _ORDERS):
            continue
        ran = [one for one in tallies if one.scale == scale and one.run]
        theirs = f"of the paper's orders that ran, {_told(some[CLAIMS])}"
        ours = f"; of ours, {_told(some[OURS])}" if sum(some[OURS].values()) else ""
        found.append(f"Scale {scale} ({_seeds(ran)}): {theirs}{ours}.")
    if not found:
        return ""
    rest = "Numbers, margins, slopes and levels hang on the schedule: they are not comparable."
    return " ".join(["Orders alone.", *found, rest])


def _told(counts: Counter[str]) -> str:
    total = sum(counts[word] for word in _ORDERS)
    if not total:
        return "none"
    *first, last = (f"{counts[word]} {word}" for word in _ORDERS if counts[word])
    return f"{' and '.join(filter(None, (', '.join(first), last)))} (of {total})"


def _seeds(tallies: Sequence[Tally]) -> str:
    low = min((one.seeds[0] for one in tallies), default=0)
    high = max((one.seeds[1] for one in tallies), default=0)
    return seeds_words(low, high)


def the_rest(tallies: Iterable[Tally]) -> str:
    """Return what the cells of the paper's protocol without a record take, exhibit by exhibit."""
    mine = [one for one in tallies if one.scale == PAPER and one.run < one.wanted]
    known = {one.short: one.left for one in mine if one.left is not None}
    unknown = [one.short for one in mine if one.left is None]
    if not known:
        return ""
    parts = sorted(known.items(), key=lambda item: -item[1])
    listed = joined([f"{name} {in_words(seconds)}" for name, seconds in parts])
    missing = f" Unknown: {joined(unknown)}." if unknown else ""
    few = "; ".join(f"{one.short} ({'; '.join(one.hardly)})" for one in mine if one.hardly)
    if few:
        missing += (
            " That runs every declared seed; it will not decide everything: by the spreads of short"
            " runs, the declared seeds would call a correct number reproduced in fewer than 1 of 10"
            f" cases for {few}."
        )
    return (
        f"Two CPU cores would train what is left of the paper's protocol in about"
        f" {in_words(sum(known.values()))}: {listed}.{missing} Times are wall-clock, estimated from"
        " the speeds in records; `sgbench doctor` estimates them for your machine."
    )
