"""A cell: the complete configuration of one training run with one seed, and its identity.

Free of torch, so that planning, reporting and `--help` stay fast. A cell's id is a hash of its
canonical JSON, the versions of its rule, dataset and protocol, and the hash of its data.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import registry
from .configuration import FIELDS, Configuration, applicable, defaults, field_of, own_fields
from .errors import UsageError

OPTIONAL = (
    *("corpus", "decoupled", "evaluate_at", "stages", "sg_at"),
    *(name for name, spec in FIELDS.items() if spec.default is not None),
)
"""Fields that a cell they apply to may do without."""
_SEEDLESS = (*(name for name in FIELDS if name != "seed"), "hyperparameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Configuration):
    """One training run; `Configuration` has its fields.

    Raises UsageError where a value is of the wrong type, out of range or does not fit the others.
    """

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            value = getattr(self, name)
            if value is not None or not spec.optional:  # most fields of most cells are None
                object.__setattr__(self, name, spec.coerce(value))
        object.__setattr__(self, "hyperparameters", self._coerced_hyperparameters())
        self._check_fit()

    def _coerced_hyperparameters(self) -> tuple[tuple[str, float], ...]:
        """Return the rule's hyperparameters by name, its defaults where none are given.

        An optional one that has its default is left out.
        """
        given, found = dict(self.hyperparameters), dict[str, float]()
        needed = defaults(self.rule, optional=False)
        without = defaults(self.rule, optional=True)
        for name, spec in own_fields(self.rule, registry.family_of(self.network).name).items():
            value = given.pop(name, None)
            if value is None:
                value = needed.get(name, without.get(name))
            if value is None:
                raise UsageError(f"{name} is needed for rule={self.rule}: {spec.doc}")
            value = spec.coerce(value)
            if name in needed or value != without[name]:
                found[name] = value
        for name, value in given.items():
            rule, network = registry.RULES.declared(self.rule), f", network={self.network}"
            raise UsageError(
                f"{field_of(name).name}={value} does not apply to rule={self.rule}"
                f"{network if rule.hyperparameter(name) else ''}; leave it out"
            )
        return tuple(sorted(found.items()))

    def _check_fit(self) -> None:
        family, rule = registry.family_of(self.network), registry.RULES.declared(self.rule)
        if family.name not in rule.families:
            raise UsageError(
                f"rule={self.rule} does not train network={self.network};"
                f" choose from: {', '.join(registry.rules_of(family.name))}"
            )
        if rule.networks and self.network not in rule.networks:
            raise UsageError(
                f"rule={self.rule} does not train network={self.network}; choose network from:"
                f" {', '.join(rule.networks)}"
            )
        if registry.DATASETS.declared(self.dataset).kind not in family.data_kinds:
            raise UsageError(f"dataset={self.dataset} is not for network={self.network}")
        values = self.to_dict()
        family.check(values)
        spare = (*OPTIONAL, *defaults(self.rule, optional=True))
        for name, applies in applicable(values).items():
            given = values.get(name) is not None
            if applies and not given and name not in spare:
                raise UsageError(
                    f"{name} is needed for rule={self.rule}, network={self.network}"
                    + (f", decoupled={self.decoupled}" if self.decoupled else "")
                    + (f", stages={self.stages}" if self.stages else "")
                    + (f", schedule={self.schedule}" if self.schedule else "")
                )
            if given and not applies:
                raise UsageError(
                    f"{name} does not apply to rule={self.rule}, network={self.network},"
                    f" dataset={self.dataset}, sg_layers={self.sg_layers},"
                    f" decoupled={self.decoupled}"
                    + (f", schedule={self.schedule}" if self.schedule else "")
                    + "; leave it out"
                )
        if self.kernel_size is not None and self.kernel_size % 2 == 0:
            raise UsageError(
                f"kernel_size={self.kernel_size} must be odd: padding keeps the resolution"
            )
        for name in ("drops", "evaluate_at"):
            fractions: tuple[float, ...] = getattr(self, name) or ()
            if list(fractions) != sorted(fractions):
                raise UsageError(f"{name}={list(fractions)} must ascend")

    def value(self, name: str) -> Any:
        """Return the field `name`, a hyperparameter of the rule too; None where it has none."""
        if name in FIELDS:
            return getattr(self, name)
        return dict(self.hyperparameters).get(name)

    def chosen(self, name: str) -> Any:
        """Return the field `name`, its default where the cell has none."""
        found = self.value(name)
        return field_of(name).default if found is None else found

    def effective(self, name: str) -> Any:
        """Return the field `name` as the cell is trained by it; None where it does not apply.

        Where the cell has none, that is its default.
        """
        found = self.value(name)
        if found is not None:
            return found
        if name not in FIELDS:
            return defaults(self.rule, optional=True).get(name) if self._may_have(name) else None
        default = FIELDS[name].default
        return default if default is not None and applicable(self.to_dict())[name] else None

    def _may_have(self, name: str) -> bool:
        """Tell whether `name` is a hyperparameter of the rule in cells like this."""
        return name in own_fields(self.rule, registry.family_of(self.network).name)

    def need(self, name: str) -> Any:
        """Return the field `name`; UsageError where this cell has none."""
        found = self.value(name)
        if found is None:
            raise UsageError(f"{name} is needed for rule={self.rule}, network={self.network}")
        return found

    def replace(self, **changes: Any) -> "Cell":
        """Return the cell with other values of some fields, hyperparameters among them."""
        return Cell.from_dict(self.to_dict() | changes)

    def with_seed(self, seed: int) -> "Cell":
        """Return the cell with another seed; what fits already is not checked again."""
        other = object.__new__(Cell)
        for name in _SEEDLESS:
            object.__setattr__(other, name, getattr(self, name))
        object.__setattr__(other, "seed", FIELDS["seed"].coerce(seed))
        return other

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value (tuples as lists), None where it does not apply.

        The rule's hyperparameters are fields as any other.
        """
        values = {name: getattr(self, name) for name in FIELDS}
        for name in ("drops", "evaluate_at"):
            values[name] = None if values[name] is None else list(values[name])
        return values | dict(self.hyperparameters)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Cell":
        """Return the cell of `to_dict`'s output; other keys are an error (UsageError).

        A missing field does not apply, as in the output of an older version.
        """
        others = {name: value for name, value in values.items() if name not in FIELDS}
        for name in others:
            field_of(name)
        hyperparameters = {name: value for name, value in others.items() if value is not None}
        own = {name: value for name, value in values.items() if name in FIELDS}
        missing = [name for name, spec in FIELDS.items() if not spec.optional and name not in own]
        if missing:
            raise UsageError(f"a cell lacks {', '.join(missing)}")
        return cls(**own, hyperparameters=tuple(sorted(hyperparameters.items())))

    def next_evaluation(self, iteration: int) -> int:
        """Return the iteration of the first evaluation after `iteration`; the last at the end."""
        every = (iteration // self.evaluate_every + 1) * self.evaluate_every
        further = (round(fraction * self.iterations) for fraction in self.evaluate_at or ())
        return min(every, self.iterations, *(at for at in further if at > iteration))

    def has(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether it has all these values (None: the field does not apply)."""
        return all(self.value(name) == value for name, value in fields.items())

    @property
    def key(self) -> str:
        """Hash of the configuration alone: the same cell whatever the versions and the data."""
        return _digest({"cell": self._canonical()})

    def id(self, data_hash: str) -> str:
        """Return the identity of this cell's result: 16 hexadecimal digits.

        Hashes the fields that apply (so a field added later for other cells changes no id), the
        versions of rule, dataset and training code, the source of an external rule or dataset, and
        `data_hash` (`bench.datasets.data_hash`).
        """
        parts: dict[str, Any] = {"cell": self._canonical(), "versions": self.versions()}
        sources = {kind: text for kind, text in self.source_hashes().items() if text is not None}
        return _digest(parts | ({"sources": sources} if sources else {}) | {"data": data_hash})

    def versions(self) -> dict[str, int]:
        """Return the versions of the code that this cell's result depends on."""
        return {
            "rule": registry.RULES.declared(self.rule).version,
            "dataset": registry.DATASETS.declared(self.dataset).version,
            "protocol": registry.family_of(self.network).training_version(self.to_dict()),
        }

    def source_hashes(self) -> dict[str, str | None]:
        """Return the hash of the source of its rule and dataset; None for the builtin ones."""
        return {
            "rule": registry.RULES.source_hash(self.rule),
            "dataset": registry.DATASETS.source_hash(self.dataset),
        }

    @property
    def family(self) -> str:
        """Name of the family of its network: feedforward, recurrent or pair."""
        return registry.family_of(self.network).name

    @property
    def data_steps(self) -> int:
        """Steps of data in an iteration: 1, T in an unroll, T * T in a cycle of two networks."""
        return registry.family_of(self.network).data_steps(self.to_dict())

    def _canonical(self) -> dict[str, Any]:
        return {name: value for name, value in self.to_dict().items() if value is not None}


def canonical_json(value: Any) -> str:
    """Return the one JSON text of `value`: keys sorted, no spaces, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]
