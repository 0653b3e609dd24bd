"""The outcome of a study on a terminal: a few lines an arm, when it has ended."""

import shlex
from collections import Counter
from collections.abc import Sequence

from ..analysis.naming import count, duration
from ..analysis.study_results import StudyResults, choice_words, command
from ..tables.study import number, retrained


def outcome_lines(results: StudyResults, more: Sequence[str] = ()) -> list[str]:
    """Return the outcome of each arm: its trials, the best, and the command that trains it.

    Args:
        results: of the study.
        more: options that the commands need beside the study's own: its store, its data.
    """
    lines: list[str] = []
    for arm in results.arms:
        label, objective, winner = arm.arm.label, arm.arm.objective, arm.winner
        states = Counter(trial.state for trial in arm.trials)
        words = ", ".join(f"{found} {state}" for state, found in states.items())
        cost = f"{arm.iterations:,} updates, {duration(arm.seconds)}"
        lines.append(f"{label}: {count(len(arm.trials), 'trial')} ({words}), {cost}")
        if winner is None:
            lines.append("  no trial is complete")
            continue
        lines.append(
            f"  best is trial {winner.number}: {number(winner.value, objective)}"
            f" {objective.unit} {objective.name}, {choice_words(winner.params)}"
        )
        if arm.tuned is not None and arm.untuned is not None:
            lines.append(
                f"  {objective.tested_name} on fresh seeds: {retrained(arm.tuned, objective)}, the"
                f" untuned protocol {retrained(arm.untuned, objective)}"
            )
            if arm.verdict_words:
                lines.append(f"  {arm.verdict_words}")
            if arm.verdict != "keep":
                lines.append(f"  {shlex.join([*command(results.study, arm.arm, winner), *more])}")
    return lines
