"""The gate on correctness: both builds train the same cells, and their results are compared.

One seed first: usually the results are identical bit for bit, and that decides it. Where they are
not, and no raised version says why, two questions follow. *Do the first updates agree to rounding?*
A different order of summation does; different initial weights or batches, a leaked label, a target
that is not bootstrapped or batch norm in the wrong mode do not. *Are the results of several seeds
equivalent?* Rounding differences grow in training, so this is a statistical test.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from ...results.comparison.records import compare, groups, names
from ...results.record import Record
from ...results.statistics.gate_finding import GateFinding, GateVerdict
from .paired_runs import PairedRuns

SEEDS = 5
"""Paired seeds of an equivalence test."""
FIRST_UPDATES = 3
ROUNDING = {"loss": 1e-3, "train_loss": 1e-3, "bits": 1e-3, "aux_loss": 2e-2, "sg_loss": 2e-2}
"""The relative difference after the first updates that counts as rounding, by field of a curve.

Sums in another order stay within it; the mistakes that the tests plant do not. M's loss has more
room: its last layer starts at zero, where Adam turns gradients that are nothing but rounding into
steps of full size. Error rates are absent: they jump by a whole example."""


def check(runs: PairedRuns, say: Callable[[str], object]) -> Iterator[GateFinding]:
    """Yield one finding per group and result as soon as it is decided.

    `say` hears what is being trained. Raises UsageError where a build cannot run the exhibit.
    """
    for finding in _check(runs, say):
        yield dataclasses.replace(finding, name=f"{runs.exhibit.name}: {finding.name}")


def _check(runs: PairedRuns, say: Callable[[str], object]) -> Iterator[GateFinding]:
    def train(what: str, seeds: int, changes: Sequence[str] = ()) -> Sequence[list[Record]]:
        say(f"correctness: {runs.exhibit.name}, {what}, both builds side by side")
        return runs.train(seeds, changes)

    baseline, candidate = train("one seed", 1)
    found = compare(baseline, candidate, speed=False)
    if runs.cut_short:
        yield from map(_untrained, found)
        yield from _never_begun(runs, [*baseline, *candidate])
        return
    left: dict[str, list[GateFinding]] = {}
    for group, some in _by_group(found, groups([*baseline, *candidate])).items():
        # A statistical verdict, which has an estimate, decides nothing on one seed.
        if any(f.verdict == "inconclusive" or f.estimate is not None for f in some):
            left[group] = some
        else:
            yield from some
    if not left:
        return
    changes = [f"iterations={FIRST_UPDATES}", "evaluate_every=1"]
    apart = _apart(*train("the first updates", 1, changes))
    for group in [group for group in left if group in apart]:
        yield apart[group]
        del left[group]
    if left:
        found = compare(*train(f"{SEEDS} seeds", SEEDS), speed=False)
        for some in (left | _by_group(found, left)).values():
            yield from some


def _by_group(
    findings: Sequence[GateFinding], group_names: Mapping[str, object]
) -> dict[str, list[GateFinding]]:
    """Return the findings on each group of `group_names`; of several results one on each."""
    found: dict[str, list[GateFinding]] = {}
    for finding in findings:
        prefixes = [group for group in group_names if f"{finding.name} ".startswith(f"{group} ")]
        if prefixes:
            found.setdefault(max(prefixes, key=len), []).append(finding)
    return found


def _never_begun(runs: PairedRuns, records: Sequence[Record]) -> Iterator[GateFinding]:
    """Yield a finding on each group of which neither build has a record."""
    begun = {record.key for record in records}
    for group in names([cell for cell in runs.cells() if cell.key not in begun]):
        yield _untrained(_finding(group, "missing", ""))


def _untrained(finding: GateFinding) -> GateFinding:
    """Return what is missing on one side as inconclusive: there was no time for it."""
    if finding.verdict != "missing":
        return finding
    words = "the time limit came before it was trained"
    return dataclasses.replace(finding, verdict="inconclusive", words=words)


def _finding(group: str, verdict: GateVerdict, words: str, n: int = 0) -> GateFinding:
    return GateFinding(name=group, kind="correctness", verdict=verdict, words=words, unit="", n=n)


def _apart(baseline: Sequence[Record], candidate: Sequence[Record]) -> dict[str, GateFinding]:
    """Return a finding on each group whose first updates differ by more than rounding."""
    before, after = ({r.key: r for r in records} for records in (baseline, candidate))
    found: dict[str, GateFinding] = {}
    for group, keys in groups(baseline).items():
        for key in keys:
            words = _difference(before[key], after[key]) if key in after else None
            if words:
                found[group] = _finding(group, "changed", words, 1)
    return found


def _difference(one: Record, other: Record) -> str | None:
    """Return in words where two curves of the first updates part; None where they agree."""
    for before, after in zip(one.curve, other.curve, strict=False):
        for field, allowed in ROUNDING.items():
            for a, b in zip(_numbers(before[field]), _numbers(after[field]), strict=False):
                if not math.isclose(a, b, rel_tol=allowed, abs_tol=1e-9):
                    return (
                        f"after {before['iteration']} updates {field} is {b:.5g} and was {a:.5g},"
                        " which is more than rounding: a mistake, seeds that are no longer paired,"
                        " or a change that must raise its VERSION"
                    )
    return None


def _numbers(value: Any) -> list[float]:
    items = cast("list[Any]", value if isinstance(value, list) else [value])
    return [float(item) for item in items if isinstance(item, int | float)]
