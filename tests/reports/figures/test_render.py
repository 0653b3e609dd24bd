"""Pictures from made-up drawings: every form, and what is awkward to draw."""

import re

import pandas as pd
import pytest
from sgbench.reports.figures.render import render
from sgbench.reports.figures.spec import Drawing


def line(label="0", column="p", **changes):
    nan = float("nan")
    values = {
        "x": [100.0, 200.0], "mean": [3.0, 2.0], "low": [2.5, 1.5], "high": [3.5, 2.5],
        "paper": nan, "row": "", "column": column, "line": label, "rule": "dni",
    }  # fmt: skip
    return pd.DataFrame({**values, **changes})


def drawing(*lines, columns=("p",), **changes):
    data = pd.concat(lines)
    names = {"row": [""], "column": columns, "line": sorted(set(data["line"]))}
    for name, categories in names.items():
        data[name] = pd.Categorical(data[name], categories=categories, ordered=True)
    words = {
        "name": "n",
        "title": "T",
        "legend": "layers",
        "x_label": "iterations",
        "y_label": "error (%)",
        "x_log": False,
        "y_log": True,
        "bars": False,
        "shaded": True,
        "marks": (),
        "mark_label": "drops",
        "colors": {"dni": "#d55e00"},
        "paper_label": "the paper",
        "data": data.reset_index(drop=True),
        "notes": ("A note that is long enough for two lines. " * 6,),
    }
    return Drawing(**{**words, **changes})


NAN = float("nan")
AWKWARD = {
    "plain": drawing(line(), line("1"), marks=(150.0,)),
    "a panel without lines": drawing(line(), columns=("p", "q")),
    "one seed": drawing(line(low=NAN, high=NAN)),
    "no error left": drawing(line(mean=0.0, low=0.0)),
    "an interval below zero": drawing(line(low=[-9.0, -1.0])),
    "the paper's number": drawing(line(paper=[NAN, 1.0])),
    "a sweep of one value": drawing(
        line(x=[10.0], mean=[1.0], low=[0.5], high=[2.0]), x_log=True, bars=True
    ),
    "cosines": drawing(line(mean=[-0.2, 0.9]), y_log=False),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_svg_is_drawn_within_its_size(name, recwarn):
    svg = render(AWKWARD[name], ["svg"])["svg"].decode()
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
    assert width == pytest.approx(7.2 * 72)
    assert not re.search(r"\b(nan|inf)\b", svg.partition("<defs>")[2])
    assert not [str(warning.message) for warning in recwarn]


def test_every_form_twice_gives_the_same_bytes():
    first, second = (render(AWKWARD["plain"], ["png", "svg", "pdf"]) for _ in range(2))
    assert first == second
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert {form: first[form][: len(start)] for form, start in starts.items()} == starts


def test_the_users_style_does_not_matter():
    import matplotlib as mpl

    expected = render(AWKWARD["plain"], ["svg"])
    with mpl.rc_context({"lines.linewidth": 9.0, "axes.facecolor": "red", "font.size": 30}):
        assert render(AWKWARD["plain"], ["svg"]) == expected
        assert mpl.rcParams["font.size"] == 30
