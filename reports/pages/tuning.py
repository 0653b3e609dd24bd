"""A study's report: its outcome, cost, best trials and figures.

    report = build(study_results(study, records), ("md", "csv", "png"))

The same study and records give the same bytes.
"""

import shlex
from collections import Counter
from collections.abc import Sequence

from ..analysis.naming import count
from ..analysis.study_results import LEVEL, StudyResults, command
from ..tables import csv, study
from .page import Page, Section
from .report import FORMATS, Draft, Figure, Report, assemble, images

_OUTCOME = (
    "Best trial: the mean over its seeds on the validation split, best of all trials and so too"
    " good to be true. Tuned and untuned: that choice and the exhibit's own protocol, trained anew"
    " on seeds that no trial had, on the test split: mean ± half-width of the 95 % Student-t"
    " interval (number of seeds). p is one-sided, paired by seed. Verdict: better where p is below"
    f" {LEVEL}, otherwise keep the untuned protocol, which the first trial tries, too."
)
_BUDGET = (
    "Expected best of k trials: the mean over all subsets of k of the trials that have a value"
    " (a pruned trial's is where it was given up, a diverged one's the worst there is), as if they"
    " had been drawn in any order."
)
_COST = (
    "Updates: of all cells of all trials; share: of what every trial trained to its end would have"
    " taken. Retrained: the best trial's choice and the untuned protocol, on fresh seeds."
)
_TRIALS = "The value on the validation split, and what was chosen."
_IMPORTANCE = (
    "The share of each field in the spread of the objective over complete trials, by fANOVA and by"
    " the mean decrease of impurity (MDI) of random forests. A dash: not of all trials, or not"
    " searched; no table: one field, or fewer than four results that differ."
)


def build(results: StudyResults, formats: Sequence[str] = FORMATS, sheet: str = "screen") -> Report:
    """Return the report of a study. Raises UsageError where a format is unknown.

    `sheet` says where figures will stand (`figures.drawing.style.SHEETS`).
    """
    return assemble(draft(results, formats, sheet), formats)


def draft(results: StudyResults, formats: Sequence[str] = FORMATS, sheet: str = "screen") -> Draft:
    """Return what the report is made of; arguments and errors as of `build`."""
    figures: list[Figure] = []
    if forms := images(formats):
        from ..figures.tuning import drawn  # matplotlib

        figures = [
            Figure(name=name, title=title, content=content)
            for name, title, content in drawn(results, forms, sheet)
        ]
    tables = {"": csv.trials_csv(results), "-budget": csv.budget_csv(results)}
    page = Page(
        name=f"tune-{results.study.name}",
        title=f"Study {results.study.name}",
        lead=tuple(_declaration(results)),
        sections=tuple(_sections(results)),
        figure_notes=(_BUDGET,),
    )
    return Draft(page=page, figures=figures, tables=tables)


def _declaration(results: StudyResults) -> list[str]:
    """Return what the study searches and by what, and what of it is left out or unfinished."""
    declared = results.study
    lines = [
        f"Of {declared.exhibit} at scale {declared.scale}"
        + (f", where {declared.where}" if declared.where else "")
        + (f", with {', '.join(declared.set)}" if declared.set else "")
        + ".",
        f"Space: {' '.join(f'{field}={text}' for field, text in declared.space.items())}."
        f" Budget: {count(declared.trials, 'trial')} each of {count(declared.seeds, 'seed')},"
        f" sampler {declared.sampler}, pruner {declared.pruner}.",
    ]
    for arm in results.arms:
        if arm.arm.dropped:
            lines.append(f"{arm.arm.label}: {', '.join(arm.arm.dropped)} does not apply.")
        lost = Counter(t.state for t in arm.trials if t.state in ("failed", "open"))
        lines += [f"{arm.arm.label}: {count(n, 'trial')} {state}." for state, n in lost.items()]
    return lines


def _sections(results: StudyResults) -> list[Section]:
    found = [
        Section("outcome", "Outcome", study.outcome_table(results), notes=(_OUTCOME,)),
        Section("cost", "Cost", study.cost_table(results), notes=(_COST,)),
        Section("trials", "Best trials", study.trials_table(results), notes=(_TRIALS,)),
    ]
    if any(arm.importances for arm in results.arms):
        table = study.importance_table(results)
        found.append(Section("importance", "Importance", table, notes=(_IMPORTANCE,)))
    commands: list[str] = []
    for arm in results.arms:
        if arm.winner is not None:
            commands.append(f"# {arm.arm.label}")
            commands.append(shlex.join(command(results.study, arm.arm, arm.winner)))
    if commands:
        found.append(Section("commands", "Train a winner", commands=tuple(commands)))
    return found
