"""Keys of verdicts' details, unique among all reports: letters, digits, - and _."""

from ....bench.cell import Cell
from ..selection.select import Selection
from ..verdicts.claims import ClaimResult
from ..verdicts.medians import Bin
from ..verdicts.places import Place


def place_key(selection: Selection, place: Place) -> str:
    """Return the key of a place's detail."""
    key = cell_key(selection, place.cell, place.result)
    return key if place.iteration is None else f"{key}-{place.iteration}"


def cell_key(selection: Selection, cell: Cell, result: str | None) -> str:
    """Return the key of a configuration's result at the end of training."""
    tail = "" if result is None else f"-{result}"
    return f"{_prefix(selection)}-{cell.key[:12]}{tail}"


def claim_key(selection: Selection, result: ClaimResult) -> str:
    """Return the key of the detail of a claim at one place."""
    words = (result.test.claim.name, *map(str, result.test.place.values()))
    return "-".join((_prefix(selection), *map(_slug, words)))


def bin_key(selection: Selection, one: Bin) -> str:
    """Return the key of the detail of a median."""
    ends = f"{one.paper.above:g}-{one.paper.up_to:g}-{one.paper.at:g}"
    return f"{_prefix(selection)}-{one.cell.key[:12]}-{_slug(ends)}"


def _prefix(selection: Selection) -> str:
    return f"{_slug(selection.exhibit.name)}-{_slug(selection.scale)}"


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)
