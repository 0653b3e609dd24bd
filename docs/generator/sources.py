"""The published records as pages ask for them: selections, places and claims, read once."""

import functools
from collections.abc import Sequence

from sgbench.bench.errors import SgbenchError
from sgbench.reports.analysis.selection.select import READABLE, Selection, select
from sgbench.reports.analysis.verdicts.claims import ClaimResult, claims
from sgbench.reports.analysis.verdicts.places import NOT_RUN, Place, places
from sgbench.reports.pages.stages import Stages, stages_of
from sgbench.reproductions.exhibits import catalogue
from sgbench.reproductions.exhibits.custom import with_custom
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.reproductions.exhibits.schema import CUSTOM
from sgbench.reproductions.exhibits.where import Where, parse_where
from sgbench.results.record import Record
from sgbench.results.store.published import open_published

from .markers import MarkerError

EXPERIMENTS_OF_OURS = ("locking", "beyond")
"""Exhibits that rerun nothing of a paper: what the paper's protocol would take leaves them out."""


def of_the_paper() -> tuple[str, ...]:
    """Return the names of all other exhibits, but for those that rerun another paper."""
    return tuple(
        name
        for name in catalogue.names()
        if name not in EXPERIMENTS_OF_OURS and not load(name).paper
    )


@functools.cache
def records() -> tuple[Record, ...]:
    """Return all published records of rules and data sets that are here."""
    return tuple(open_published().scan_known())


@functools.cache
def whole(exhibit: str, scale: str) -> Selection:
    """Return what is published of an exhibit at a scale, `custom` among them.

    Raises MarkerError where either is unknown.
    """
    try:
        found, known = load(exhibit), [r for r in records() if r.exhibit == exhibit]
        if scale != CUSTOM:
            found.scale(scale)
            return select(found, scale, known)
        mine = [r for r in known if r.scale == CUSTOM and r.split == "test"]
        custom = [r for r in mine if r.status in READABLE]
        return select(with_custom(found, custom), CUSTOM, custom)
    except SgbenchError as error:
        raise MarkerError(str(error)) from None


@functools.cache
def selection(exhibit: str, scale: str, where: tuple[str, ...] = ()) -> Selection:
    """Return the part of `whole` that is run and that `where` picks, as `--where` does."""
    try:
        return whole(exhibit, scale).narrowed(conditions(where), ran=True)
    except SgbenchError as error:
        raise MarkerError(str(error)) from None


def place(exhibit: str, scale: str, where: Sequence[str]) -> Place:
    """Return the one place that `where` picks: of the protocol's own M unless it names sg_layers.

    Two results of a cell (A's and B's error) are told apart by `result=error_a`.
    """
    result = [word.removeprefix("result=") for word in where if word.startswith("result=")]
    fields = tuple(word for word in where if not word.startswith("result="))
    found = places(selection(exhibit, scale, fields))
    if not any("sg_layers" in word for word in fields):
        found = [one for one in found if one.fills]
    if result:
        found = [one for one in found if one.result == result[0]]
    if len(found) != 1:
        names = [
            f"{p.cell.dataset} {p.cell.network} {p.cell.rule} {p.result or ''}" for p in found[:4]
        ]
        raise MarkerError(
            f"{exhibit} {scale} {' '.join(where)} picks {len(found)} places, not one: {names}"
        )
    return found[0]


@functools.cache
def claim_results(exhibit: str, scale: str) -> tuple[ClaimResult, ...]:
    """Return the results of all of an exhibit's claims at a scale."""
    return tuple(claims(whole(exhibit, scale)))


def claims_in(found: Selection) -> list[ClaimResult]:
    """Return the results of the claims that were run and whose cells are all in a selection."""
    there = set(found.cells)
    return [
        one
        for one in claim_results(found.exhibit.name, found.scale)
        if there.issuperset(one.cells) and one.verdict != NOT_RUN
    ]


def claim(exhibit: str, scale: str, name: str, where: Sequence[str]) -> ClaimResult:
    """Return the result of a claim by its name in the exhibit's file, where its place has `where`.

    Raises MarkerError where not one test is picked.
    """
    pairs = dict(word.split("=", 1) for words in where for word in words.split(","))
    found = [
        one
        for one in claim_results(exhibit, scale)
        if one.test.claim.name == name
        and all(_text(one.test.place.get(key)) == value for key, value in pairs.items())
    ]
    if len(found) != 1:
        there = sorted({one.test.claim.name for one in claim_results(exhibit, scale)})
        at = [dict(one.test.place) for one in found]
        raise MarkerError(
            f"claim {name} of {exhibit} {scale} at {pairs}: {len(found)} rows {at}, not one;"
            f" claims are {', '.join(there)}"
        )
    return found[0]


def _text(value: object) -> str:
    """Return a field's value as a marker writes it."""
    return "none" if value is None else str(value)


def conditions(where: Sequence[str]) -> Where | None:
    """Return the conditions of a marker's FIELD=VALUE… words, None where there are none."""
    return parse_where(list(where)) if where else None


@functools.cache
def stages(exhibit: str, scale: str) -> Stages | None:
    """Return what is published of networks in stages; None where the exhibit has none."""
    return stages_of(whole(exhibit, scale))
