"""The notes of an exhibit's report: its numbers, verdicts, rules, data and machines in words."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ...bench import datasets, registry
from ...bench.configuration import hyperparameters
from ...reproductions.exhibits.schema import CUSTOM
from ..analysis.naming import count
from ..analysis.selection import shared_runs
from ..analysis.selection.changes import changes
from ..analysis.selection.select import Selection
from ..analysis.verdicts import planned, population
from ..analysis.verdicts.claims import (
    CONFIRMED,
    CONTRADICTED,
    OTHER_WAY,
    SAME_WAY,
    UNDECIDED,
    ClaimResult,
)
from ..analysis.verdicts.places import NOT_COMPARABLE, Place
from ..tables.claims import OURS, shown
from ..tables.exhibit import BASELINE, Footnotes, against_paper
from .page import Caution

OTHER_MODELS = (
    "No cell that was run has the M that the protocol fixes for this table, so it has no rows, and"
    " no figure; the table by the depth of M has them."
)
INTERVAL = (
    "Mean ± half-width of the 95 % Student-t interval over the seeds that the scale declares"
    " (number of seeds)."
)
_FURTHER = "All: with further seeds, which are shown and not judged."
BEFORE = (
    "Results of the first part of training, which a record that was trained in part has too, beside"
    " what the paper's curves show there; the margin is how exactly they can be read (±). Of a"
    " number with < or > only the side is known: the test is one-sided. Verdicts are those of the"
    " table."
)
MEDIANS = (
    "Each seed has one number, the median over the bin of the curve through its networks; mean ±"
    " half-width of the 95 % Student-t interval over the declared seeds (number of seeds). A median"
    " that the paper's axis cuts off (>) is tested on one side. Verdicts are those of the other"
    " tables."
)
_VERDICTS = (
    "Verdicts, by the declared seeds alone. Reproduced: the interval of our mean lies inside"
    " the paper's number ± the exhibit's margin, and the paper's number inside the 95 % prediction"
    " interval of a run of ours, give or take its rounding or reading error. Not reproduced: the"
    " first lies wholly outside the margin, and the number outside the second. The first is the"
    " wider of Student's at 90 % and one at 95 % by the spread pooled with that of the places"
    " next to it (more or fewer layers, or T). Inconclusive: the"
    " two do not agree, or cannot tell, with what would decide below. Not run: no record. Not"
    " comparable: the protocol is not the paper's."
)
_SPREAD = (
    "Both uncertain: where the paper prints mean ± standard deviation, our mean less the paper's"
    " with the half-width of its 95 % interval, which has both uncertainties (Welch); a difference"
    " where the interval leaves out 0. It stands beside the verdict, which takes the paper's number"
    " as exact but for its rounding."
)
_UNKNOWN_RUNS = (
    "The paper does not say over how many runs its means are: its standard deviation is taken for"
    " the error of its mean, with the degrees of freedom of our seeds: cautious where they are four"
    " or more."
)
_BASELINE = (
    "{mark} The paper's number for {rule} lies within the margin too: reproducing this place cannot"
    " tell its rule from {rule}."
)
_CLAIMS = (
    "The numbers compared are means over the declared seeds. p is one-sided, of the test that the"
    " claim declares (paired by seed, Welch's t, or of lengths an exact permutation test), and"
    " adjusted by Holm over the family: all tests that the exhibit declares at this scale,"
    " run or not."
)
_DECIDED = (
    "Reproduced: p is below 0.05; not reproduced: the p of the contrary is; inconclusive: neither."
)
_CONFIRMED = (
    "Comparisons of ours are confirmed where p is below 0.05, contradicted where the p of the"
    " contrary is, else inconclusive."
)
_ORDERS = (
    "Orders are of this schedule. Same way round as in the paper: p is below 0.05; other way round:"
    " the p of the contrary is; undecided: neither. Not comparable: margins, factors, slopes and"
    " levels, which hang on the schedule."
)
_MOST_FAILURES = 10


def marks(selection: Selection) -> dict[tuple[str, str], str]:
    """Return the mark, [a] and so on, of each data that is not the original: (dataset, hash)."""
    found = selection.other_data[["dataset", "data_hash"]].drop_duplicates()
    pairs = sorted(zip(found["dataset"], found["data_hash"], strict=True))
    return {pair: f"[{_letters(n)}]" for n, pair in enumerate(pairs)}


def of_data(selection: Selection, marks: Footnotes) -> list[str]:
    """Return what the marks stand for."""
    return [
        f"{mark} {selection.exhibit.label('dataset', dataset)} from files that are not the"
        f" original: data hash {data}, original {datasets.canonical_hash(dataset)}."
        for (dataset, data), mark in marks.items()
    ]


def of_results(selection: Selection, places: Sequence[Place]) -> list[str]:
    """Return what the verdicts mean, what each rule does, and what decoupled layers are."""
    found = [_VERDICTS] if against_paper(places) else []
    if any(place.further is not None for place in places):
        found.insert(0, _FURTHER)
    if any(place.baseline is not None for place in places):
        rule = selection.exhibit.label("rule", selection.exhibit.baseline)
        found.append(_BASELINE.format(mark=BASELINE, rule=rule))
    if known := [place.published for place in places if place.published is not None]:
        unknown = any(one.runs is None for one in known)
        found.append(f"{_SPREAD} {_UNKNOWN_RUNS}" if unknown else _SPREAD)
    found += [*of_plan(selection), *shared_runs.notes(selection)]
    if exhibit_readings := selection.exhibit.readings:
        said = "; ".join(f"{name}: {words}" for name, words in exhibit_readings.items())
        found.append(f"Readings. {said}.")
    sentences = {
        f"{selection.exhibit.label('rule', cell.rule)}:"
        f" {registry.RULES.declared(cell.rule).sentence_for(cell.family)}": None
        for cell in selection.cells
    }
    return [*found, f"Rules. {'; '.join(sentences)}.", *population.notes(selection)]


def cautions(selection: Selection) -> list[Caution]:
    """Return what `--set` changed, and how the protocol differs from the paper's."""
    changed = changes(selection) if selection.scale == CUSTOM else []
    found = [Caution("Custom.", words) for words in changed]
    if (words := selection.difference()) is not None:
        compared = selection.exhibit.numbers or selection.exhibit.medians
        lead = "Not comparable with the paper's numbers." if compared else ""
        found.append(Caution(lead, f"{words}."))
    return found


def of_plan(selection: Selection) -> list[str]:
    """Return what the declared seeds would rather not decide, and of what that is not known.

    It does not depend on what was run.
    """
    exhibit, scale = selection.exhibit, selection.scale
    if scale not in exhibit.scales or not selection.planned:
        return []
    return [
        *planned.words(planned.planned(exhibit, scale, selection.cells)),
        *planned.unknown_words(planned.spread_unknown(exhibit, scale, selection.cells)),
    ]


def of_claims(results: Sequence[ClaimResult]) -> list[str]:
    """Return what is compared, what the verdicts mean, and how many rows are not shown."""
    orders = {SAME_WAY, OTHER_WAY, UNDECIDED, NOT_COMPARABLE}
    away = any(result.verdict in orders for result in results)
    ours = [result for result in results if result.ours]
    meaning = _ORDERS if away else _DECIDED if len(ours) < len(results) else ""
    judged = any(result.verdict in (CONFIRMED, CONTRADICTED) for result in ours)
    confirmed = _CONFIRMED if judged or (ours and not away) else ""
    found = [" ".join(filter(None, (_CLAIMS, meaning, confirmed)))]
    if any(result.ours for result in shown(results)):
        found.append(f"Rows marked {OURS}: the paper has no numbers for what they compare.")
    left_out = len(results) - len(shown(results))
    if left_out:
        found.append(f"Not run, and not shown: {count(left_out, 'further row')}.")
    return found


_UNKNOWN_KIND = "instruction set not recorded"


def runs(selection: Selection) -> list[str]:
    """Return what the records were made on, by what and how long."""
    frame = selection.frame
    if frame.empty:
        return ["no records"]
    kinds = frame["instructions"].fillna("CUDA " + frame["cuda"]).fillna(_UNKNOWN_KIND)
    frame = frame.assign(kind=kinds)
    machines = frame.groupby(["device", "threads", "matmul", "torch", "kind"]).size()
    code = frame.groupby(["sgbench", "git_revision", "git_dirty"], dropna=False).size()
    hours = frame["train_seconds"].sum() / 3600
    return [
        *(f"machine: {_machine(*key)} ({_cells(n)})" for key, n in _largest_first(machines)),
        *(f"code: {_code(*key)} ({_cells(n)})" for key, n in _largest_first(code)),
        f"training, without evaluation and compilation: {hours:.2f} h in all",
    ]


def failures(selection: Selection) -> list[str]:
    """Return the first of the cells that are not ok, each with its error."""
    failed = selection.frame[~selection.frame["status"].isin(["ok", "partial"])]
    names = ["dataset", "network", "depth", "T", "rule", *hyperparameters()]
    names += ["decoupled", "p_update", "sg_layers", "seed"]
    lines: list[str] = []
    for row in failed[:_MOST_FAILURES].to_dict("records"):
        cell = ",".join(f"{name}={row[name]}" for name in names if not pd.isna(row.get(name)))
        reason = "" if pd.isna(row["error"]) else row["error"][:160]
        lines.append(f"{row['status']}: {row['id']} {cell}: {reason}")
    if len(failed) > _MOST_FAILURES:
        lines.append(f"and {len(failed) - _MOST_FAILURES} more that are not ok")
    return lines


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _largest_first(sizes: "pd.Series[int]") -> Iterable[tuple[Any, int]]:
    return sizes.sort_values(ascending=False, kind="stable").items()


def _machine(device: str, threads: int, matmul: str, torch: str, kind: str) -> str:
    words = "1 thread" if threads == 1 else f"{threads} threads"
    return f"{device}, {words}, {matmul}, torch {torch}, {kind}"


def _code(sgbench: str, revision: Any, dirty: Any) -> str:
    words = "" if pd.isna(revision) else f", revision {revision[:12]}"
    return f"sgbench {sgbench}{words}{' with changes' if dirty is True else ''}"


def _letters(n: int) -> str:
    return chr(ord("a") + n % 26) * (n // 26 + 1)
