"""The words and tables of a study's report, for a page and for a terminal."""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ...results.metrics import Objective
from ...results.statistics.intervals import Interval
from ..analysis.study_results import LEVEL, ArmResults, Retrained, StudyResults, command
from ..console.terminal import count, duration
from ..tables.exhibit import p_value
from ..tables.table import Grid, entry, escape_markdown, markdown_table, plain, text_table

_BEST = 5  # trials of an arm that are listed
_OUTCOME = (
    "Best trial: the mean over its seeds on the validation split, best of all trials and so too"
    " good to be true. Tuned and as it is: that choice and the exhibit's own protocol, trained anew"
    " on seeds that no trial had, on the test split: mean ± half-width of the 95 % Student-t"
    " interval (number of seeds). p is one-sided, paired by seed. Verdict: better where p is below"
    f" {LEVEL}, otherwise keep the protocol as it is, which the first trial tries, too."
)
_VERDICTS = {"better": "better", "keep": "keep the protocol", None: "-"}
_BUDGET = (
    "Expected best of k trials: the mean over all subsets of k of the trials that have a value"
    " (a pruned trial's is where it was given up, a diverged one's the worst there is), as if they"
    " had been drawn in any order."
)
_COST = (
    "Updates of all cells of all trials (those of the winner and of the protocol as it is, trained"
    " anew, apart); share: of what every trial trained to its end would have taken."
)
_IMPORTANCE = (
    "The share of each field in the spread of the objective over complete trials, by fANOVA and by"
    " the mean decrease of impurity (MDI) of random forests. A dash: not of all trials, or not"
    " searched; no table: one field, or fewer than four results that differ."
)


def markdown(tuned: StudyResults, pictures: Iterable[tuple[str, str]]) -> str:
    """Return the whole page in Markdown; `pictures` (file, title) lie beside it."""
    study = tuned.study
    blocks = [f"# Study {escape_markdown(study.name)}", _items(_declaration(tuned))]
    for name, grid, note in _grids(tuned):
        blocks += [f"## {name}", markdown_table(grid).rstrip(), escape_markdown(note)]
    if commands := _commands(tuned):
        lines = "\n".join(line for _, line in commands)
        blocks += ["## Train a winner", f"```\n{lines}\n```"]
    shown = [f"![{escape_markdown(title)}]({file})" for file, title in pictures]
    blocks += ["## Figures", *shown, escape_markdown(_BUDGET)] if shown else []
    return "\n\n".join(blocks) + "\n"


def text(tuned: StudyResults) -> str:
    """Return the report for a terminal."""
    blocks = [plain(f"study {tuned.study.name}"), "\n".join(map(plain, _declaration(tuned)))]
    blocks += [f"{name}\n{text_table(grid).rstrip()}" for name, grid, _ in _grids(tuned)]
    if commands := _commands(tuned):
        lines = (f"{label}: {line}" for label, line in commands)
        blocks.append("train a winner\n" + "\n".join(map(plain, lines)))
    return "\n\n".join(blocks) + "\n"


def outcome_lines(tuned: StudyResults, more: Sequence[str] = ()) -> list[str]:
    """Return what there is to say when a study has ended: a few lines an arm.

    `more` are options that commands need beside the study's own: its store, its data.
    """
    lines: list[str] = []
    for told in tuned.arms:
        states = Counter(trial.state for trial in told.trials)
        words = ", ".join(f"{number} {state}" for state, number in states.items())
        lines.append(
            f"{told.arm.label}: {count(len(told.trials), 'trial')} ({words}), {_cost(told)}"
        )
        if told.winner is None:
            lines.append("  no trial is complete")
            continue
        objective, winner = told.arm.objective, told.winner
        lines.append(
            f"  best is trial {winner.number}: {_number(winner.value, objective)}"
            f" {objective.unit} {objective.name}, {choice(winner.params)}"
        )
        if told.tuned is not None and told.untuned is not None:
            lines.append(
                f"  {objective.tested_name} on fresh seeds: {_fresh(told.tuned, objective)}, the"
                f" protocol as it is {_fresh(told.untuned, objective)}"
            )
            if told.verdict_words:
                lines.append(f"  {told.verdict_words}")
            if told.verdict != "keep":
                words = [*command(tuned.study, told.arm, winner), *more]
                lines.append(f"  {shlex.join(words)}")
    return lines


def choice(params: Any) -> str:
    """Return a trial's choice in words."""
    words = (f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
    return " ".join(words)


def _declaration(tuned: StudyResults) -> list[str]:
    study = tuned.study
    lines = [
        f"of {study.exhibit} at scale {study.scale}"
        + (f", where {study.where}" if study.where else "")
        + (f", with {', '.join(study.set)}" if study.set else ""),
        f"space: {' '.join(f'{field}={text}' for field, text in study.space.items())}",
        f"budget: {count(study.trials, 'trial')} each of {count(study.seeds, 'seed')},"
        f" sampler {study.sampler}, pruner {study.pruner}",
    ]
    for told in tuned.arms:
        if told.arm.dropped:
            lines.append(f"{told.arm.label}: {', '.join(told.arm.dropped)} does not apply")
        lost = Counter(t.state for t in told.trials if t.state in ("failed", "open"))
        lines += [f"{told.arm.label}: {count(n, 'trial')} {state}" for state, n in lost.items()]
    return lines


def _grids(tuned: StudyResults) -> list[tuple[str, Grid, str]]:
    found = [
        ("Outcome", _outcome(tuned), _OUTCOME),
        ("Cost", _costs(tuned), _COST),
        ("Best trials", _trials(tuned), "The value on the validation split, and what was chosen."),
    ]
    if any(told.importances for told in tuned.arms):
        found.append(("Importance", _importance(tuned), _IMPORTANCE))
    return found


def _outcome(tuned: StudyResults) -> Grid:
    rows: list[tuple[tuple[str, ...], tuple[Any, ...]]] = []
    for told in tuned.arms:
        objective, gain = told.arm.objective, told.gain
        shown = "-" if gain is None else _interval(gain[0], objective)
        rows.append(
            (
                (told.arm.label,),
                (
                    entry(_number(told.winner and told.winner.value, objective)),
                    entry(_fresh(told.tuned, objective)),
                    entry(_fresh(told.untuned, objective)),
                    entry(shown),
                    entry("-" if gain is None else p_value(gain[1])),
                    entry(_VERDICTS[told.verdict]),
                ),
            )
        )
    objective = tuned.arms[0].arm.objective
    return Grid(
        caption=objective.tested_name,
        stubs=("",),
        columns=(
            (f"best trial, {objective.name}",),
            (f"tuned, {objective.tested_name}",),
            ("as it is",),
            ("difference",),
            ("p",),
            ("verdict",),
        ),
        rows=tuple(rows),
    )


def _costs(tuned: StudyResults) -> Grid:
    rows: list[tuple[tuple[str, ...], tuple[Any, ...]]] = []
    for told in tuned.arms:
        states = Counter(trial.state for trial in told.trials)
        cells = len(told.trials) * tuned.study.seeds
        whole = cells * told.arm.cell.iterations
        anew = [f for f in (told.tuned, told.untuned) if f is not None]
        rows.append(
            (
                (told.arm.label,),
                (
                    *(
                        entry(str(states[name]))
                        for name in ("complete", "pruned", "diverged", "failed")
                    ),
                    entry(f"{told.iterations:,}"),
                    entry(f"{100 * told.iterations / whole:.0f} %" if whole else "-"),
                    entry(duration(told.seconds)),
                    entry(f"{sum(f.iterations for f in anew):,}"),
                    entry(duration(sum(f.seconds for f in anew)) if anew else "-"),
                ),
            )
        )
    names = ("complete", "pruned", "diverged", "failed", "cell-iterations", "share", "time")
    return Grid(
        caption="cost",
        stubs=("",),
        columns=(*((name,) for name in names), ("anew: cell-iterations",), ("time, anew",)),
        rows=tuple(rows),
    )


def _trials(tuned: StudyResults) -> Grid:
    rows: list[tuple[tuple[str, ...], tuple[Any, ...]]] = []
    for told in tuned.arms:
        objective = told.arm.objective
        complete = [trial for trial in told.trials if trial.state == "complete"]
        sign = 1 if objective.minimize else -1
        complete.sort(key=lambda trial: (sign * (trial.value or 0.0), trial.number))
        for trial in complete[:_BEST]:
            stub = (told.arm.label, str(trial.number))
            rows.append(
                (stub, (entry(_number(trial.value, objective)), entry(choice(trial.params))))
            )
    return Grid(
        caption="best trials",
        stubs=("", "trial"),
        columns=(("value",), ("choice",)),
        rows=tuple(rows),
    )


def _importance(tuned: StudyResults) -> Grid:
    kinds = ("fANOVA", "MDI")
    rows = [
        (
            (field,),
            tuple(
                entry(_share(told.importances.get(kind, {}).get(field)))
                for told in tuned.arms
                for kind in kinds
            ),
        )
        for field in tuned.study.space
    ]
    columns = tuple((told.arm.label, kind) for told in tuned.arms for kind in kinds)
    return Grid(caption="importance", stubs=("field",), columns=columns, rows=tuple(rows))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _commands(tuned: StudyResults) -> list[tuple[str, str]]:
    return [
        (told.arm.label, shlex.join(command(tuned.study, told.arm, told.winner)))
        for told in tuned.arms
        if told.winner is not None
    ]


def _items(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escape_markdown(line)}" for line in lines)


def _cost(told: ArmResults) -> str:
    return f"{told.iterations:,} cell-iterations, {duration(told.seconds)}"


def _number(value: float | None, objective: Objective) -> str:
    return "-" if value is None else f"{value:.{objective.decimals}f}"


def _interval(found: Interval, objective: Objective) -> str:
    mean = _number(found.mean, objective)
    if found.low is None or found.high is None:
        return f"{mean} (1)"
    return f"{mean} ± {_number((found.high - found.low) / 2, objective)} ({found.n})"


def _fresh(found: Retrained | None, objective: Objective) -> str:
    if found is None or found.interval is None:
        return "-" if found is None or not found.lost else f"{found.lost} did not train"
    lost = f", {found.lost} lost" if found.lost else ""
    return f"{_interval(found.interval, objective)}{lost}"
