"""The contract of a learning rule: the declaration and the functions in its module.

A rule is one module. It declares `RULE`, a `Rule`, and the function of each family that it trains:

    step(network, x, labels)               feedforward: one update on a batch
    unroll(network, inputs, targets)       recurrent: one update over T steps
    cycle(network, digits, odd, threes)    pair: one cycle of T * T steps of two networks

They write the gradient of every weight that the rule trains. They drive no optimiser and touch no
running state but the rule's own. A rule may also define

    setup(network, draw)                   tensors that the rule keeps, by name
    objective(network, x, labels)          the loss [R] whose gradient the rule writes, where it is
                                           that of one loss; called as the rule's function is
    targets(network, forward_pass)         what each M should have predicted, for its diagnosis
    decoupled_step(network, x, labels, mask)
                                           one update where every layer has an update mask
    scores(network, x)                     class scores [R, K, B], in evaluation mode, where the
                                           rule does not predict with the classifier, which it
                                           then does not train

The networks and models that they are given are described in `interfaces`.

Free of torch, so that a declaration is read without it; a rule imports torch where it needs it.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .errors import UsageError, did_you_mean

FUNCTIONS = {"feedforward": "step", "recurrent": "unroll", "pair": "cycle"}
"""The function of a rule that trains a family's networks."""

MODELS = ("none", "M", "M with label")
"""The synthetic-gradient models that a rule can ask for; `M with label` also sees the label."""

SCHEDULES = (
    *("locked", "gpipe", "1f1b", "data_parallel", "stale"),
    *("unlocked", "completely_unlocked"),
)
"""How the processes that a network is cut into can wait for one another (`Cell.schedule`)."""
LOCKINGS = ("forward", "update", "backward")
"""Locks of a layer before it learns: on its input, the network's output, an error from above.

Each takes in those before it. The words are the paper's (arXiv 1608.05343, section 1)."""
MAPS = ("none", "square", "classes")
"""Outputs of a hidden layer's trained linear map: no map, as many as it reads, class scores."""
FROZEN_ALL = "all"
"""`Rule.frozen_below` of a rule that trains the classifier alone."""
UNREPEATABLE = ("unlocked", "completely_unlocked")
"""Those whose results depend on when messages come: no two runs are the same bit for bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """A number that a rule has of its own: a field of every cell of the rule.

    Attributes:
        name: of the field, as in `--set NAME=VALUE`.
        doc: one line for `sgbench show` and messages.
        kind: int or float.
        default: the value where neither exhibit nor `--set` gives one; None where one must.
        min: the smallest value, itself allowed.
        max: the largest value, itself allowed.
        above: a bound that the value must exceed; takes the place of `min`.
        replica_axis: whether cells that differ in it alone can train as one program: it changes
            no shape and is read through `network.hyperparameters` only.
        optional: whether a cell of the rule may do without: without it, it is as with the default,
            and one that is given its default has none (so its id is that of a cell without).
        families: of the networks whose cells have it; empty for all of the rule's.
        symbol: how tables and axes write it; its name if empty.
        about: what it means at its ends, for the axis of a figure.
    """

    name: str
    doc: str
    kind: type = float
    default: float | None = None
    min: float | None = None
    max: float = 1e12
    above: float | None = None
    replica_axis: bool = False
    optional: bool = False
    families: tuple[str, ...] = ()
    symbol: str = ""
    about: str = ""

    @property
    def label(self) -> str:
        """Its name in tables and on axes."""
        return self.symbol or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The declaration of a learning rule, from which everything else that is known of it follows.

    Attributes:
        name: the module's name.
        label: how tables and legends write it.
        sentence: what a layer learns from, in one clause without a full stop; by family where they
            differ.
        color: `#rrggbb`, the rule's in every figure.
        families: those whose networks it trains, of `FUNCTIONS`.
        networks: those of the families' networks that it trains; empty for all of them.
        version: raised in the same commit as any change of what the rule computes.
        source: where it was published.
        hyperparameters: its own fields.
        model: which synthetic-gradient models it needs, of `MODELS`: one after every hidden layer
            (feedforward), at the end of an unroll (recurrent), at the message (pair).
        auxiliary: whether it needs auxiliary outputs: a linear classifier on every hidden layer
            (feedforward), a prediction of coming synthetic gradients (recurrent).
        maps: of `MAPS`, the trained linear map without bias that it needs on every hidden layer
            (feedforward).
        locking: of `LOCKINGS`, what a hidden layer waits for before it learns (feedforward). Only
            with `backward` does an error pass down from layer to layer.
        frozen_below: hidden layers, counted from the bottom, that keep their initial weights and
            have no M (feedforward): a number, a negative one for all but so many at the top, `all`
            where the classifier alone learns, or the name of the hyperparameter that says it.
        baseline: whether others' times are given as multiples of its own.
        label_leak: why labels reach gradients by a way other than the loss or an M that sees them;
            empty if they do not.
        least_depth: fewest layers with weights for which it is defined (feedforward).
        hidden_products: products with the weights of a hidden layer in an update (feedforward), for
            the work estimate: 3 = forward, gradient of the input, gradient of the weights.
        pair_products: products between all examples of a batch by their features in a hidden
            layer's map (feedforward), for the work estimate.
        images_per_example: images that it makes of an example and trains on (feedforward), for the
            memory estimate.
        products_per_step: matrix products with the core's weights per time step (recurrent), for
            the work estimate: 3 = forward, gradient of the state, gradient of the weights.
        unrolls_in_memory: unrolls that are kept at once (recurrent), for the memory estimate.
        whole_cycle: whether a cycle is differentiated as one (pair), rather than by windows.
        schedules: of `SCHEDULES`, those by which it trains a network that is cut into processes
            (fcn); they are implemented for the package's own rules only.
        expected_failures: checks of `sgbench check` that the rule is known to fail, by name, each
            with the reason.
    """

    name: str
    label: str
    sentence: str | Mapping[str, str]
    color: str
    families: tuple[str, ...]
    version: int
    source: str
    networks: tuple[str, ...] = ()
    hyperparameters: tuple[Hyperparameter, ...] = ()
    model: str = "none"
    auxiliary: bool = False
    maps: str = "none"
    locking: str = "backward"
    frozen_below: int | str = 0
    baseline: bool = False
    label_leak: str = ""
    least_depth: int = 2
    hidden_products: int = 3
    pair_products: int = 0
    images_per_example: int = 1
    products_per_step: int = 3
    unrolls_in_memory: int = 1
    whole_cycle: bool = False
    schedules: tuple[str, ...] = ()
    expected_failures: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def has_models(self) -> bool:
        """True where it has synthetic-gradient models."""
        return self.model != "none"

    @property
    def models_see_labels(self) -> bool:
        """True where its synthetic-gradient models see the label."""
        return self.model == "M with label"

    def sentence_for(self, family: str) -> str:
        """Return what a layer learns from in the networks of `family`."""
        return self.sentence if isinstance(self.sentence, str) else self.sentence[family]

    def frozen(self, hidden: int, hyperparameters: Mapping[str, float]) -> int:
        """Return how many of so many hidden layers, from the bottom, keep their initial weights.

        Args:
            hidden: hidden layers of the network.
            hyperparameters: the rule's own numbers, by name; an optional one may be missing.
        """
        below = self.frozen_below
        if below == FROZEN_ALL:
            return hidden
        if isinstance(below, str):
            declared = self.hyperparameter(below)
            assert declared is not None  # `checked_rule`
            return int(hyperparameters.get(below, declared.default or 0))
        return below if below >= 0 else max(0, hidden + below)

    def hyperparameter(self, name: str) -> Hyperparameter | None:
        """Return its hyperparameter `name`, None where it has none of that name."""
        return next((one for one in self.hyperparameters if one.name == name), None)


def checked_rule(name: str, module: Any) -> Rule:
    """Return the declaration of the rule in `module`.

    Raises UsageError where it is missing or wrong, with what a right one has.
    """
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise UsageError(
            f"rule {name} lacks RULE = Rule(name={name!r}, …): a sgbench.bench.contract.Rule"
        )
    problems = itertools.chain(_kinds(rule), _words(name, rule), _functions(module, rule))
    problem = next(problems, None)
    if problem:
        raise UsageError(f"rule {name}: {problem}")
    return rule


def _kinds(rule: Rule) -> Iterator[str]:
    """Yield which values of a declaration, and of its hyperparameters, are of the wrong type."""
    yield from _types("RULE", rule)
    for number, one in enumerate(cast("tuple[object, ...]", rule.hyperparameters)):
        what = f"RULE.hyperparameters[{number}]"
        if isinstance(one, Hyperparameter):
            yield from _types(what, one)
        else:
            yield f"{what}={one!r} must be a Hyperparameter(…)"


def _types(what: str, declared: Rule | Hyperparameter) -> Iterator[str]:
    """Yield which values of a declaration are of the wrong type."""
    for one in dataclasses.fields(declared):
        kinds, words = _KINDS[str(one.type)]
        value: object = getattr(declared, one.name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = number if kinds is float and value is not None else isinstance(value, kinds)
        if not fits or (kinds is not bool and isinstance(value, bool)):
            yield f"{what}.{one.name}={value!r} must be {words}"
        elif isinstance(value, str) and not (value.isprintable() and "$" not in value):
            yield f"{what}.{one.name}={value!r} must be one line of plain text, without $"


_KINDS: dict[str, tuple[Any, str]] = {  # by annotation: the types, and what to call them
    "str": (str, "text"),
    "bool": (bool, "True or False"),
    "int": (int, "a whole number"),
    "int | str": ((int, str), "a whole number, 'all', or the name of a hyperparameter"),
    "float": (float, "a number"),
    "float | None": ((int, float, type(None)), "a number or None"),
    "type": (type, "int or float"),
    "str | Mapping[str, str]": ((str, Mapping), "text, or {family: text}"),
    "Mapping[str, str]": (Mapping, "{name of a check: reason}"),
    "tuple[str, ...]": (tuple, "a tuple, as ('feedforward',)"),
    "tuple[Hyperparameter, ...]": (tuple, "a tuple of Hyperparameter(…)"),
}


def _words(name: str, rule: Rule) -> Iterator[str]:
    """Yield what is wrong with the values of a declaration, each with the remedy."""
    if rule.name != name:
        yield f"RULE.name is {rule.name!r}; it is the file's name, {name!r}"
    for attribute in ("label", "source"):
        if not str(getattr(rule, attribute)).strip():
            yield f"RULE.{attribute} is empty; give a few words"
    if type(rule.version) is not int or rule.version < 1:
        yield f"RULE.version={rule.version!r} must be a whole number from 1"
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", rule.color):
        yield f"RULE.color={rule.color!r} must be #rrggbb"
    if not rule.families or isinstance(rule.families, str):
        yield f"RULE.families must be a tuple of some of {', '.join(FUNCTIONS)}"
    for family in rule.families:
        if family not in FUNCTIONS:
            yield f"RULE.families has {family!r}{did_you_mean(family, FUNCTIONS)}"
        elif not isinstance(rule.sentence, str) and family not in rule.sentence:
            yield f"RULE.sentence lacks the family {family}"
    yield from _choices(rule)
    yield from _numbers(rule)


def _choices(rule: Rule) -> Iterator[str]:
    """Yield which values are none of their choices, each with the nearest."""
    for attribute, choices in (("model", MODELS), ("maps", MAPS), ("locking", LOCKINGS)):
        given = str(getattr(rule, attribute))
        if given not in choices:
            yield f"RULE.{attribute}={given!r}{did_you_mean(given, choices)}"
    for schedule in rule.schedules:
        if schedule not in SCHEDULES:
            yield f"RULE.schedules has {schedule!r}{did_you_mean(schedule, SCHEDULES)}"


def _numbers(rule: Rule) -> Iterator[str]:
    """Yield what is wrong with a declaration's hyperparameters, each with the remedy."""
    if rule.hidden_products < 1:
        yield f"RULE.hidden_products={rule.hidden_products} must be at least 1: forward"
    yield from filter(None, map(_hyperparameter_problem, rule.hyperparameters))
    for one in rule.hyperparameters:
        for family in one.families:
            if family not in rule.families:
                yield f"hyperparameter {one.name}: RULE.families lacks its family {family!r}"
    below = rule.frozen_below
    named = rule.hyperparameter(below) if isinstance(below, str) else None
    fits = named is not None and named.kind is int and not named.replica_axis
    if isinstance(below, str) and below != FROZEN_ALL and not fits:
        yield (
            f"RULE.frozen_below={below!r} is neither {FROZEN_ALL!r} nor a hyperparameter of the"
            " rule with kind=int and replica_axis=False"
        )


def _functions(module: Any, rule: Rule) -> Iterator[str]:
    """Yield what is wrong with a module's functions, held against its declaration."""
    for family, function in FUNCTIONS.items():
        there, named = callable(getattr(module, function, None)), family in rule.families
        if named and not there:
            yield f"it names the family {family} and lacks its function {function}"
        if there and not named:
            yield f"it has {function}, and RULE.families lacks {family}"
    if hasattr(module, "objective") and len(rule.families) != 1:
        yield "it has objective, which is for rules of one family, and RULE.families has several"
    if hasattr(module, "scores") and "feedforward" not in rule.families:
        yield "it has scores, which is for feed-forward networks, and RULE.families lacks them"
    for function in ("decoupled_step", "targets"):
        if hasattr(module, function) and not rule.has_models:
            yield f"it has {function}, which is for rules with a model M, and RULE.model is 'none'"


def _hyperparameter_problem(one: Hyperparameter) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", one.name):
        return f"hyperparameter {one.name!r}: a name has letters, digits and underscores"
    if one.kind not in (int, float):
        return f"hyperparameter {one.name}: kind must be int or float"
    least = one.min if one.min is not None else one.above
    if least is None:
        return f"hyperparameter {one.name}: give min, or above"
    default = least if one.default is None else one.default
    on_the_edge = one.min is None and default == least and one.default is not None
    if on_the_edge or not least <= default <= one.max:
        return f"hyperparameter {one.name}: default={one.default} is not within its own bounds"
    if one.optional and one.default is None:
        return f"hyperparameter {one.name}: give a default, since it is optional"
    return ""
