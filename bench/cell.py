"""A cell: the complete configuration of one training run with one seed, and its identity.

Free of torch, so that planning, reporting and `--help` stay fast. A cell's id is a hash of its
canonical JSON, the versions of its rule, dataset and protocol, and the hash of its data.
"""

import dataclasses
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import datasets, networks, rules
from .errors import UsageError, did_you_mean

PROTOCOL_VERSION = 1
"""Raised when the loop, the optimiser, the layers or the seeding change what a cell computes."""

RECURRENT_PROTOCOL_VERSION = 1
"""The same for recurrent cells: their core, streams, curriculum, readings and seeding."""

DECOUPLED_PROTOCOL_VERSION = 1
"""The same for cells whose layers are decoupled: those, and synthetic inputs, too."""

PAIR_PROTOCOL_VERSION = 1
"""The same for cells of two networks."""

CONVOLUTIONS_CHANGED = 1
"""How often convolutional layers have changed what a cell computes; added to the version above."""

SPLITS = ("test", "validation")
PRECISIONS = ("float32", "float64", "bf16")
PAPER_LEARNING_RATE = 3e-5  # Table 1: at this rate `sg_scale` is 1 (paper.md, section 6)


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
    bp_lambda: float | None = _if(
        "lambda of BP(lambda): 0 trains by synthetic gradients alone, 1 by backprop (bp_lambda)",
        min=0,
        max=1,
    )
    decoupled: str | None = _if(
        "what each layer does only at steps where it is active. update: its updates; both: forward"
        " passes too, with synthetic inputs for what is not there (fcn); none: nothing (dni, cdni)"
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
    aux_weight: float | None = _if("weight of the auxiliary loss (dni_aux)", min=0, max=1e6)
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
        for spec in dataclasses.fields(self):
            value = coerce(spec.name, getattr(self, spec.name))
            object.__setattr__(self, spec.name, value)
        self._check_fit()

    def _check_fit(self) -> None:
        fitting = rules.names_for(networks.entry(self.network))
        if self.rule not in fitting:
            raise UsageError(
                f"rule={self.rule} does not train network={self.network};"
                f" choose from: {', '.join(fitting)}"
            )
        if networks.entry(self.network) != _ENTRIES[datasets.family(self.dataset)]:
            raise UsageError(f"dataset={self.dataset} is not for network={self.network}")
        if self.decoupled == "both" and self.network != "fcn":
            raise UsageError(
                f"decoupled=both does not fit network={self.network}: synthetic inputs are of"
                " network=fcn; decoupled=update fits"
            )
        if self.precision == "bf16" and self.entry == "cycle":
            raise UsageError(
                f"precision=bf16 does not fit network={self.network}, whose gradients are"
                " autograd's; give float32 or float64"
            )
        if (self.decoupled or self.bp_lambda is not None) and (self.depth or 0) < 3:
            raise UsageError(
                f"depth={self.depth} is too shallow: where layers wait for one another, or do not,"
                " there are two hidden ones at least; give depth=3 or more"
            )
        for name, applies in applicable(self.to_dict()).items():
            given = getattr(self, name) is not None
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

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value (tuples as lists), None where it does not apply."""
        values = {spec.name: getattr(self, spec.name) for spec in dataclasses.fields(self)}
        for name in ("drops", "evaluate_at"):
            values[name] = None if values[name] is None else list(values[name])
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Cell":
        """Return the cell of `to_dict`'s output; other keys are an error (UsageError).

        What is not there does not apply, as in the output of an older version.
        """
        for name in values:
            spec_of(name)
        needed = (name for name in FIELDS if not kind_of(name)[1])
        missing = [name for name in needed if name not in values]
        if missing:
            raise UsageError(f"a cell lacks {', '.join(missing)}")
        return cls(**values)

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
        versions of rule, dataset and protocol, and `data_hash` (`bench.datasets.data_hash`).
        """
        return _digest({"cell": self._canonical(), "versions": self.versions(), "data": data_hash})

    def versions(self) -> dict[str, int]:
        """Return the versions of the code that this cell's result depends on."""
        by_entry = {
            "step": PROTOCOL_VERSION,
            "unroll": RECURRENT_PROTOCOL_VERSION,
            "cycle": PAIR_PROTOCOL_VERSION,
        }
        protocol = DECOUPLED_PROTOCOL_VERSION if self.decoupled else by_entry[self.entry]
        changed = CONVOLUTIONS_CHANGED if self.network == "cnn" else 0
        return {
            "rule": rules.version(self.rule),
            "dataset": datasets.version(self.dataset),
            "protocol": protocol + changed,
        }

    @property
    def entry(self) -> str:
        """Which function of a rule trains this cell: step, unroll or cycle."""
        return networks.entry(self.network)

    @property
    def data_steps(self) -> int:
        """Steps of data in an iteration: 1, T in an unroll, T * T in a cycle of two networks."""
        return {"step": 1, "unroll": self.T or 0, "cycle": (self.T or 0) ** 2}[self.entry]

    def _canonical(self) -> dict[str, Any]:
        return {name: value for name, value in self.to_dict().items() if value is not None}


OPTIONAL = ("corpus", "decoupled", "evaluate_at")
"""Fields that a cell they apply to may do without."""

DECOUPLED = ("update", "both")
_ENTRIES = {"images": "step", "episodes": "unroll", "text": "unroll", "counting": "cycle"}

FIELDS = {spec.name: spec for spec in dataclasses.fields(Cell)}
_CHOICES = {
    "dataset": datasets.names,
    "network": networks.names,
    "rule": rules.names,
    "split": lambda: SPLITS,
    "precision": lambda: PRECISIONS,
    "decoupled": lambda: DECOUPLED,
}
_WORDS = {str: "a string", int: "an integer", float: "a number"}


def spec_of(name: str) -> "dataclasses.Field[Any]":
    """Return the declaration of the cell's field `name`; UsageError with the nearest otherwise."""
    if name not in FIELDS:
        raise UsageError(f"unknown field {name!r}{did_you_mean(name, FIELDS)}")
    return FIELDS[name]


@functools.cache
def kind_of(name: str) -> tuple[type, bool, bool]:
    """Return a field's (scalar type, may be None, is a tuple of it); UsageError if unknown."""
    spec_of(name)
    hint = typing.get_type_hints(Cell)[name]
    optional = isinstance(hint, types.UnionType)
    if optional:
        hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
    many = typing.get_origin(hint) is tuple
    return (typing.get_args(hint)[0] if many else hint), optional, many


def coerce(name: str, value: Any) -> Any:
    """Return `value` as the field `name` holds it (1 as 1.0 for a float, a list as a tuple).

    Raises UsageError where the field is unknown or the value is of the wrong type or range.
    """
    spec, (scalar, optional, many) = spec_of(name), kind_of(name)
    if value is None:
        if optional:
            return None
        raise UsageError(f"{name} must be given: {spec.metadata['doc']}")
    if many:
        if not isinstance(value, (list, tuple)):
            raise UsageError(f"{name}={value!r} must be a list: {spec.metadata['doc']}")
        if optional and not value:
            return None
        return tuple(_scalar(spec, scalar, item) for item in typing.cast("list[Any]", value))
    return _scalar(spec, scalar, value)


def coerce_bound(name: str, value: Any) -> Any:
    """Return `value` as a bound to hold the numbers of the field `name` against.

    It has the field's type and is finite, but may lie outside the field's own range: p_update > 0
    is a bound although 0 is no p_update. Raises UsageError otherwise.
    """
    return _typed(spec_of(name), kind_of(name)[0], value)


def _scalar(spec: "dataclasses.Field[Any]", scalar: type, value: Any) -> Any:
    value, name, bounds = _typed(spec, scalar, value), spec.name, spec.metadata
    if isinstance(value, str):
        if name not in _CHOICES:
            return value
        choices = _CHOICES[name]()
        if value not in choices:
            raise UsageError(f"unknown {name} {value!r}{did_you_mean(value, choices)}")
        return value
    number = typing.cast("float", value)
    if number < bounds.get("min", -math.inf) or number > bounds.get("max", math.inf):
        raise UsageError(
            f"{name}={value} must be between {bounds.get('min', bounds.get('above'))}"
            f" and {bounds.get('max')}: {bounds['doc']}"
        )
    if number <= bounds.get("above", -math.inf):
        raise UsageError(f"{name}={value} must be above {bounds['above']}: {bounds['doc']}")
    return value


def _typed(spec: "dataclasses.Field[Any]", scalar: type, value: Any) -> Any:
    """Return `value` as the type `scalar`, whatever its range; a number is finite."""
    name, doc = spec.name, spec.metadata["doc"]
    if scalar is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = _float(value)
    if scalar is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, scalar) or isinstance(value, bool):
        raise UsageError(f"{name}={value!r} must be {_WORDS[scalar]}: {doc}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name}={value} must be a finite number: {doc}")
    return value


def _float(number: float) -> float:
    """Return `number` as the one float that has its value: no integer, no negative zero."""
    try:
        return float(number) + 0.0
    except OverflowError:
        return math.inf


def applicable(values: Mapping[str, Any]) -> dict[str, bool]:
    """Return, for each field that only some cells have, whether a cell of these values has it.

    Asks for rule, network and dataset, and where they are given sg_layers, decoupled and si_layers.
    """
    rule, network = values["rule"], values["network"]
    entry, family = networks.entry(network), datasets.family(values["dataset"])
    layered, recurrent = entry == "step", entry == "unroll"
    synthetic = rules.uses_synthetic_gradients(rule)
    decoupled = values.get("decoupled")
    inputs = decoupled == "both"
    return {
        "depth": layered,
        "T": not layered,
        "bp_lambda": rule == "bp_lambda",
        "decoupled": layered and rules.unlocks(rule),
        "p_update": decoupled is not None,
        "split": family != "episodes",
        "corpus": family == "text",
        "evaluate_at": layered,
        "hidden_units": network != "cnn",
        "filters": network == "cnn",
        "kernel_size": network == "cnn",
        "sg_layers": synthetic,
        "sg_scale": synthetic,
        "sg_units": synthetic and values.get("sg_layers") != 0,
        "sg_factor": synthetic and not layered,
        "si_layers": inputs,
        "si_units": inputs and values.get("si_layers") != 0,
        "aux_weight": rule == "dni_aux",
        "solve_bits": family == "episodes",
        "solve_window": family == "episodes",
        "patience": recurrent and family == "text",
    }


def canonical_json(value: Any) -> str:
    """Return the one JSON text of `value`: keys sorted, no spaces, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]
