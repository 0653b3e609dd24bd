"""A study's report: from its file and the records to files, and to the text for the terminal.

    report = build(study_results(study, records), ("md", "csv", "png"))

The same study and records give the same bytes.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...bench.errors import UsageError, did_you_mean
from ..analysis.study_results import StudyResults
from . import tuning_page as page
from .report import FORMATS, IMAGES, Report


def build(tuned: StudyResults, formats: Sequence[str] = FORMATS) -> Report:
    """Return the report of a study, of FORMATS but tex. Raises UsageError where one is unknown."""
    known = tuple(form for form in FORMATS if form != "tex")
    for form in formats:
        if form not in known and form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}{did_you_mean(form, known)}")
    stem, files = f"tune-{tuned.study.name}", dict[str, bytes]()
    pictures: list[tuple[str, str]] = []
    if images := [form for form in IMAGES if form in formats]:
        from ..figures import tuning as figures  # matplotlib

        for name, title, content in figures.drawn(tuned, images):
            for form, data in content.items():
                files[f"{stem}-{name}.{form}"] = data
            pictures.append((f"{stem}-{name}.{images[0]}", title))
    if "md" in formats:
        files[f"{stem}.md"] = page.markdown(tuned, pictures).encode()
    if "csv" in formats:
        files[f"{stem}.csv"] = _trials_csv(tuned).encode()
        files[f"{stem}-budget.csv"] = _budget_csv(tuned).encode()
    return Report(text=page.text(tuned), files=dict(sorted(files.items())), unreproduced=())


def _trials_csv(tuned: StudyResults) -> str:
    lines: list[dict[str, Any]] = [
        {
            "study": tuned.study.name,
            "arm": told.arm.label,
            "trial": trial.number,
            "state": trial.state,
            "objective": told.arm.objective.name,
            "value": trial.value,
            **{field: trial.params.get(field) for field in tuned.study.space},
            "iterations": trial.iterations,
            "seconds": round(trial.seconds, 3),
            "cells": " ".join(record.id for record in trial.records),
        }
        for told in tuned.arms
        for trial in told.trials
    ]
    return pd.DataFrame(lines, dtype=object).to_csv(index=False, lineterminator="\n")


def _budget_csv(tuned: StudyResults) -> str:
    lines = [
        {"study": tuned.study.name, "arm": told.arm.label, "trials": k, "expected_best": value}
        for told in tuned.arms
        for k, value in enumerate(told.curve, start=1)
    ]
    frame = pd.DataFrame(lines, columns=["study", "arm", "trials", "expected_best"], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")
