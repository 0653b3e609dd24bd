"""A figure of claims as it is drawn: each number where it belongs."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.drawing.claim_rows import figure
from sgbench.reports.figures.drawing.render import render
from sgbench.reports.figures.spec import ClaimRow, ClaimsDrawing

ROW = ClaimRow(
    claim="one is below the other", label="MNIST", unit="difference (points)", bound=0.5,
    above=False, seeds=(-1.0, 0.25, 2.0), mean=0.4, low=None, high=None, paper=-0.2,
    verdict="undecided", color="#8f6400",
)  # fmt: skip
MANY = replace(ROW, label="CIFAR-10", seeds=(), low=-3.0, high=4.0, paper=None)
SLOPE = replace(ROW, claim="it grows", unit="slope over depth (points a layer)", above=True)
DRAWING = ClaimsDrawing(name="claims", title="Title", rows=(ROW, MANY, SLOPE), notes=("Caption.",))


def drawn(drawing=DRAWING, sheet="screen"):
    with style.style(style.SHEETS[sheet]):
        return figure(drawing, style.SHEETS[sheet])


def marked(axes, marker):
    return [
        np.asarray(line.get_xdata()).tolist() for line in axes.lines if line.get_marker() == marker
    ]


def test_a_panel_is_a_unit_and_a_row_has_all_of_its_numbers():
    first, second = drawn().axes
    assert (first.get_xlabel(), second.get_xlabel()) == (ROW.unit, SLOPE.unit)
    assert [label.get_text() for label in first.get_yticklabels()] == ["MNIST", "CIFAR-10"]
    assert marked(first, "o") == [[-1.0, 0.25, 2.0]]
    assert marked(first, "|") == [[0.4], [0.4]]
    assert marked(first, "D") == [[-0.2]]
    words = [text.get_text() for text in first.texts]
    assert words.count("undecided") == 2
    assert words.count(ROW.claim) == 1  # above its rows
    low, high = first.get_xlim()
    assert low < -3.0
    assert high > 4.0


def test_what_is_claimed_is_shaded_from_the_bound_on():
    first, second = drawn().axes
    for axes, above in ((first, False), (second, True)):
        shade = axes.collections[0].get_paths()[0].vertices[:, 0]
        assert (shade.min() if above else shade.max()) == pytest.approx(0.5)
        assert (shade.max() if above else shade.min()) == pytest.approx(axes.get_xlim()[above])


def test_the_legend_has_what_is_drawn():
    labels = [text.get_text() for text in drawn().legends[0].get_texts()]
    assert labels == ["mean", "a seed", "the paper", "bound of the claim"]
    alone = replace(DRAWING, rows=(MANY,))
    few = [text.get_text() for text in drawn(alone).legends[0].get_texts()]
    assert few == ["mean", "bound of the claim"]


def test_no_seed_is_hidden_behind_the_mean():
    axes = drawn().axes[0]
    lines = {line.get_marker(): line for line in axes.lines if len(line.get_xdata()) in (1, 3)}
    (seeds,) = {*lines["o"].get_ydata()}
    (mean,) = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "|"][:1]
    assert axes.transData.transform((0, seeds))[1] < axes.transData.transform((0, mean))[1] - 3


def test_a_grey_row_has_the_words_of_its_marks():
    grey = replace(DRAWING, rows=(replace(ROW, verdict="not comparable", color="#6b6b6b"),))
    page = render(grey, ("html",))["html"].decode()
    assert '["a seed",' in page
    assert '["mean",' in page
    assert '["the paper",' in page


def test_nothing_leaves_the_sheet_and_a_paper_has_neither_title_nor_caption():
    for sheet in style.SHEETS:
        whole = drawn(sheet=sheet)
        wide, renderer = whole.bbox.width, FigureCanvasAgg(whole).get_renderer()
        for text in (*whole.texts, *(t for axes in whole.axes for t in axes.texts)):
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1
            assert box.x1 <= wide + 1
        said = {text.get_text() for text in whole.texts}
        assert ("Title" in said) == ("Caption." in said) == (sheet == "screen")


def test_a_figure_of_claims_is_rendered_as_others_are():
    files = render(DRAWING, ("png", "svg", "html"))
    assert files["png"].startswith(b"\x89PNG")
    assert b"Caption." in files["svg"]
    page = files["html"].decode()
    assert '["a seed",' in page
    assert "MNIST" in page.partition("data-points='")[2].partition("'")[0]
