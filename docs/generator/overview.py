"""README's tables: what reproduces, an exhibit a row, and Table 1 beside the paper's."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sgbench.reports.analysis.selection.select import Selection
from sgbench.reports.analysis.verdicts.claims import OTHER_WAY, SAME_WAY, UNDECIDED, ClaimResult
from sgbench.reports.analysis.verdicts.intermediate import intermediate
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import (
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    Place,
    places,
)
from sgbench.reports.analysis.wording import NONE, label
from sgbench.reports.tables import entries
from sgbench.reports.tables.table import Table, simple_table
from sgbench.reproductions.exhibits.exhibit import load

from . import cost, sources
from .markers import MarkerError

SHORT, PAPER = "quick", "paper"
NO_BREAK = "\N{NO-BREAK SPACE}"

HEADLINES: Mapping[str, tuple[str, str, str, Sequence[str]]] = {
    "table1": (
        "Table 1: feed-forward networks",
        "with 6 layers cDNI's test error is below DNI's (cDNI / DNI, %)",
        "cdni-beats-dni-deep",
        ["dataset=mnist"],
    ),
    "table2": (
        "Table 2: recurrent networks",
        "with unrolls of 2 to 5 steps DNI solves longer Copy tasks than BPTT (DNI / BPTT, longest"
        " task solved, in steps)",
        "dni-longer",
        ["dataset=copy"],
    ),
    "p_update": (
        "Figures 5 and 6: layers that update at random steps",
        "a layer may skip 4 of 5 updates at random (test error with a fifth of the updates / with"
        " all, %)",
        "p-0.2-trains",
        ["decoupled=update", "rule=dni"],
    ),
    "two_networks": (
        "Figure 8: two networks at different rates",
        "the second network's error is lower with DNI (DNI / no feedback, %)",
        "dni-feeds-back",
        [],
    ),
    "deep": (
        "21 layers, every one decoupled",
        "cDNI trains 21 layers to about 2 % test error",
        "cdni-21-reaches-2",
        [],
    ),
}
"""By exhibit with claims: what it is, a main claim in a reader's words, which claim that is.

That is the first in the exhibit's file for which the paper has the numbers, and its first row.
"""


def exhibits(words: list[str]) -> Table:
    """Whether the paper reproduces: a row an exhibit that makes a claim."""
    if words:
        raise MarkerError("exhibits takes no words")
    return simple_table(
        (
            *("exhibit", "a main claim", "paper", f"ours at {SHORT} (seeds)"),
            *("verdict on the main claim", f"all claims at {SHORT}", "at the paper's protocol"),
        ),
        [_row(name) for name in HEADLINES],
        stubs=2,
    )


def _row(exhibit: str) -> tuple[str, ...]:
    title, text, name, where = HEADLINES[exhibit]
    one = sources.claim(exhibit, SHORT, name, where)
    whole = sources.whole(exhibit, PAPER)
    results = sources.claim_results(exhibit, SHORT)
    tested, ours = (
        Counter(r.verdict for r in results if r.ours == is_ours) for is_ours in (False, True)
    )
    counted = [_counted(tested), f"our own claims: {_counted(ours)}" if _counted(ours) else ""]
    begun = whole.begun
    ran = f"{whole.done:,} of {whole.wanted:,} runs done{f', {begun:,} begun' if begun else ''}"
    decided = _decided(whole)
    return (
        f"{title} (`{exhibit}`)",
        text,
        _values(one, one.paper),
        f"{_values(one, one.means)} ({len(one.values)})".replace(" ", NO_BREAK),
        one.verdict,
        "; ".join(filter(None, counted)),
        f"{ran}{decided}; the rest: {cost.left(exhibit)}",
    )


def _decided(whole: Selection) -> str:
    """Return how the numbers of the paper's protocol are judged, at its end and before it.

    Medians of which only a lower bound is known are named: few results could miss it.
    """
    final = [one.verdict for one in places(whole) if one.counts]
    early = [one.verdict for one in intermediate(whole)]
    for one in bins(whole):
        told = _BY_A_BOUND.get(one.verdict) if one.paper.censored else None
        (final if one.paper.at == 1 else early).append(told or one.verdict)
    some = {"final numbers": final, "numbers before the end of training": early}
    words = (REPRODUCED, *_BY_A_BOUND.values(), NOT_REPRODUCED, INCONCLUSIVE, NOT_RUN)
    return "".join(
        f"; of its {len(found)} {what} {_counted(Counter(found), words)}"
        for what, found in some.items()
        if {*found} & {REPRODUCED, NOT_REPRODUCED}
    )


_BY_A_BOUND = {REPRODUCED: f"{REPRODUCED} (of a lower bound only)"}


_AT_SHORT = (SAME_WAY, OTHER_WAY, UNDECIDED, NOT_COMPARABLE)


def _counted(found: Counter[str], words: Sequence[str] = _AT_SHORT) -> str:
    """Return how many have each verdict of `words`; those of a claim that was run if not given."""
    return ", ".join(f"{found[word]} {word}" for word in words if found[word])


def _values(one: ClaimResult, values: Sequence[float] | None) -> str:
    """Return a claim's numbers, ours or the paper's, left of the claim first."""
    if values is None:
        return NONE
    measure = one.test.claim.measure(one.cells[0].dataset)
    if values is one.means:
        texts = [f"{value:.{measure.decimals}f}" for value in values]
    else:
        texts = [entries.paper(value, measure.paper_decimals) for value in values]
    return " / ".join(texts).replace(" ", NO_BREAK)


def beside(words: list[str]) -> Table:
    """Table 1, MNIST, FCN: the paper's numbers and ours at every schedule that was run."""
    if words:
        raise MarkerError("beside takes no words")
    exhibit, where = "table1", ("dataset=mnist,network=fcn,seed<3",)
    sets = {
        "ours, 500,000": sources.selection(exhibit, PAPER, where),
        "ours, 50,000": sources.selection(exhibit, "tenth", where),
        f"ours, {SHORT}: 1,000": sources.selection(exhibit, SHORT, where),
    }
    found = {name: _by_place(selection) for name, selection in sets.items()}
    short = found[f"ours, {SHORT}: 1,000"]
    rules = dict.fromkeys(rule for (rule, _), place in short.items() if place.paper is not None)
    depths = sorted({depth for _, depth in short})
    rows: list[tuple[str, ...]] = []
    for rule in rules:
        name = label(load(exhibit), "rule", rule)
        rows.append((name, "paper, 500,000", *(_paper(short[rule, d]) for d in depths)))
        for source, by_place in found.items():
            entry_of = [_measured(by_place.get((rule, depth))) for depth in depths]
            if any(entry_of):
                rows.append((name, source, *(text or NONE for text in entry_of)))
    return simple_table(("rule", "updates", *(f"{d} layers" for d in depths)), rows, stubs=2)


def _by_place(selection: Selection) -> dict[tuple[str, int], Place]:
    return {
        (place.cell.rule, place.cell.depth or 0): place
        for place in places(selection)
        if sources.whole("table1", SHORT).fixed(place.cell)
    }


def _paper(place: Place) -> str:
    return NONE if place.paper is None else entries.paper(place.paper)


def _measured(place: Place | None) -> str:
    if place is None or place.interval is None:
        return ""
    return f"{entries.interval(place.interval)} ({place.interval.n})"
