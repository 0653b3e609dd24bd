"""Made-up drawings: test modules cannot import one another."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sgbench.reports.figures.spec import Drawing


def line(label: str = "0", column: str = "p", **changes: Any) -> pd.DataFrame:
    """Return a line of two points in the panel `column`."""
    values = {
        "x": [100.0, 200.0], "mean": [3.0, 2.0], "low": [2.5, 1.5], "high": [3.5, 2.5],
        "paper": float("nan"), "row": "", "column": column, "line": label, "rule": "dni",
    }  # fmt: skip
    return pd.DataFrame({**values, **changes})


def seeds(lines: pd.DataFrame, values: list[list[float]]) -> pd.DataFrame:
    """Return the seeds of a line: the y of each seed at its points."""
    each = [lines.assign(seed=n, y=y) for n, y in enumerate(values)]
    return pd.concat(each)[["row", "column", "line", "rule", "seed", "x", "y"]]


def drawing(*lines: pd.DataFrame, columns: tuple[str, ...] = ("p",), **changes: Any) -> Drawing:
    """Return a drawing of some lines."""
    data = pd.concat(lines)
    names = {"row": [""], "column": columns, "line": list(dict.fromkeys(data["line"]))}
    for name, categories in names.items():
        data[name] = pd.Categorical(data[name], categories=categories, ordered=True)
    values = {
        "name": "n",
        "title": "T",
        "legend": "layers",
        "x_label": "iterations",
        "y_label": "error (%)",
        "x_log": False,
        "y_log": True,
        "bars": False,
        "shaded": True,
        "mark_label": "drops",
        "paper_label": "the paper",
        "colors": {"dni": "#d55e00"},
        "data": data.reset_index(drop=True),
        "notes": ("A note that is long enough for two lines. " * 6,),
    }
    for name in ("seeds", "references"):
        if name in changes:
            dtypes = {of: data[of].dtype for of in names}
            changes[name] = changes[name].astype(dtypes).reset_index(drop=True)
    return Drawing(**{**values, **changes})


@pytest.fixture
def draft() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(line=line, seeds=seeds, drawing=drawing)
