"""The tables of a study: its outcome, its cost, its best trials, the importance of its fields."""

from collections import Counter

from ...results.statistics.intervals import Interval
from ...results.tuning_objective import Objective
from ..analysis.naming import duration
from ..analysis.study_results import Retrained, StudyResults, choice_words
from .entries import p_value
from .table import Table, entry, simple_table

_BEST = 5  # trials of an arm that are listed
_KINDS = ("fANOVA", "MDI")
_VERDICTS = {"better": "better", "keep": "keep the protocol", None: "-"}


def outcome_table(results: StudyResults) -> Table:
    """Return the table of each arm's best trial, and of it and the untuned protocol, retrained."""
    objective = results.arms[0].arm.objective
    rows: list[tuple[str, ...]] = []
    for arm in results.arms:
        gain = arm.gain
        rows.append(
            (
                arm.arm.label,
                number(arm.winner and arm.winner.value, objective),
                retrained(arm.tuned, objective),
                retrained(arm.untuned, objective),
                "-" if gain is None else _interval(gain[0], objective),
                "-" if gain is None else p_value(gain[1]),
                _VERDICTS[arm.verdict],
            )
        )
    tested = objective.tested_name
    return simple_table(
        (
            "",
            f"best trial, {objective.name}",
            f"tuned, {tested}",
            "untuned",
            "difference",
            "p",
            "verdict",
        ),
        rows,
        caption=f"The best trial and the untuned protocol: {tested}",
    )


def cost_table(results: StudyResults) -> Table:
    """Return the table of each arm's trials by state, and of what they cost."""
    states = ("complete", "pruned", "diverged", "failed")
    rows: list[tuple[str, ...]] = []
    for arm in results.arms:
        found = Counter(trial.state for trial in arm.trials)
        whole = len(arm.trials) * results.study.seeds * arm.arm.cell.iterations
        anew = [some for some in (arm.tuned, arm.untuned) if some is not None]
        rows.append(
            (
                arm.arm.label,
                *(str(found[state]) for state in states),
                f"{arm.iterations:,}",
                f"{100 * arm.iterations / whole:.0f} %" if whole else "-",
                duration(arm.seconds),
                f"{sum(some.iterations for some in anew):,}",
                duration(sum(some.seconds for some in anew)) if anew else "-",
            )
        )
    heads = ("", *states, "updates", "share", "time", "retrained: updates", "time, retrained")
    return simple_table(heads, rows, caption="Trials by state, and what they cost")


def trials_table(results: StudyResults) -> Table:
    """Return the table of each arm's best complete trials."""
    rows: list[tuple[str, ...]] = []
    for arm in results.arms:
        objective = arm.arm.objective
        complete = [trial for trial in arm.trials if trial.state == "complete"]
        sign = 1 if objective.minimize else -1
        complete.sort(key=lambda trial: (sign * trial.result, trial.number))
        rows += [
            (
                arm.arm.label,
                str(trial.number),
                number(trial.value, objective),
                choice_words(trial.params),
            )
            for trial in complete[:_BEST]
        ]
    objective = results.arms[0].arm.objective
    return simple_table(
        ("", "trial", "value", "choice"),
        rows,
        stubs=2,
        caption=f"The best trials by {objective.name}",
    )


def importance_table(results: StudyResults) -> Table:
    """Return the table of each field's share in the spread of the objective."""
    return Table(
        caption="The share of each field in the spread of the objective",
        stubs=("field",),
        columns=tuple((arm.arm.label, kind) for arm in results.arms for kind in _KINDS),
        rows=tuple(
            (
                (field,),
                tuple(
                    entry(_share(arm.importances.get(kind, {}).get(field)))
                    for arm in results.arms
                    for kind in _KINDS
                ),
            )
            for field in results.study.space
        ),
    )


def number(value: float | None, objective: Objective) -> str:
    """Return a value of the objective as it is printed."""
    return "-" if value is None else f"{value:.{objective.decimals}f}"


def retrained(found: Retrained | None, objective: Objective) -> str:
    """Return results on fresh seeds: mean, interval, number of seeds, and how many are lost."""
    if found is None or found.interval is None:
        return "-" if found is None or not found.lost else f"{found.lost} did not train"
    lost = f", {found.lost} lost" if found.lost else ""
    return f"{_interval(found.interval, objective)}{lost}"


def _interval(found: Interval, objective: Objective) -> str:
    mean = number(found.mean, objective)
    if found.low is None or found.high is None:
        return f"{mean} (1)"
    return f"{mean} ± {number((found.high - found.low) / 2, objective)} ({found.n})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
