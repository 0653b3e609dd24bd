"""Comparison of two stores: the same cells, run by two revisions of the code.

Cells are paired by their key, which contains the seed and no version. The seeds of a configuration
are a *group*, and each group has a finding on its results and one on its speed:

- correctness: the final numbers are identical bit for bit, or the paired seeds' results are
  equivalent (`statistics.equivalence`), or not. A run that was ok and is not any more is a
  regression. Where versions or data differ, the finding is incomparable and names the difference.
- speed: steps a second on the same class of machines, one seed a session
  (`statistics.sequential`). The runs were not interleaved, so other load on the machine is part of
  the ratio; the words say so.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from ...bench import datasets
from ...bench.cell import Cell, canonical_json
from ...bench.hardware import may_be_one
from ...bench.outcome import UNFINISHED
from ..causes import causes
from ..metrics import FINAL, measure_of, results_of, rungs
from ..record import Record
from ..statistics.equivalence import equivalence
from ..statistics.gate_finding import GateFinding, GateVerdict
from ..statistics.sequential import SequentialPlan, decide

VERSIONS = (
    *("rule_version", "dataset_version", "protocol_version"),
    *("rule_source", "dataset_source", "data_hash"),
)
"""Fields that are equal in two records of the same computation."""

MARGINS = {"images": 2.0, "counting": 2.0, "text": 0.05, "episodes": 1.0}
"""Our margins by kind of data: points, points, bits a character, levels of the curriculum."""

Pair = tuple[Record, Record]
_LEVELS = "levels of the curriculum"


def compare(
    baseline: Iterable[Record],
    candidate: Iterable[Record],
    *,
    factor: float = 1.05,
    margin: Callable[[Record], float] | None = None,
    speed: bool = True,
) -> list[GateFinding]:
    """Return the findings on all groups of either side, ordered by name.

    Raises UsageError where the factor is not above 1.

    Args:
        baseline: records of one side; of rules and datasets that are registered.
        candidate: records of the other side.
        factor: largest ratio of times that is allowed.
        margin: gives the margin of a group, in the unit of MARGINS, by one of its records; MARGINS
            if not given.
        speed: whether speeds are compared as well as results.
    """
    a, b = _by_key(baseline), _by_key(candidate)
    by_name = groups([records[0] for records in (a | b).values()])
    paired = {
        name: [_pair(a[key], b[key]) for key in keys if key in a and key in b]
        for name, keys in by_name.items()
    }
    same = {name: [p for p in pairs if not _differing(p)] for name, pairs in paired.items()}
    compared = max(1, sum(map(bool, same.values())))
    plan = SequentialPlan(benchmarks=compared, factor=factor)
    limit = margin or _default_margin
    found: list[GateFinding] = []
    for name, keys in by_name.items():
        if not paired[name]:
            sides = [side for side in (a, b) if any(key in side for key in keys)]
            lacks = "no seed is on both sides"
            if len(sides) == 1:
                lacks = f"the {'candidate' if sides[0] is a else 'baseline'} has no record of it"
            found.append(_told(name, "missing", lacks))
        elif not same[name]:
            what = _differing(paired[name][0])
            found.append(_told(name, "incomparable", f"the sides differ in {what}"))
        else:
            found += _correctness(name, same[name], limit(same[name][0][0]), compared)
            found += _speed(name, same[name], plan) if speed else []
    return found


def _default_margin(record: Record) -> float:
    return MARGINS[datasets.kind(record.dataset)]


def _by_key(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.key, []).append(record)
    return found


def _pair(a: Sequence[Record], b: Sequence[Record]) -> Pair:
    """Return one record of each side, comparable, of one machine class and ok where possible."""

    def rank(pair: Pair) -> tuple[bool, tuple[bool, bool], int, str]:
        before, after = pair
        bad = (before.status != "ok") + (after.status != "ok")
        one = may_be_one(before.machine_class, after.machine_class)
        apart = (not one, before.machine_class != after.machine_class)
        return bool(_differing(pair)), apart, bad, before.machine_class

    return min(((before, after) for before in a for after in b), key=rank)


def _differing(pair: Pair) -> str:
    """Return what makes two records incomparable, as `rule_version (1, 2)`; empty for nothing."""
    values = ((name, *(getattr(record, name) for record in pair)) for name in VERSIONS)
    return ", ".join(f"{name} ({a}, {b})" for name, a, b in values if a != b)


def groups(records: Iterable[Record]) -> dict[str, list[str]]:
    """Return the keys of each group's cells by the group's name, names and seeds ascending."""
    members: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.seed):
        program = record.configuration | {"seed": None}
        members.setdefault(canonical_json(program), []).append(record)
    firsts = [some[0] for some in members.values()]
    named = zip(names([record.cell for record in firsts]), members.values(), strict=True)
    return dict(sorted((name, [record.key for record in some]) for name, some in named))


def names(cells: Sequence[Cell]) -> list[str]:
    """Return a short name of each cell, with the fields that distinguish cells of the same name."""
    short = [_short_name(cell) for cell in cells]
    found: list[str] = []
    for cell, name in zip(cells, short, strict=True):
        alike = [c.to_dict() for c, n in zip(cells, short, strict=True) if n == name]
        extra = (f for f in alike[0] if f != "seed" and len({str(c[f]) for c in alike}) > 1)
        found.append(" ".join([name, *(f"{field}={cell.value(field)}" for field in extra)]))
    return found


def _short_name(cell: Cell) -> str:
    size = str(cell.depth) if cell.T is None else f"T{cell.T}"
    words = [cell.dataset, cell.network, size, cell.rule]
    if cell.sg_layers is not None:
        words.append(f"M{cell.sg_layers}")
    return " ".join(words)


def _correctness(name: str, pairs: Sequence[Pair], margin: float, groups: int) -> list[GateFinding]:
    broken = [after for before, after in pairs if before.status == "ok" != after.status]
    ended = [pair for pair in pairs if pair[0].status == pair[1].status == "ok"]
    for record in broken:
        if record.status not in UNFINISHED:
            words = f"seed {record.seed} {record.status}: {record.error or 'no reason is known'}"
            return [_told(name, "regression", words, len(pairs))]
    if not ended:
        for side, records in zip(("baseline", "candidate"), zip(*pairs, strict=True), strict=True):
            if any(record.status in UNFINISHED for record in records):
                return [_told(name, "inconclusive", f"the {side} was cut short")]
        return [_told(name, "incomparable", "no run of the baseline is ok")]
    if all(map(_identical, ended)):
        seeds = f"{len(ended)} seed{'' if len(ended) == 1 else 's'}"
        return [_told(name, "pass", f"identical bit for bit, {seeds}", len(ended))]
    dataset, found = ended[0][0].dataset, list[GateFinding]()
    differing = next(pair for pair in ended if not _identical(pair))
    levels = datasets.kind(dataset) == "episodes"
    for result in results_of(dataset):
        before = _values([pair[0] for pair in ended], result)
        after = _values([pair[1] for pair in ended], result)
        one = equivalence(
            name if result is None else f"{name} {result}",
            [y - x for x, y in zip(before, after, strict=True)],
            margin,
            cells=groups,
            unit=_LEVELS if levels else measure_of(dataset, result).difference,
        )
        if one.verdict != "pass" and (why := ", ".join(causes(differing))):
            one = dataclasses.replace(one, words=f"{one.words}; may be the cause: {why}")
        found.append(one)
    return found


def _identical(pair: Pair) -> bool:
    """Tell whether the final numbers of two records are the same to the last bit."""
    return all(getattr(pair[0], name) == getattr(pair[1], name) for name in FINAL)


def _values(records: Sequence[Record], result: str | None) -> list[float]:
    """Return a result of each record, lower is better: of a curriculum, minus its levels."""
    dataset = records[0].dataset
    fields = measure_of(dataset, result).fields
    values = [
        next(float(value) for field in fields if (value := getattr(record, field)) is not None)
        for record in records
    ]
    if datasets.kind(dataset) == "episodes":
        return [-level for level in rungs(dataset, values)]
    return values


def _speed(name: str, pairs: Sequence[Pair], plan: SequentialPlan) -> list[GateFinding]:
    ratios = [
        before.steps_per_second / after.steps_per_second
        for before, after in pairs
        if may_be_one(before.machine_class, after.machine_class)
        and before.replicas == after.replicas
        and before.steps_per_second
        and after.steps_per_second
    ]
    if not ratios:
        return []
    found = decide(name, [[ratio] for ratio in ratios], plan)
    words = found.words.replace("session", "seed")
    return [dataclasses.replace(found, words=f"{words} (not interleaved)")]


def _told(name: str, verdict: GateVerdict, words: str, n: int = 0) -> GateFinding:
    return GateFinding(name=name, kind="correctness", verdict=verdict, words=words, unit="", n=n)
