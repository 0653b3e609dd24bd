"""The table of a scale's calibration: its results beside those of the paper's schedule."""

from collections.abc import Sequence

from ..analysis.naming import cell_names, count, seeds_words
from ..analysis.verdicts.calibration import Calibration
from .table import Table, simple_table

NOTE = (
    "The same networks, data, rules and seeds by both schedules: means over the seeds that both"
    " have, and the mean of their differences ± half-width of its 95 % interval, in {unit}. Where"
    " the differences are small, this scale tells what the paper's would, of what is compared"
    " alone."
)


def calibration_table(found: Sequence[Calibration]) -> Table | None:
    """Return the table, a row for each configuration that both scales have; None without any."""
    if not found:
        return None
    names = cell_names([one.cell for one in found], seeds=False)
    rows = [
        (
            name,
            f"{one.here:.{one.measure.decimals}f}",
            f"{one.paper:.{one.measure.decimals}f}",
            _difference(one),
            f"{one.difference.n}",
        )
        for name, one in zip(names, found, strict=True)
    ]
    heads = ("configuration", "this scale", "scale paper", "difference", "seeds")
    return simple_table(
        heads, rows, caption="Results at this scale and at the paper's, paired by seed"
    )


def label(found: Sequence[Calibration]) -> str:
    """Return how far a scale is calibrated: by which rules, and how many seeds; none if nowhere."""
    by_rule: dict[str, list[Calibration]] = {}
    for one in found:
        by_rule.setdefault(one.cell.rule, []).append(one)
    if not by_rule:
        return ""
    extents = [f"{rule} ({_extent(some)})" for rule, some in by_rule.items()]
    return f"Calibrated against the paper's schedule by {', '.join(extents)} alone."


def _extent(found: Sequence[Calibration]) -> str:
    """Return how many configurations there are, each of so many seeds; some have two results."""
    seeds, cells = [one.difference.n for one in found], len({one.cell for one in found})
    each = f"{seeds_words(min(seeds), max(seeds))}{' each' if cells > 1 else ''}"
    return f"{count(cells, 'configuration')}, {each}"


def note(found: Sequence[Calibration]) -> str:
    """Return what the table shows, with the unit of its differences."""
    units = dict.fromkeys(one.measure.difference for one in found)
    return NOTE.format(unit=" or ".join(units))


def _difference(one: Calibration) -> str:
    digits, interval = one.measure.decimals, one.difference
    mean = f"{interval.mean:+.{digits}f}".replace("-", "\N{MINUS SIGN}")
    if interval.low is None or interval.high is None:
        return mean
    return f"{mean} ± {(interval.high - interval.low) / 2:.{digits}f}"
