"""The fields of a cell: what each means, its type, bounds and choices, and when it applies.

Every cell has the fields of `Configuration`; a rule's own hyperparameters come on top. Free of
torch.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import registry
from .contract import SCHEDULES, Hyperparameter
from .errors import UsageError, did_you_mean
from .fields import Field

SPLITS = ("test", "validation")
PRECISIONS = ("float32", "float64", "bf16")
DECOUPLED = ("update", "both")
SG_AT = ("stages",)
ACTIVATIONS = ("relu", "leaky_relu", "tanh")
NORMS = ("batch", "none")
FLIPS = ("none", "horizontal")
INPUT_NORMS = ("none", "standard")
OPTIMIZERS = ("adam", "rmsprop")
LOSSES = ("softmax", "sigmoid")
LAST_BATCHES = ("dropped", "smaller")
ZERO_INITS = ("none", "classifier", "all_but_first", "all")
PAPER_LEARNING_RATE = 3e-5  # Table 1: at this rate `sg_scale` is 1 (arXiv 1608.05343v1)


def _doc(text: str, **bounds: float) -> Any:
    return field(metadata={"doc": text, **bounds})


def _if(text: str, **bounds: float | str) -> Any:
    """Declare a field that only some cells have."""
    return field(default=None, metadata={"doc": text, **bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The fields of a cell. One that does not apply to the rule or network is None."""

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
        "which work a layer does only at random steps: update (its updates) or both (also its"
        " forward pass; idle layers are replaced by synthetic inputs, fcn only); leave out for"
        " neither; for rules with a decoupled_step"
    )
    p_update: float | None = _if(
        "probability that a layer is active at a step (decoupled)", above=0, max=1
    )
    sg_layers: int | None = _if("hidden layers of each synthetic-gradient model M", min=0, max=8)
    seed: int = _doc("seed of weights and data order, paired across rules", min=0, max=2**53)
    split: str | None = _if(
        "test: report the test set; validation: never look at it (images: hold out the last sixth"
        " of the training set; with patience that decides when training ends either way)"
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
        "scale S of M's target: M predicts S times the mean gradient of a batch", above=0, max=1e12
    )
    sg_factor: float | None = _if(
        "factor on the synthetic gradient where it is used (lstm, two_lstms)",
        min=0,
        max=1e6,
    )
    si_layers: int | None = _if(
        "hidden layers of each synthetic-input model I (decoupled=both,"
        " schedule=completely_unlocked)",
        min=0,
        max=8,
    )
    si_units: int | None = _if("units of I's hidden layers", min=1, max=10**6)
    stages: int | None = _if(
        "processes that the network is cut into, each on a core of its own; leave out for a network"
        " that is trained whole (fcn)",
        min=1,
        max=64,
    )
    schedule: str | None = _if(
        "how the stages wait for one another: locked, gpipe, 1f1b, data_parallel or stale"
        " (backprop), unlocked (dni, cdni, dfa, local_pred) or completely_unlocked (dni, cdni)"
    )
    delay: float | None = _if(
        "milliseconds that are added to every message between stages", min=0, max=1e5
    )
    straggler: float | None = _if(
        "factor by which the last stage is slower than the machine makes it; 1: none",
        min=1,
        max=1e3,
    )
    activation: str | None = _if(
        "nonlinearity of hidden layers: relu, leaky_relu (slope 0.01) or tanh (fcn)", default="relu"
    )
    norm: str | None = _if(
        "batch: batch norm before the nonlinearity; none: a bias in its place (fcn)",
        default="batch",
    )
    dropout: float | None = _if(
        "share of a hidden layer's outputs that the layer above does not see in training (fcn)",
        min=0,
        max=0.99,
        default=0.0,
    )
    jitter: int | None = _if(
        "pixels by which a training image is moved at most, either way, at random: a random crop"
        " after padding by as many zeros (fcn, cnn)",
        min=0,
        max=1000,
        default=0,
    )
    flip: str | None = _if(
        "horizontal: a training image is mirrored with probability 1/2 (fcn, cnn)", default="none"
    )
    input_norm: str | None = _if(
        "standard: pixels less the training set's mean, by its standard deviation, of each channel;"
        " none: pixels in [0, 1] (fcn, cnn)",
        default="none",
    )
    optimizer: str | None = _if("adam or rmsprop (fcn, cnn)", default="adam")
    loss_function: str | None = _if(
        "softmax: cross-entropy of a softmax; sigmoid: the sum of the binary cross-entropies of a"
        " sigmoid a class (fcn, cnn)",
        default="softmax",
    )
    last_batch: str | None = _if(
        "what is left of a pass over the data is dropped, or the last, smaller batch of the pass"
        " (fcn, cnn)",
        default="dropped",
    )
    zero_init: str | None = _if(
        "layers whose weights and biases start at zero: none, classifier, all_but_first (hidden"
        " layer) or all (fcn, cnn)",
        default="none",
    )
    sg_at: str | None = _if(
        "stages: an M at the top of every stage only, whose layers learn by backprop; leave out for"
        " an M after every hidden layer (unlocked stages)"
    )
    solve_bits: float | None = _if(
        "a level is solved when bits per symbol fall below this", above=0, max=100
    )
    solve_window: int | None = _if(
        "steps of every stream, at least, over which those bits are averaged", min=1, max=10**9
    )
    patience: int | None = _if(
        "evaluations without a lower validation error that end training (text, where 0 is none;"
        " fcn, cnn, where the last sixth of the training set is held out for it)",
        min=0,
        max=10**9,
    )
    precision: str = _doc(
        "float type of training: float32 or float64; bf16 is float32 with operands and results of"
        " products rounded to bfloat16, faster where the processor multiplies bfloat16"
    )


_CHOICES = {
    "dataset": registry.DATASETS.names,
    "network": registry.families_of_networks,
    "rule": registry.RULES.names,
    "split": lambda: SPLITS,
    "precision": lambda: PRECISIONS,
    "decoupled": lambda: DECOUPLED,
    "schedule": lambda: SCHEDULES,
    "sg_at": lambda: SG_AT,
    "activation": lambda: ACTIVATIONS,
    "norm": lambda: NORMS,
    "flip": lambda: FLIPS,
    "input_norm": lambda: INPUT_NORMS,
    "optimizer": lambda: OPTIMIZERS,
    "loss_function": lambda: LOSSES,
    "last_batch": lambda: LAST_BATCHES,
    "zero_init": lambda: ZERO_INITS,
}


def _declared_fields() -> dict[str, Field]:
    hints, found = typing.get_type_hints(Configuration), dict[str, Field]()
    for spec in dataclasses.fields(Configuration):
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
_OF_SOME = tuple(name for name, spec in FIELDS.items() if spec.optional)


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
    if registry.RULES.generation not in _known:
        loaded = dict(registry.RULES.loadable())
        found: dict[str, Hyperparameter] = {}
        for one in (one for rule in loaded.values() for one in rule.hyperparameters):
            found[one.name] = _of_both(found.get(one.name, one), one)
        if len(loaded) < len(registry.RULES.names()):
            return found  # a rule that does not load now may load later
        _known.clear()
        _known[registry.RULES.generation] = found
    return _known[registry.RULES.generation]


def _of_both(one: Hyperparameter, other: Hyperparameter) -> Hyperparameter:
    """Return what two rules' hyperparameters of one name allow together.

    A cell's own rule holds its value against its own declaration.
    """
    if one == other:
        return one
    lows = [low for both in (one, other) for low in (both.min, both.above) if low is not None]
    return dataclasses.replace(
        one,
        kind=one.kind if one.kind is other.kind else float,
        min=min(lows),
        above=None,
        max=max(one.max, other.max),
        replica_axis=one.replica_axis and other.replica_axis,
    )


_known: dict[int, dict[str, Hyperparameter]] = {}
"""The hyperparameters by the registry's generation, which every external file raises."""


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

    Asks for rule, network and dataset, and where they are given sg_layers, decoupled, si_layers,
    stages and schedule.
    """
    family, rule = registry.family_of(values["network"]), values["rule"]
    own = own_fields(rule, family.name)
    having = family.fields(values)
    found = {name: name in having for name in _OF_SOME}
    return found | {name: name in own for name in (*hyperparameters(), *own)}


def own_fields(rule: str, family: str) -> dict[str, Field]:
    """Return the fields of a rule's hyperparameters in cells of a family.

    Raises UsageError where one is a field of every cell.
    """
    found: dict[str, Field] = {}
    for one in registry.RULES.declared(rule).hyperparameters:
        if one.families and family not in one.families:
            continue
        if one.name in FIELDS:
            raise UsageError(
                f"rule {rule}: its hyperparameter {one.name} is a field of every cell; rename it"
            )
        found[one.name] = _field_of(one)
    return found


def defaults(rule: str, *, optional: bool) -> dict[str, float | None]:
    """Return the default of a rule's hyperparameters, None where one has none.

    Args:
        rule: the rule's name.
        optional: whether of those that a cell may do without, or of all others.
    """
    declared = registry.RULES.declared(rule).hyperparameters
    return {one.name: one.default for one in declared if one.optional == optional}


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
