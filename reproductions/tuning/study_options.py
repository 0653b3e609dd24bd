"""What a study is, from the options that declare it or from its file. Free of torch and Optuna."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from ...bench.errors import StoreError, UsageError
from ...results import study as studies
from ...results.store.store import Store
from ...results.study import Study
from ..exhibits import exhibit as exhibits
from ..exhibits.where import Range, parse_where
from .candidates import Arm, arms_of, changes_of
from .optuna_adapter import check_methods
from .space import Dimension, parse_space, refuse_fixed
from .trials import rebuilt

MOST_TRIALS = 100_000
_DECLARED = ("exhibit", "scale", "where", "set", "space", "seeds", "sampler", "pruner")


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """The options of `sgbench tune` that declare a study; None where one was not given."""

    exhibit: str
    scale: str | None = None
    where: Sequence[str] = ()
    set: Sequence[str] = ()
    space: Sequence[str] = ()
    trials: int | None = None
    seeds: int | None = None
    fresh: int | None = None
    sampler: str | None = None
    pruner: str | None = None
    study: str | None = None


def declare(asked: StudyOptions) -> tuple[Study, list[str]]:
    """Return the study that options declare, and what was left out of the default space and why.

    Raises UsageError where they do not fit the exhibit or one another.
    """
    exhibit = exhibits.load(asked.exhibit, parse_where(asked.where))
    scale = asked.scale or "demo"
    seeds = _at_least_one("--seeds", asked.seeds, 1, exhibits.MOST_SEEDS)
    fresh = _at_least_one("--fresh", asked.fresh, exhibit.scale(scale).seeds, exhibits.MOST_SEEDS)
    trials = _at_least_one("--trials", asked.trials, 50, MOST_TRIALS)
    sampler, pruner = asked.sampler or "tpe", asked.pruner or "hyperband"
    check_methods(sampler, pruner)
    fixed = dict.fromkeys(changes_of(asked.set), "--set")
    conditions = parse_where(asked.where).conditions if asked.where else ()
    fixed |= {c.field: "--where" for c in conditions if not isinstance(c, Range)}
    for field, instead in (("seed", "--seeds"), ("split", "validation, then test, by itself")):
        if field in fixed:
            raise UsageError(f"{fixed[field]} {field}: a study has its own; {instead}")
    notes: list[str] = []
    if asked.space:
        space = parse_space(asked.space)
        refuse_fixed(space, fixed)
    else:
        space = tuple(d for d in exhibit.space if d.field not in fixed)
        notes += [
            f"{d.field} is not searched: {fixed[d.field]} fixes it"
            for d in exhibit.space
            if d.field in fixed
        ]
        if not space:
            raise UsageError(
                f"nothing is left to search of {exhibit.name}'s own space; give --space FIELD=…"
            )
    where = str(parse_where(asked.where)) if asked.where else ""
    sets = sorted(asked.set)
    arms = arms_of(exhibit, scale, where, sets, space)
    name = studies.check_name(asked.study or _name(exhibit.name, scale, arms))
    study = Study(
        name=name,
        exhibit=asked.exhibit,
        scale=scale,
        where=where,
        set=sets,
        space={d.field: d.text for d in space},
        trials=trials,
        seeds=seeds,
        fresh=fresh,
        sampler=sampler,
        pruner=pruner,
    )
    return study, notes


def _at_least_one(flag: str, value: int | None, default: int, most: int) -> int:
    if value is not None and not 1 <= value <= most:
        raise UsageError(f"{flag} {value} must be between 1 and {most}")
    return default if value is None else value


def _name(exhibit: str, scale: str, arms: Sequence[Arm]) -> str:
    """Return the name of a study of these arms: what they have in common."""
    names = ("rule", "dataset", "network", "depth", "T")
    common = [{arm.cell.value(name) for arm in arms} - {None} for name in names]
    return "-".join([exhibit, scale, *(str(*some) for some in common if len(some) == 1)])


def resumed(store: Store, asked: StudyOptions) -> Study:
    """Return the study that is there, for --resume: what is given beside must be what it has.

    `trials` and `fresh` may be given anew. Raises UsageError, StoreError.
    """
    if asked.study is None:
        declared, _ = declare(asked)
        asked = dataclasses.replace(asked, study=declared.name)
    there = studies.load(store, asked.study or "")
    if there.exhibit != asked.exhibit:
        raise UsageError(
            f"{asked.exhibit}: study {there.name} is of {there.exhibit}: `sgbench tune"
            f" {there.exhibit} --study {there.name}`"
        )
    given = {name: getattr(asked, name) for name in _DECLARED if getattr(asked, name)}
    again = dataclasses.replace(
        asked,
        **{
            "exhibit": there.exhibit,
            "scale": there.scale,
            "where": [there.where] if there.where else [],
            "set": there.set,
            "space": [f"{field}={text}" for field, text in there.space.items()],
            "seeds": there.seeds,
            "sampler": there.sampler,
            "pruner": there.pruner,
            **given,
            "trials": _at_least_one("--trials", asked.trials, there.trials, MOST_TRIALS),
            "fresh": _at_least_one("--fresh", asked.fresh, there.fresh, exhibits.MOST_SEEDS),
        },
    )
    return opened(store, declare(again)[0])


def opened(store: Store, declared: Study, rebuild: bool = False) -> Study:
    """Return the declared study with what was asked for before, nothing where it is new.

    Args:
        store: where it is.
        declared: as by `declare`.
        rebuild: take what was asked for from the records where the file is not there or broken.

    Raises UsageError where another study of that name is there, StoreError where it is broken.
    """
    try:
        there = studies.load(store, declared.name)
    except UsageError:
        return _from_records(store, declared) if rebuild else declared
    except StoreError:
        if not rebuild:
            raise
        return _from_records(store, declared)
    if words := there.difference(declared):
        raise UsageError(
            f"study {declared.name} is another one: its {words}; give another name by --study, or"
            f" go on with it: sgbench tune {there.exhibit} --study {there.name} --resume"
        )
    return dataclasses.replace(declared, asked=there.asked)


def _from_records(store: Store, declared: Study) -> Study:
    return rebuilt(declared, loaded(declared), store.scan())


def loaded(study: Study) -> list[Arm]:
    """Return a study's arms."""
    exhibit = exhibits.load(study.exhibit, parse_where([study.where] if study.where else []))
    return arms_of(exhibit, study.scale, study.where, study.set, space_of(study))


def space_of(study: Study) -> tuple[Dimension, ...]:
    """Return a study's space."""
    return parse_space([f"{field}={text}" for field, text in study.space.items()])
