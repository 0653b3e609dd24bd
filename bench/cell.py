"""A cell: the complete configuration of one training run with one seed, and its identity.

Free of torch, so that planning, reporting and `--help` stay fast. A cell's id is a hash of its
canonical JSON, the versions of its rule, data set and protocol, and the hash of its data.
"""

import dataclasses
import functools
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import registry
from .contract import Hyperparameter
from .errors import UsageError, did_you_mean
from .fields import Field

SPLITS = ("test", "validation")
PRECISIONS = ("float32", "float64", "bf16")
DECOUPLED = ("update", "both")
PAPER_LEARNING_RATE = 3e-5  # Table 1: at this rate `sg_scale` is 1 (arXiv 1608.05343v1)


def _doc(text: str, **bounds: float) -> Any:
    return field(metadata={"doc": text, **bounds})


def _if(text: str, **bounds: float) -> Any:
    """Declare a field that only some cells have."""
    return field(default=None, metadata={"doc": text, **bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One training run. A field that does not apply to the rule or network is None.

    Raises UsageError where a value is of the wrong type, out of range or does not fit the others.
    """

    dataset: str = _doc("data the network is trained on")
    network: str = _doc(
        "fcn (fully connected), cnn (convolutional), lstm (recurrent) or two_lstms (one sends"
        " messages to the other)"
    )
    depth: int | None = _if(
        "layers with weights: depth - 1 hidden ones and a linear classifier (fcn, cnn)",
        min=2,
        max=1000,
    )
    T: int | None = _if(
        "unroll length: steps between updates (lstm), or between messages (two_lstms)",
        min=1,
        max=10**6,
    )
    rule: str = _doc("learning rule")
    hyperparameters: tuple[tuple[str, float], ...] = ()
    """The rule's own numbers (`contract.Rule.hyperparameters`): (name, value) pairs, by name."""
    decoupled: str | None = _if(
        "what each layer does at random steps only. update: its updates; both: its forward passes"
        " too, with synthetic inputs in place of the outputs of idle layers (fcn); none: nothing"
        " (dni, cdni)"
    )
    p_update: float | None = _if(
        "probability that a layer is active at a step (decoupled)", above=0, max=1
    )
    sg_layers: int | None = _if("hidden layers of each synthetic-gradient model M", min=0, max=8)
    seed: int = _doc("seed of weights and data order, paired across rules", min=0, max=2**53)
    split: str | None = _if(
        "test: report the test set; validation: never look at it (images: hold out the last sixth"
        " of the training set)"
    )
    corpus: str | None = _if("a text file to train on in place of the dataset's (text)")
    iterations: int = _doc("updates; of two_lstms cycles of T * T steps", min=1, max=10**9)
    batch_size: int = _doc("examples in an update", min=2, max=10**6)
    learning_rate: float = _doc("Adam's, before the drops", above=0, max=10)
    drops: tuple[float, ...] = _doc(
        "fractions of the iterations at which the rate drops", min=0, max=1
    )
    drop_factor: float = _doc("what the rate is multiplied by at each drop", above=0, max=1)
    evaluate_every: int = _doc(
        "updates between evaluations; the last is always one", min=1, max=10**9
    )
    evaluate_at: tuple[float, ...] | None = _if(
        "fractions of the iterations with a further evaluation each (fcn, cnn)", above=0, max=1
    )
    hidden_units: int | None = _if(
        "units of each hidden layer (fcn) or of a core (lstm, two_lstms)", min=1, max=10**6
    )
    filters: int | None = _if("filters of each convolution (cnn)", min=1, max=10**5)
    kernel_size: int | None = _if("side of each filter, odd (cnn)", min=1, max=99)
    sg_units: int | None = _if(
        "units (fcn, lstm, two_lstms) or filters (cnn) of M's hidden layers", min=1, max=10**6
    )
    sg_scale: float | None = _if(
        "M regresses this times the batch-mean gradient", above=0, max=1e12
    )
    sg_factor: float | None = _if(
        "what the synthetic gradient is multiplied by where it is used (lstm, two_lstms)",
        min=0,
        max=1e6,
    )
    si_layers: int | None = _if(
        "hidden layers of each synthetic-input model I (decoupled=both)", min=0, max=8
    )
    si_units: int | None = _if("units of I's hidden layers", min=1, max=10**6)
    solve_bits: float | None = _if(
        "bits per symbol under which a level of the curriculum is solved", above=0, max=100
    )
    solve_window: int | None = _if(
        "steps of every stream over which those bits are averaged", min=1, max=10**9
    )
    patience: int | None = _if(
        "evaluations without a lower validation error that end training; 0: none does (text)",
        min=0,
        max=10**9,
    )
    precision: str = _doc(
        "float type of training: float32 or float64; bf16 is float32 with the operands of products"
        " rounded to bfloat16"
    )

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            object.__setattr__(self, name, spec.coerce(getattr(self, name)))
        object.__setattr__(self, "hyperparameters", self._coerced_hyperparameters())
        self._check_fit()

    def _coerced_hyperparameters(self) -> tuple[tuple[str, float], ...]:
        """Return the rule's hyperparameters by name, its defaults where none are given."""
        given, found = dict(self.hyperparameters), dict[str, float]()
        for name, spec in _own_fields(self.rule).items():
            value = given.pop(name, None)
            if value is None:
                value = _defaults(self.rule)[name]
            if value is None:
                raise UsageError(f"{name} is needed for rule={self.rule}: {spec.doc}")
            found[name] = spec.coerce(value)
        for name, value in given.items():
            raise UsageError(
                f"{field_of(name).name}={value} does not apply to rule={self.rule}; leave it out"
            )
        return tuple(sorted(found.items()))

    def _check_fit(self) -> None:
        family, rule = registry.family_of(self.network), registry.RULES.declared(self.rule)
        if family.name not in rule.families:
            raise UsageError(
                f"rule={self.rule} does not train network={self.network};"
                f" choose from: {', '.join(registry.rules_of(family.name))}"
            )
        if registry.DATASETS.declared(self.dataset).kind not in family.reads:
            raise UsageError(f"dataset={self.dataset} is not for network={self.network}")
        values = self.to_dict()
        family.refuse(values)
        for name, applies in applicable(values).items():
            given = values.get(name) is not None
            if applies and not given and name not in OPTIONAL:
                raise UsageError(
                    f"{name} is needed for rule={self.rule}, network={self.network}"
                    + (f", decoupled={self.decoupled}" if self.decoupled else "")
                )
            if given and not applies:
                raise UsageError(
                    f"{name} does not apply to rule={self.rule}, network={self.network},"
                    f" dataset={self.dataset}, sg_layers={self.sg_layers},"
                    f" decoupled={self.decoupled}; leave it out"
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

    def need(self, name: str) -> Any:
        """Return the field `name`; UsageError where this cell has none."""
        found = self.value(name)
        if found is None:
            raise UsageError(f"{name} is needed for rule={self.rule}, network={self.network}")
        return found

    def replace(self, **changes: Any) -> "Cell":
        """Return the cell with other values of some fields, hyperparameters among them."""
        return Cell.from_dict(self.to_dict() | changes)

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

    @property
    def key(self) -> str:
        """Hash of the configuration alone: the same cell whatever the versions and the data."""
        return _digest({"cell": self._canonical()})

    def id(self, data_hash: str) -> str:
        """Return the identity of this cell's result: 16 hexadecimal digits.

        Hashes the fields that apply (so a field added later for other cells changes no id), the
        versions of rule, data set and protocol, the source of a rule or data set that was brought,
        and `data_hash` (`bench.datasets.data_hash`).
        """
        parts: dict[str, Any] = {"cell": self._canonical(), "versions": self.versions()}
        sources = {kind: text for kind, text in self.sources().items() if text is not None}
        return _digest(parts | ({"sources": sources} if sources else {}) | {"data": data_hash})

    def versions(self) -> dict[str, int]:
        """Return the versions of the code that this cell's result depends on."""
        return {
            "rule": registry.RULES.declared(self.rule).version,
            "dataset": registry.DATASETS.declared(self.dataset).version,
            "protocol": registry.family_of(self.network).protocol_version(self.to_dict()),
        }

    def sources(self) -> dict[str, str | None]:
        """Return the hash of the source of its rule and data set; None for the package's own."""
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


OPTIONAL = ("corpus", "decoupled", "evaluate_at")
"""Fields that a cell they apply to may do without."""

_CHOICES = {
    "dataset": registry.DATASETS.names,
    "network": registry.families_of_networks,
    "rule": registry.RULES.names,
    "split": lambda: SPLITS,
    "precision": lambda: PRECISIONS,
    "decoupled": lambda: DECOUPLED,
}


def _declared_fields() -> dict[str, Field]:
    hints, found = typing.get_type_hints(Cell), dict[str, Field]()
    for spec in dataclasses.fields(Cell):
        if spec.name == "hyperparameters":
            continue
        hint = hints[spec.name]
        optional = isinstance(hint, types.UnionType)
        if optional:
            hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
        many = typing.get_origin(hint) is tuple
        found[spec.name] = Field(
            name=spec.name,
            scalar=typing.get_args(hint)[0] if many else hint,
            optional=optional,
            many=many,
            choices=_CHOICES.get(spec.name),
            **spec.metadata,
        )
    return found


FIELDS = _declared_fields()
"""The fields that every cell has, None where they do not apply; a rule's own come on top."""


def field_of(name: str) -> Field:
    """Return the field `name`, of every cell or of some rule; UsageError with the nearest name."""
    if name in FIELDS:
        return FIELDS[name]
    own = hyperparameters()
    if name not in own:
        raise UsageError(f"unknown field {name!r}{did_you_mean(name, (*FIELDS, *own))}")
    return _field_of(own[name])


def hyperparameters() -> dict[str, Hyperparameter]:
    """Return the hyperparameters of all rules that can be loaded, by name, in the rules' order."""
    return _hyperparameters(registry.RULES.generation)


@functools.lru_cache(maxsize=1)
def _hyperparameters(generation: int) -> dict[str, Hyperparameter]:
    del generation  # of the registry: files may have been added
    return {one.name: one for _, r in registry.RULES.loadable() for one in r.hyperparameters}


def field_names() -> tuple[str, ...]:
    """Return the names of all fields: those of every cell, then the rules' own."""
    return (*FIELDS, *hyperparameters())


def replica_axes() -> tuple[str, ...]:
    """Return the fields that cells of one program may differ in: they change no shape."""
    own = (name for name, one in hyperparameters().items() if one.replica_axis)
    return ("seed", "learning_rate", "sg_scale", "p_update", *own)


def coerce(name: str, value: Any) -> Any:
    """Return `value` as the field `name` holds it; UsageError where that cannot be."""
    return field_of(name).coerce(value)


def applicable(values: Mapping[str, Any]) -> dict[str, bool]:
    """Return, for each field that only some cells have, whether a cell of these values has it.

    Asks for rule, network and dataset, and where they are given sg_layers, decoupled and si_layers.
    """
    family, rule = registry.family_of(values["network"]), values["rule"]
    own = {one.name for one in registry.RULES.declared(rule).hyperparameters}
    having = family.fields(values)
    found = {name: name in having for name, spec in FIELDS.items() if spec.optional}
    return found | {name: name in own for name in (*hyperparameters(), *own)}


def _own_fields(rule: str) -> dict[str, Field]:
    """Return the fields of a rule's hyperparameters; UsageError where one is of every cell."""
    found: dict[str, Field] = {}
    for one in registry.RULES.declared(rule).hyperparameters:
        if one.name in FIELDS:
            raise UsageError(
                f"rule {rule}: its hyperparameter {one.name} is a field of every cell; rename it"
            )
        found[one.name] = _field_of(one)
    return found


def _defaults(rule: str) -> dict[str, float | None]:
    return {one.name: one.default for one in registry.RULES.declared(rule).hyperparameters}


def _field_of(one: Hyperparameter) -> Field:
    return Field(
        name=one.name,
        doc=one.doc,
        scalar=one.kind,
        optional=True,
        min=one.min,
        max=one.max,
        above=one.above,
    )


def canonical_json(value: Any) -> str:
    """Return the one JSON text of `value`: keys sorted, no spaces, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]
