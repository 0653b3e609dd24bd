"""What the figures of a study say of it: labels, the default protocol, and titles."""

from collections.abc import Sequence

from ....bench.registry import RULES
from ....reproductions.tuning.candidates import untuned_params
from ...analysis.study_results import ArmResults, StudyResults
from ..data import words


def default(results: ArmResults) -> tuple[float, bool] | None:
    """Return the result of the exhibit's untuned protocol, and whether on the test split.

    That of the trial that tries it, else the mean of the seeds that it was trained anew with; None
    where there is neither.
    """
    own = untuned_params(results.arm)
    for trial in results.trials:
        if trial.state == "complete" and trial.value is not None and dict(trial.params) == own:
            return trial.value, False
    found = results.untuned.interval if results.untuned is not None else None
    return None if found is None else (found.mean, True)


def defaults_said(study: StudyResults) -> str:
    """Return what the lines of the default protocol are, as a sentence."""
    found = [own[1] for own in map(default, study.arms) if own is not None]
    if not found:
        return ""
    tested = study.arms[0].arm.objective.tested_name
    same, other = "on the same seeds", f"its {tested} on other seeds"
    if any(found) and not all(found):
        return f" Dotted: the default protocol, {same}, or where no trial tried it {other}."
    return f" Dotted: the default protocol, {other if all(found) else same}."


def gain(study: StudyResults) -> str:
    """Return what the winners and the default protocol come to on fresh seeds, where both ended."""
    told: list[str] = []
    for results in study.arms:
        tuned, untuned, objective = results.tuned, results.untuned, results.arm.objective
        if tuned is None or untuned is None or results.verdict is None:
            return ""
        if tuned.interval is None or untuned.interval is None:
            return ""
        unit = " %" if objective.unit == "%" else ""
        means = (tuned.interval.mean, untuned.interval.mean)
        best, before = (f"{mean:.{objective.decimals}f}" for mean in means)
        better = "better" if results.verdict == "better" else "no significant gain"
        told.append(f"{label(results)} {best} against {before}{unit} ({better})")
    what = study.arms[0].arm.objective.tested_name
    return f"{what.capitalize()} tuned against default, on fresh seeds: {', '.join(told)}"


def most_important(shown: Sequence[ArmResults], study: StudyResults) -> str:
    """Return which field has more than half of every importance of every arm, if one has."""
    for field in study.study.space:
        shares = [by.get(field, 0.0) for one in shown for by in one.importances.values()]
        if min(shares) > 0.5:
            name, what = words.axis(field), study.arms[0].arm.objective.name
            return f"The {name} makes most of the spread in the {what} ({min(shares):.0%} or more)"
    return ""


def label(results: ArmResults) -> str:
    """Return the label of an arm: of one that is a rule, the rule's."""
    rule = results.arm.cell.rule
    return RULES.label(rule) if results.arm.label == rule else results.arm.label


def color(results: ArmResults) -> str:
    """Return the colour of an arm's rule."""
    rule = results.arm.cell.rule
    return words.colors([rule])[rule]
