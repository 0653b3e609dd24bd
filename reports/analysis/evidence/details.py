"""Each verdict with all that it rests on: seeds, curves, protocol, records, machines, the command.

    found = details(selection, places(selection), claims(selection), bins(selection))

A page opens a verdict to its detail; the JSON of a report is the details without their curves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ....bench.cell import Cell
from ....results.metrics import measure_of
from ....results.record import LOST
from ....results.statistics import intervals
from ..selection.select import Selection
from ..verdicts.claims import ClaimResult
from ..verdicts.intermediate import when
from ..verdicts.medians import Bin
from ..verdicts.places import Place
from ..wording import at
from .keys import bin_key, cell_key, claim_key, place_key
from .runs import Run, Runs
from .settings import axes, command, own_settings, varied

Kind = Literal["place", "intermediate", "claim", "median"]
OF_CELL = ("dataset", "network", "depth", "T", "rule", "decoupled", "p_update", "sg_layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A verdict on a place, a claim or a median of the paper, with its evidence.

    Attributes:
        kind: which of them; `intermediate` is a place before the end of training.
        key: what is unique to it among all reports: letters, digits, - and _.
        exhibit: name of the exhibit.
        scale: its scale.
        name: what it is of, in words: `MNIST FCN depth 4 DNI`, or the claim.
        claim: name of the claim, None of others.
        ours: of a claim, whether the paper lacks a number of what it compares.
        where: the fields that say which cells are meant.
        in_table: whether its M is the one that the paper's table is about.
        verdict: one of those in `verdicts`.
        measure: what the numbers are of, with the unit.
        decimals: of our numbers, as printed.
        seeds: the number of seeds that the scale declares.
        n: the number of results.
        estimate: their mean; of a claim what it tests; of a median that of seeds' medians.
        low: lower end of its 95 % interval, None where one seed gives none.
        high: upper end of it.
        paper: the paper's number, None where it has none.
        side: `above` or `below`, where the paper's curve is only known to lie there.
        grade: its grade of evidence.
        paper_sd: the standard deviation over runs that the paper prints beside it, if it does.
        paper_runs: over how many runs, where it says.
        difference: our mean less that of the paper, both being uncertain, where that is judged.
        margin: how near to it counts as reproduced; of a claim the margin or level.
        below: of a claim, whether it is that the number is below the margin, not above.
        around: of a claim, whether it is that the number lies within ± the margin.
        p: of a claim, one-sided, after Holm.
        within: of a place or median, whether our mean is within the margin; None if not judged.
        drawn: likewise, whether the paper's number is one that our process gives.
        decides: what would decide it, where it is inconclusive.
        why_not: of a claim that is not comparable, what of it hangs on the schedule: a slope.
        lost: the number of records without a result, by status.
        means: of what a claim compares, in order.
        paper_means: the paper's numbers for the same, None where it lacks one.
        values: of a claim the number that is tested of each seed.
        places: what a claim or a median is about: the key of each place's detail, and its name.
        runs: the records, by configuration and seed.
        settings: fields in which the protocol differs between places of the report: name, value.
        command: what trains it again; None where no one command does.
    """

    kind: Kind
    key: str
    exhibit: str
    scale: str
    name: str
    claim: str | None = None
    ours: bool = False
    where: Mapping[str, Any]
    in_table: bool = True
    verdict: str
    measure: str
    decimals: int
    seeds: int
    n: int
    estimate: float | None
    low: float | None
    high: float | None
    paper: float | None = None
    side: str | None = None
    grade: str | None = None
    paper_sd: float | None = None
    paper_runs: int | None = None
    difference: intervals.Interval | None = None
    margin: float | None = None
    below: bool = False
    around: bool = False
    p: float | None = None
    within: str | None = None
    drawn: str | None = None
    decides: str = ""
    why_not: str = ""
    lost: Mapping[str, int]
    means: tuple[float, ...] = ()
    paper_means: tuple[float, ...] | None = None
    values: tuple[float, ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    runs: tuple[Run, ...]
    settings: tuple[tuple[str, str], ...] = ()
    command: str | None = None

    @property
    def counts(self) -> bool:
        """True for a number of the paper that totals count: a place of its own, or a median."""
        return self.in_table and self.paper is not None and self.where.get("p_update") is None

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict and its evidence as JSON values, keys always in this order."""
        return {
            "exhibit": self.exhibit,
            "scale": self.scale,
            "kind": self.kind,
            "claim": self.claim,
            "ours": self.ours,
            "text": self.name,
            "where": {name: value for name, value in self.where.items() if value is not None},
            "verdict": self.verdict,
            "measure": self.measure,
            "in_table": self.in_table,
            "seeds": self.seeds,
            "n": self.n,
            "estimate": self.estimate,
            "low95": self.low,
            "high95": self.high,
            "paper": self.paper,
            "grade": self.grade,
            "paper_sd": self.paper_sd,
            "paper_runs": self.paper_runs,
            **_difference(self.difference),
            "side": self.side,
            "margin": self.margin,
            "p": self.p,
            "within": self.within,
            "drawn": self.drawn,
            "decides": self.decides,
            "why_not": self.why_not,
            "lost": dict(self.lost),
            "means": list(self.means),
            "paper_means": None if self.paper_means is None else list(self.paper_means),
            "values": list(self.values),
            "runs": [
                {"seed": run.seed, "value": run.value, "status": run.status, "record": run.record}
                for run in self.runs
            ],
            "command": self.command,
        }


def details(
    selection: Selection,
    places: Iterable[Place],
    claims: Iterable[ClaimResult] = (),
    bins: Iterable[Bin] = (),
) -> list[Detail]:
    """Return a detail for each place, claim and bin, in this order.

    The numbers and runs of a place are of the seeds that are shown; claims and bins compare
    configurations that may not be, and have all that is known.
    """
    shown, known, differ = Runs(selection), Runs(selection.whole), varied(selection)
    found = [_of_place(selection, shown, place, differ) for place in places]
    found += [_of_claim(selection, known, result) for result in claims]
    return found + [_of_bin(selection, known, one) for one in bins]


def _of_place(selection: Selection, runs: Runs, place: Place, differ: set[str]) -> Detail:
    cell, found = place.cell, runs.of(place.cell, place.result, place.share)
    measure, interval = measure_of(cell.dataset, place.result), place.interval
    own = (name for name, _ in cell.hyperparameters)
    names = dict.fromkeys((*OF_CELL, *axes(selection), *own))
    where = {name: cell.value(name) for name in names}
    what = [] if place.result is None else [measure.name]
    if place.known is not None:
        where["iteration"] = place.iteration
        what.append(when(place))
    return Detail(
        kind="place" if place.known is None else "intermediate",
        key=place_key(selection, place),
        exhibit=selection.exhibit.name,
        scale=selection.scale,
        name=", ".join((_name(selection, cell), *what)),
        where=where,
        in_table=place.fills,
        verdict=place.verdict,
        measure=measure.unit,
        decimals=measure.decimals,
        seeds=place.seeds,
        **_interval(interval),
        paper=place.paper,
        side=place.side,
        grade=place.grade,
        paper_sd=place.published and place.published.deviation,
        paper_runs=place.published and place.published.runs,
        difference=place.difference,
        margin=place.margin,
        within=place.within,
        drawn=place.drawn,
        decides=place.decides,
        lost=place.lost,
        runs=tuple(found),
        settings=tuple(own_settings(selection, cell, differ)),
        command=command(selection, cell, found, place.iteration),
    )


def _of_claim(selection: Selection, runs: Runs, result: ClaimResult) -> Detail:
    claim, test = result.test.claim, result.test
    measure = claim.measure(result.cells[0].dataset)
    unit = measure.unit if test.right is None else measure.difference
    if claim.kind == "within":
        unit = f"% off what is expected of {measure.name}"
    found = [run for cell in result.cells for run in runs.of(cell, claim.result)]
    where = {**claim.where, **test.place, **(claim.left if claim.right is None else {})}
    place = at(selection.exhibit, test.place)
    cells = [(cell_key(selection, c, claim.result), _name(selection, c)) for c in result.cells]
    return Detail(
        kind="claim",
        key=claim_key(selection, result),
        exhibit=selection.exhibit.name,
        scale=selection.scale,
        name=f"{claim.text} ({place})" if place else claim.text,
        claim=claim.name,
        ours=result.ours,
        where=where,
        verdict=result.verdict,
        measure=f"{measure.difference} a step of {claim.over}"
        if claim.is_slope and claim.kind != "within"
        else unit,
        decimals=measure.decimals,
        seeds=result.wanted,
        **_interval(result.interval),
        margin=test.margin,
        below=claim.kind not in ("above", "grows"),
        around=claim.kind == "within",
        p=result.p,
        decides=result.decides,
        why_not=result.why_not,
        lost=_lost(found),
        means=result.means if result.values else (),
        paper_means=result.paper,
        values=result.values,
        places=tuple(cells),
        runs=tuple(found),
    )


def _of_bin(selection: Selection, runs: Runs, one: Bin) -> Detail:
    known = one.paper
    found = [run for cell in one.support for run in runs.of(cell, None, known.at)]
    fields = {**known.where, "rule": one.cell.rule, "decoupled": one.cell.decoupled}
    ends = f"p_update {known.above:g} to {known.up_to:g} after {100 * known.at:g} % of training"
    measure, m = measure_of(one.cell.dataset), one.found
    return Detail(
        kind="median",
        key=bin_key(selection, one),
        exhibit=selection.exhibit.name,
        scale=selection.scale,
        name=f"{at(selection.exhibit, fields)}, {ends}",
        where={
            **fields,
            "depth": one.cell.depth,
            "above": known.above,
            "up_to": known.up_to,
            "at": known.at,
        },
        verdict=one.verdict,
        measure=measure.unit,
        decimals=measure.decimals,
        seeds=one.seeds,
        n=0 if m is None else m.n,
        estimate=m and m.mean,
        low=m and m.low,
        high=m and m.high,
        paper=known.value,
        side="above" if known.censored else None,
        grade=known.grade,
        margin=one.margin,
        within=one.within,
        drawn=one.drawn,
        decides=one.decides,
        lost=_lost(found),
        places=tuple((cell_key(selection, c, None), f"{c.p_update:g}") for c in one.cells),
        runs=tuple(found),
    )


def _name(selection: Selection, cell: Cell) -> str:
    """Return a configuration in words, by the fields that the grid varies."""
    return at(selection.exhibit, {name: cell.value(name) for name in axes(selection)})


def _interval(found: intervals.Interval | None) -> dict[str, Any]:
    if found is None:
        return {"n": 0, "estimate": None, "low": None, "high": None}
    return {"n": found.n, "estimate": found.mean, "low": found.low, "high": found.high}


def _difference(found: intervals.Interval | None) -> dict[str, float | None]:
    return {
        "difference": found and found.mean,
        "difference_low95": found and found.low,
        "difference_high95": found and found.high,
    }


def _lost(runs: Sequence[Run]) -> dict[str, int]:
    lost = [run.status for run in runs if run.value is None]
    return {status: lost.count(status) for status in LOST}
