"""The numbers behind a report as CSV: a line for every place and every row of the claims."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from ..results import stats
from ..results.record import STATUSES
from .gather import Gathered
from .judge import Place, Row


def places_csv(gathered: Gathered, places: Sequence[Place]) -> str:
    """Return every place as a line of CSV, whatever its M; errors in percent."""
    axes = ("dataset", "network", "depth", "rule", "sg_layers", "sg_scale")
    header = [
        "exhibit", "scale", *axes, "split", "in_table", "n", "seeds", "mean", "low95", "high95",
        "paper", "grade", "margin", "verdict", "seeds_needed", *STATUSES[1:], "other_data",
    ]  # fmt: skip
    lines: list[list[Any]] = []
    for place in places:
        group, measured = place.group, place.interval
        lines.append(
            [
                gathered.exhibit.name,
                gathered.scale,
                *(getattr(group.cell, name) for name in axes),
                group.cell.split,
                str(place.fills).lower(),
                0 if measured is None else measured.n,
                len(group.seeds),
                *_numbers(measured),
                place.paper,
                place.grade,
                place.margin,
                place.verdict,
                place.seeds_needed,
                *(group.count(status) for status in STATUSES[1:]),
                " ".join(place.data_hashes),
            ]
        )
    return _csv(header, lines)


def claims_csv(gathered: Gathered, rows: Sequence[Row]) -> str:
    """Return every row of the claims as a line of CSV; differences and slopes in points."""
    axes = ("dataset", "network", "depth")
    header = [
        "exhibit", "scale", "claim", *axes, "kind", "margin", "n", "seeds", "mean", "low95",
        "high95", "p_holm", "verdict", "seeds_needed", "diverged", "other_data",
    ]  # fmt: skip
    lines: list[list[Any]] = []
    for row in rows:
        test = row.test
        place = {**test.claim.where, **test.place}
        lines.append(
            [
                gathered.exhibit.name,
                gathered.scale,
                test.claim.name,
                *(place.get(name) for name in axes),
                test.claim.kind,
                test.margin,
                len(row.values),
                row.wanted,
                *_numbers(row.interval),
                row.p,
                row.verdict,
                row.seeds_needed,
                row.diverged,
                " ".join(row.data_hashes),
            ]
        )
    return _csv(header, lines)


def _numbers(measured: stats.Interval | None) -> tuple[float | None, ...]:
    return (None,) * 3 if measured is None else (measured.mean, measured.low, measured.high)


def _csv(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([header, *lines])
    return buffer.getvalue()
