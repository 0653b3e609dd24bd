"""Two sets of records held together: the same cells, trained by different code or elsewhere.

A *place* is what seeds are of: all fields of a cell but its seed. Seeds are paired.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..bench.errors import UsageError
from .equivalence import equivalence
from .finding import Finding, Verdict
from .measure import measure_of, not_applying, results_of, rungs
from .record import Record
from .sequential import Plan, decide
from .store import Store

MARGINS = {"points": 1.0, "steps of T_task": 1.0, "bits": 0.05}
"""Within what results are equivalent, by what their difference is in; T_task in rungs."""

_NAMED = ("dataset", "network", "depth", "T", "rule", "sg_layers", "decoupled", "p_update")
_VERSIONS = ("rule_version", "dataset_version", "protocol_version", "data_hash")
_FINAL = (
    *("test_error", "test_loss", "validation_error", "validation_loss", "train_error"),
    *("train_loss", "longest", "validation_bits", "test_bits", "error_a", "error_b"),
)

Places = dict[str, list[Record]]
Pair = tuple[Record, Record]


def by_place(records: Iterable[Record], *, prefix: str | None = None) -> Places:
    """Return the records by the name of their place, seeds in order.

    Of a cell that was run on several machines there are several. `prefix` stands before a name;
    the exhibit does if it is None.
    """
    found: dict[str, list[Record]] = defaultdict(list)
    known = list(records)
    varied = _varied(known)
    for record in known:
        values = record.cell.to_dict()
        texts = (f"{k}={_text(values[k])}" for k in (*_NAMED, *varied) if values[k] is not None)
        start = f"{record.exhibit}: " if prefix is None else prefix
        found[start + " ".join(texts)].append(record)
    return {name: sorted(some, key=lambda r: r.seed) for name, some in found.items()}


def _varied(records: Sequence[Record]) -> list[str]:
    """Return the further fields that tell places of one name apart."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        values = record.cell.to_dict()
        groups[record.exhibit, *(values[field] for field in _NAMED)].append(values)
    found: dict[str, None] = {}
    for some in groups.values():
        for field in some[0]:
            if field not in _NAMED and field != "seed" and len({_text(v[field]) for v in some}) > 1:
                found[field] = None
    return list(found)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def compare(
    baseline: Iterable[Record], candidate: Iterable[Record], *, prefix: str | None = None
) -> list[Finding]:
    """Return a finding for every result of every place of either side.

    Pass: all final numbers are the same, or results of paired seeds are equivalent. Incomparable:
    a version or the data differs. Missing: one side has no result. A candidate that failed where
    the baseline did not is a regression.
    """
    before, after = list(baseline), list(candidate)
    both = by_place([*before, *after], prefix=prefix)
    ours = {id(record) for record in before}
    pairs = {
        name: (
            [r for r in some if id(r) in ours],
            [r for r in some if id(r) not in ours],
        )
        for name, some in both.items()
    }
    count = len(pairs)
    return [f for name, (one, other) in pairs.items() for f in _place(name, one, other, count)]


def _place(
    name: str, baseline: Sequence[Record], candidate: Sequence[Record], places: int
) -> list[Finding]:
    pairs = _pairs(baseline, candidate)
    hindrance = _hindrance(baseline, candidate, pairs)
    if hindrance is not None:
        verdict, words = hindrance
        return [Finding(name=name, kind="correctness", verdict=verdict, words=words)]
    pairs = [(one, other) for one, other in pairs if one.status == other.status == "ok"]
    differ = _differing(pairs)
    if not differ:
        seeds = f"{len(pairs)} seed{'' if len(pairs) == 1 else 's'}"
        same = Finding(
            name=name,
            kind="correctness",
            verdict="pass",
            words=f"identical, {seeds}",
            unit=measure_of(pairs[0][0].dataset, results_of(pairs[0][0].dataset)[0]).difference,
            estimate=0.0,
            n=len(pairs),
        )
        return [same]
    return _equivalent(name, pairs, places)


def _hindrance(
    baseline: Sequence[Record], candidate: Sequence[Record], pairs: Sequence[Pair]
) -> tuple[Verdict, str] | None:
    """Return why no results can be compared, as a verdict and words; None where some can."""
    if not pairs:
        lacking = "the candidate lacks it" if baseline else "the baseline lacks it"
        return "missing", "no seed is on both sides" if baseline and candidate else lacking
    for one, other in pairs:
        for field in _VERSIONS:
            was, is_ = getattr(one, field), getattr(other, field)
            if was != is_:
                return "incomparable", f"{field} is {_short(is_)} and was {_short(was)}"
    ended = [other for one, other in pairs if one.status == "ok"]
    bad = [other for other in ended if other.status in ("failed", "diverged")]
    if bad:
        return "regression", f"{bad[0].status}, seed {bad[0].seed}: {bad[0].error}"
    if not ended:
        return "missing", "the baseline has no result"
    if all(other.status != "ok" for other in ended):
        return "inconclusive", "the candidate was stopped before its end"
    return None


def _short(value: object) -> str:
    return str(value)[:8]


def _pairs(baseline: Sequence[Record], candidate: Sequence[Record]) -> list[Pair]:
    """Return the records of the same seed, where there are several those of the same machine."""
    found: list[Pair] = []
    for seed in sorted({r.seed for r in baseline} & {r.seed for r in candidate}):
        ones = [r for r in baseline if r.seed == seed]
        others = [r for r in candidate if r.seed == seed]
        alike = [(a, b) for a in ones for b in others if a.machine_class == b.machine_class]
        found.append(alike[0] if alike else (ones[0], others[0]))
    return found


def _differing(pairs: Sequence[Pair]) -> list[str]:
    """Return the final numbers that are not the same in every pair."""
    return [
        field
        for field in _FINAL
        if field not in not_applying(pairs[0][0])
        and any(getattr(one, field) != getattr(other, field) for one, other in pairs)
    ]


def _equivalent(name: str, pairs: Sequence[Pair], places: int) -> list[Finding]:
    dataset, found = pairs[0][0].dataset, list[Finding]()
    for result in results_of(dataset):
        measure = measure_of(dataset, result)
        sign = -1 if measure.fields[0] == "longest" else 1  # a longer task is better
        values = [
            [next(v for f in measure.fields if (v := getattr(r, f)) is not None) for r in side]
            for side in zip(*pairs, strict=True)
        ]
        one, other = (rungs(dataset, list(map(float, side))) for side in values)
        differences = [sign * (b - a) for a, b in zip(one, other, strict=True)]
        found.append(
            equivalence(
                name if result is None else f"{name} {result}",
                differences,
                MARGINS[measure.difference],
                cells=places,
                unit="rungs" if sign < 0 else measure.difference,
            )
        )
    return found


def compare_stores(one: str, other: str, *, factor: float) -> list[Finding]:
    """Return what two stores say of each other: results, and speed on machines of one class.

    Raises UsageError where a store is not there.
    """
    sides: list[list[Record]] = []
    for path in (one, other):
        if not Path(path).is_dir():
            raise UsageError(f"--records {path} is no folder: give the --store of a run")
        sides.append(list(Store(path, read_only=True).scan()))
    return compare(*sides) + _speed(sides[0], sides[1], factor)


def _speed(baseline: Sequence[Record], candidate: Sequence[Record], factor: float) -> list[Finding]:
    """Return a finding of each place with paired rates: a seed counts as a session."""
    ours = {id(record) for record in baseline}
    ratios: dict[str, list[list[float]]] = {}
    for name, some in by_place([*baseline, *candidate]).items():
        one = [r for r in some if id(r) in ours and r.steps_per_second]
        other = [r for r in some if id(r) not in ours and r.steps_per_second]
        ratios[name] = [
            [(a.steps_per_second or 0) / (b.steps_per_second or 1)]
            for a, b in _pairs(one, other)
            if a.machine_class == b.machine_class
        ]
    kept: Mapping[str, list[list[float]]] = {name: r for name, r in ratios.items() if r}
    if not kept:
        return []
    plan = Plan(benchmarks=len(kept), factor=factor)
    return [decide(name, sessions, plan) for name, sessions in kept.items()]
