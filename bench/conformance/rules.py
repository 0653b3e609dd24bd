"""The conformance checks of a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .. import registry
from ..contract import Rule
from . import gradients, locking, masks, models, training
from .checks import Check, CheckResult, Failed, Skipped, run_checks
from .settings import Setting, settings

_UNAWAITED = {"forward": "layers above it", "update": "errors that layers pass down"}
"""Parts of the network that a hidden layer learns without, by `Rule.locking`."""
Applies = Callable[[Setting], str]
"""Returns why a check does not apply to a setting; empty where it does."""


def check_rule(name: str, path: str | None = None) -> Iterator[CheckResult]:
    """Check a rule; yield what each check finds, as it is found.

    Args:
        name: of the rule, which is registered.
        path: its file, for the lines where it raises; None where it has none of its own.

    Raises UsageError where the rule cannot be loaded.
    """
    rule = registry.RULES.declared(name)
    return run_checks(_checks(rule), rule.expected_failures, path)


def _checks(rule: Rule) -> list[Check]:
    module = registry.RULES.module(rule.name)
    has = {name: hasattr(module, name) for name in ("objective", "targets")}

    def always(setting: Setting) -> str:
        return ""

    def with_objective(setting: Setting) -> str:
        return "" if has["objective"] else "it claims the gradient of no loss: no objective"

    def without_leak(setting: Setting) -> str:
        return f"declared: {rule.label_leak}" if rule.label_leak else ""

    def with_model(setting: Setting) -> str:
        return "" if rule.has_models else "it has no M"

    def unlocks(setting: Setting) -> str:
        if setting.family.name == "recurrent":
            return "an unroll learns from its own losses"
        return with_model(setting)

    def learns_through_model(setting: Setting) -> str:
        pair = setting.family.name == "pair"
        return "it is for feed-forward and recurrent networks" if pair else with_model(setting)

    def with_targets(setting: Setting) -> str:
        other = "" if setting.family.name == "feedforward" else "it is for feed-forward networks"
        lacking = "" if has["targets"] else "it has no targets: M's loss is not reported"
        return with_model(setting) or other or lacking

    def feedforward(setting: Setting) -> str:
        return "" if setting.family.name == "feedforward" else "it is for feed-forward networks"

    def without_backward_locking(setting: Setting) -> str:
        declared = "declared: a layer waits for an error from above"
        return feedforward(setting) or (declared if rule.locking == "backward" else "")

    table: tuple[tuple[str, str, Callable[[Setting], None], Applies], ...] = (
        ("runs", "it trains {on}", training.runs, always),
        (
            "writes_gradients",
            "an update writes the gradient of every weight that it trains",
            training.writes_gradients,
            always,
        ),
        (
            "keeps_to_itself",
            "it moves no weight and drives no optimiser itself; watching it changes nothing",
            training.keeps_to_itself,
            always,
        ),
        (
            "one_pass",
            "an update is one training pass for the running statistics",
            training.one_pass,
            feedforward,
        ),
        (
            "replicas",
            "each of three replicas is as the same cell alone",
            training.replicas,
            always,
        ),
        (
            "paired_seeds",
            "weights and batches are the baseline's; what is drawn follows from the seed",
            training.paired_seeds,
            always,
        ),
        (
            "resumes",
            "stopped, saved and resumed it goes on bit for bit",
            training.resumes,
            always,
        ),
        (
            "objective",
            "the gradients are those of objective, by finite differences",
            gradients.objective,
            with_objective,
        ),
        (
            "labels",
            "labels reach the loss" + " and M" * rule.models_see_labels + ", and nothing else",
            models.labels,
            without_leak,
        ),
        (
            "unlocked",
            "what is below learns without the labels of the same update",
            models.unlocked,
            unlocks,
        ),
        (
            "locking",
            "a hidden layer learns without the " + _UNAWAITED.get(rule.locking, ""),
            locking.locking,
            without_backward_locking,
        ),
        (
            "zero_model",
            "while M says zero, nothing is learned through it",
            models.zero_model,
            with_model,
        ),
        (
            "exact_model",
            "where M says the true gradient, the network learns from the true gradient",
            gradients.exact_model,
            learns_through_model,
        ),
        (
            "targets",
            "targets returns what an update teaches each M",
            models.targets,
            with_targets,
        ),
        (
            "masks",
            "update masks are obeyed"
            if hasattr(module, "decoupled_step")
            else "it has no decoupled_step, and cells with update masks are refused",
            masks.masks,
            feedforward,
        ),
    )
    every = list(settings(rule))
    on = ", ".join(map(str, every))
    return [
        Check(name=name, sentence=words.format(on=on), run=_over(every, run, applies))
        for name, words, run, applies in table
    ]


def _over(
    every: list[Setting], run: Callable[[Setting], None], applies: Applies
) -> Callable[[], None]:
    """Return what runs a check in every setting that it applies to."""

    def over() -> None:
        reasons = [applies(setting) for setting in every]
        if all(reasons):
            raise Skipped(reasons[0])
        wrong: list[str] = []
        for setting, reason in zip(every, reasons, strict=True):
            if reason:
                continue
            try:
                with setting.family.grad_mode():
                    run(setting)
            except Failed as failed:
                wrong.append(f"{setting}: {failed}" if len(every) > 1 else str(failed))
        if wrong:
            more = f" ({len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
            raise Failed(wrong[0] + more)

    return over
