"""The declaration of a study, from options or from its file. Free of torch and Optuna."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from ...bench.errors import StoreError, UsageError
from ...results.store import study as studies
from ...results.store.store import Store
from ...results.store.study import Study
from ..exhibits import exhibit as exhibits
from ..exhibits.space import Dimension, parse_space, refuse_fixed
from ..exhibits.where import Range, parse_where
from .candidates import Arm, arms_of, changes_of
from .methods import check_methods
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


def declare(options: StudyOptions) -> tuple[Study, list[str]]:
    """Return the study that options declare, and notes on what the default space leaves out.

    Raises UsageError where the options do not fit the exhibit or one another.
    """
    exhibit = exhibits.load(options.exhibit, parse_where(options.where))
    scale = options.scale or "demo"
    seeds = _at_least_one("--seeds", options.seeds, 1, exhibits.MOST_SEEDS)
    fresh = _at_least_one("--fresh", options.fresh, exhibit.scale(scale).seeds, exhibits.MOST_SEEDS)
    trials = _at_least_one("--trials", options.trials, 50, MOST_TRIALS)
    sampler, pruner = options.sampler or "tpe", options.pruner or "hyperband"
    check_methods(sampler, pruner)
    fixed = dict.fromkeys(changes_of(options.set), "--set")
    conditions = parse_where(options.where).conditions if options.where else ()
    fixed |= {c.field: "--where" for c in conditions if not isinstance(c, Range)}
    for field, instead in (
        ("seed", "give the number of seeds by --seeds"),
        ("split", "trials use the validation split, the best of them then the test split"),
    ):
        if field in fixed:
            raise UsageError(f"{fixed[field]} {field} is not for a study: {instead}")
    notes: list[str] = []
    if options.space:
        space = parse_space(options.space)
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
    where = str(parse_where(options.where)) if options.where else ""
    sets = sorted(options.set)
    arms = arms_of(exhibit, scale, where, sets, space)
    name = studies.check_name(options.study or _name(exhibit.name, scale, arms))
    study = Study(
        name=name,
        exhibit=options.exhibit,
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
    """Return the default name of a study of these arms: the values that they share."""
    names = ("rule", "dataset", "network", "depth", "T")
    common = [{arm.cell.value(name) for arm in arms} - {None} for name in names]
    return "-".join([exhibit, scale, *(str(*some) for some in common if len(some) == 1)])


def resume_study(store: Store, options: StudyOptions) -> Study:
    """Return the stored study, for --resume.

    Options given beside must agree with its declaration; only `trials` and `fresh` may differ.
    Raises UsageError, StoreError.
    """
    if options.study is None:
        declared, _ = declare(options)
        options = dataclasses.replace(options, study=declared.name)
    there = studies.load(store, options.study or "")
    if there.exhibit != options.exhibit:
        raise UsageError(
            f"{options.exhibit}: study {there.name} is of {there.exhibit}: `sgbench tune"
            f" {there.exhibit} --study {there.name}`"
        )
    given = {name: getattr(options, name) for name in _DECLARED if getattr(options, name)}
    again = dataclasses.replace(
        options,
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
            "trials": _at_least_one("--trials", options.trials, there.trials, MOST_TRIALS),
            "fresh": _at_least_one("--fresh", options.fresh, there.fresh, exhibits.MOST_SEEDS),
        },
    )
    return open_study(store, declare(again)[0])


def open_study(store: Store, declared: Study, rebuild: bool = False) -> Study:
    """Return the declared study with the trials that were asked for before.

    Args:
        store: where the study is stored.
        declared: the study as `declare` returns it.
        rebuild: take the trials from the records where the study's file is missing or broken.

    Raises UsageError where another study has that name, StoreError where the file is broken.
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
            f"study {declared.name} exists with another declaration ({words}): give another name by"
            f" --study, or continue it: sgbench tune {there.exhibit} --study {there.name} --resume"
        )
    return dataclasses.replace(declared, asked=there.asked)


def _from_records(store: Store, declared: Study) -> Study:
    return rebuilt(declared, arms_of_study(declared), store.scan())


def arms_of_study(study: Study) -> list[Arm]:
    """Return a study's arms."""
    exhibit = exhibits.load(study.exhibit, parse_where([study.where] if study.where else []))
    return arms_of(exhibit, study.scale, study.where, study.set, space_of(study))


def space_of(study: Study) -> tuple[Dimension, ...]:
    """Return a study's space."""
    return parse_space([f"{field}={text}" for field, text in study.space.items()])
