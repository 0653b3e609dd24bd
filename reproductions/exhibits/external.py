"""External rules: the part of an exhibit's grid that a rule from elsewhere trains.

A rule that comes in a file (`--rule-file`) or with an installed package takes the places of the
exhibit's own rules that have the same needs: the same kind of networks and the same
synthetic-gradient models M. So it is trained and shown beside them, under the same protocol. It is
no part of the paper's claims.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...bench import registry
from ...bench.configuration import hyperparameters
from ...bench.contract import Rule
from ...bench.errors import UsageError
from .layout import extended
from .schema import Exhibit, FixedModel, Scale
from .where import Condition, Where

_SAME_NEEDS = {
    "none": ("none",),
    "M": ("M", "M with label"),
    "M with label": ("M with label", "M"),
}
"""The models of the rules whose places a rule takes: of several, the first that the grid has."""


def external_rules(where: Where | None) -> tuple[str, ...]:
    """Return the names of the rules in files, and of installed packages' that `where` names."""
    files = [source.name for source in registry.RULES.external_files()]
    known = {*files, *registry.RULES.builtin_names()}
    conditions = () if where is None else where.conditions
    named = (
        name
        for condition in conditions
        if isinstance(condition, Condition) and condition.field == "rule"
        for name in condition.values
    )
    return tuple(dict.fromkeys([*files, *(name for name in named if name not in known)]))


def with_rules(exhibit: Exhibit, rules: Sequence[str]) -> Exhibit:
    """Return the exhibit with external rules in the grids of its scales.

    A rule that the exhibit's file has in a grid itself is left as it is there. Raises UsageError
    where a rule trains none of the exhibit's networks, or no rule of its has the same needs.
    """
    for name in rules:
        if not any(name in scale.values("rule") for scale in exhibit.scales.values()):
            exhibit = _with_rule(exhibit, registry.RULES.declared(name))
    return exhibit


def _with_rule(exhibit: Exhibit, rule: Rule) -> Exhibit:
    scales: dict[str, Scale] = {}
    for name, scale in exhibit.scales.items():
        blocks = tuple({axis: (value,) for axis, value in p.items()} for p in _points(scale, rule))
        scales[name] = dataclasses.replace(scale, blocks=(*scale.blocks, *blocks))
    if all(len(scales[name].blocks) == len(exhibit.scales[name].blocks) for name in scales):
        raise _unfit(exhibit, rule)
    fixed = dict(exhibit.fixed)
    for model in _SAME_NEEDS[rule.model]:
        for (dataset, network, other), found in exhibit.fixed.items():
            if registry.RULES.declared(other).model == model and _trains(rule, network):
                own = FixedModel(sg_layers=found.sg_layers, grade="O")
                fixed.setdefault((dataset, network, rule.name), own)
    found = dataclasses.replace(
        exhibit, scales=scales, fixed=fixed, external=(*exhibit.external, rule.name)
    )
    layout = found.layout
    for scale in scales.values():
        shown = [
            point
            for point in scale.points()
            if found.fills_place(
                point["dataset"], point["network"], point["rule"], point.get("sg_layers")
            )
        ]
        layout = extended(layout, shown)
    return dataclasses.replace(found, layout=layout)


def _points(scale: Scale, rule: Rule) -> list[dict[str, Any]]:
    """Return the points of a scale's grid that the rule takes, each once, in the grid's order."""
    for model in _SAME_NEEDS[rule.model]:
        taken = {frozenset(point.items()): point for point in _taken(scale, rule, model)}
        if taken:
            return list(taken.values())
    return []


def _taken(scale: Scale, rule: Rule, model: str) -> Iterator[dict[str, Any]]:
    """Yield the points of the rules that have such a model, with `rule` in their place.

    Without axes that are other rules' hyperparameters, and without networks too shallow for it.
    """
    others = [name for name in hyperparameters() if rule.hyperparameter(name) is None]
    for point in scale.points():
        same = registry.RULES.declared(point["rule"]).model == model
        deep = point.get("depth", rule.least_depth) >= rule.least_depth
        if same and deep and _trains(rule, point["network"]):
            yield {n: v for n, v in point.items() if n not in others} | {"rule": rule.name}


def _trains(rule: Rule, network: str) -> bool:
    of_family = registry.family_of(network).name in rule.families
    return of_family and (not rule.networks or network in rule.networks)


def _unfit(exhibit: Exhibit, rule: Rule) -> UsageError:
    networks = _networks(exhibit.scales)
    if not any(_trains(rule, network) for network in networks):
        trained = (registry.FAMILIES.declared(name) for name in rule.families)
        words = ", ".join(f"{family.label} ({', '.join(family.networks)})" for family in trained)
        return UsageError(
            f"rule {rule.name} trains networks of other kinds than {exhibit.name} has"
            f" ({', '.join(networks)}): {words}; choose another exhibit (`sgbench list`)"
        )
    needs = {"none": "no M", "M": "an M", "M with label": "an M that sees the label"}[rule.model]
    return UsageError(
        f"rule {rule.name} has {needs}, and no rule of {exhibit.name} with which it could be"
        " compared has the same needs; choose another exhibit (`sgbench list`), or name the rule in"
        " the grid of one of your own"
    )


def _networks(scales: Mapping[str, Scale]) -> list[str]:
    return list(dict.fromkeys(n for scale in scales.values() for n in scale.values("network")))
