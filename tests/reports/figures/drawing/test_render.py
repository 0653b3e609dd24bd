"""Figures as files: every form, and what is awkward to draw."""

import io
import re

import matplotlib.image
import pandas as pd
import pytest
from sgbench.reports.figures.drawing.render import _figure, _tied, render
from sgbench.reports.figures.drawing.style import SHEETS

NAN = float("nan")
LONG = "feedback alignment with a label that is as long as those of rules of one's own may be"
RULES = {f"{LONG} {n}": "#0173b2" for n in range(6)}
AWKWARD = {
    "plain": lambda d: d.drawing(d.line(), d.line("1"), marks=(150.0,)),
    "a panel without lines": lambda d: d.drawing(d.line(), columns=("p", "q")),
    "one seed": lambda d: d.drawing(d.line(low=NAN, high=NAN)),
    "no error left": lambda d: d.drawing(d.line(mean=0.0, low=0.0)),
    "an interval below zero": lambda d: d.drawing(d.line(low=[-9.0, -1.0])),
    "the paper's number": lambda d: d.drawing(d.line(paper=[NAN, 1.0])),
    "a sweep of one value": lambda d: d.drawing(
        d.line(x=[10.0], mean=[1.0], low=[0.5], high=[2.0]), x_log=True, bars=True
    ),
    "cosines": lambda d: d.drawing(d.line(mean=[-0.2, 0.9]), y_log=False),
    "a long title": lambda d: d.drawing(d.line(), title=f"{LONG}, {LONG}"),
    "a long legend": lambda d: d.drawing(
        *(d.line(rule, rule=rule) for rule in RULES), shaded=False, colors=RULES
    ),
    "many panels": lambda d: d.drawing(
        *(d.line(column=rule, rule=rule) for rule in RULES), columns=tuple(RULES), colors=RULES
    ),
}


def pixels(drawing):
    content = render(drawing, ["png"])["png"]
    return matplotlib.image.imread(io.BytesIO(content), format="png")[..., :3]


@pytest.mark.parametrize("name", AWKWARD)
def test_it_is_drawn_within_its_size(draft, name, recwarn):
    svg = render(AWKWARD[name](draft), ["svg"])["svg"].decode()
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
    assert width == pytest.approx(7.2 * 72)
    assert not re.search(r"\b(nan|inf)\b", svg.partition("<defs>")[2])
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("name", ["plain", "a long title", "a long legend", "many panels"])
def test_nothing_is_cut_off_at_the_edges(draft, name):
    picture = pixels(AWKWARD[name](draft))
    for edge in (picture[:4], picture[-4:], picture[:, :4], picture[:, -4:]):
        assert edge.min() == 1.0


@pytest.mark.parametrize("name", ["a long title", "a long legend", "many panels"])
def test_long_words_take_more_lines(draft, name):
    assert len(pixels(AWKWARD[name](draft))) > len(pixels(AWKWARD["plain"](draft)))


def test_more_panels_than_a_row_holds_are_wrapped(draft):
    names = [str(n) for n in range(7)]
    lines = [draft.line(column=name) for name in names]
    few = pixels(draft.drawing(*lines[:5], columns=tuple(names[:5])))
    many = pixels(draft.drawing(*lines, columns=tuple(names)))
    assert len(many) > 1.3 * len(few)


def test_every_form_twice_gives_the_same_bytes(draft):
    drawing = AWKWARD["plain"](draft)
    first, second = (render(drawing, ["png", "svg", "pdf"]) for _ in range(2))
    assert first == second
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert {form: first[form][: len(start)] for form, start in starts.items()} == starts


def test_the_users_style_does_not_matter(draft):
    import matplotlib as mpl

    drawing = AWKWARD["plain"](draft)
    expected = render(drawing, ["svg"])
    with mpl.rc_context({"lines.linewidth": 9.0, "axes.facecolor": "red", "font.size": 30}):
        assert render(drawing, ["svg"]) == expected
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", AWKWARD)
def test_for_a_paper_it_is_a_column_wide(draft, name, recwarn):
    svg = render(AWKWARD[name](draft), ["svg"], "paper")["svg"].decode()
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
    assert width == pytest.approx(3.25 * 72)
    assert not [str(warning.message) for warning in recwarn]


def test_for_a_paper_the_fonts_are_truetype_and_the_words_are_metadata(draft):
    drawing = draft.drawing(draft.line(), title="A finding", notes=("How it was made.",))
    paper, screen = (render(drawing, ["pdf"], sheet)["pdf"] for sheet in ("paper", "screen"))
    assert b"/FontFile2" in paper
    assert b"/Type3" not in paper
    assert b"/Type3" in screen
    for content in (paper, screen):
        assert b"A finding" in content
        assert b"How it was made." in content


def test_for_a_paper_panels_are_two_a_row(draft):
    lines = [draft.line(column=str(n)) for n in range(4)]
    drawing = draft.drawing(*lines, columns=tuple("0123"))
    grids = [_figure(drawing, SHEETS[name]).axes[0].get_gridspec() for name in SHEETS]
    assert [(grid.nrows, grid.ncols) for grid in grids] == [(1, 4), (2, 2)]


def test_the_legend_has_the_lines_the_references_and_the_paper(draft):
    line = draft.line("4", paper=[NAN, 1.0])
    references = pd.DataFrame(
        {"row": "", "column": "p", "line": "4", "rule": ["bp"], "label": "bprop", "y": [1.7]}
    )
    drawing = draft.drawing(line, references=references, colors={"dni": "#d55e00", "bp": "#0173b2"})
    (legend,) = _figure(drawing, SHEETS["screen"]).legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["layers:", "4", "bprop", "the paper"]


def test_the_papers_marker_has_a_line_in_the_legend_only_where_one_is_drawn(draft):
    def handle(paper):
        one = draft.drawing(draft.line(paper=paper), paper_label="the paper")
        (legend,) = _figure(one, SHEETS["screen"]).legends
        return legend.legend_handles[-1].get_linestyle()

    assert handle([NAN, 1.0]) == "None"
    assert handle([2.0, 1.0]) != "None"


def test_the_last_number_of_a_list_stays_with_its_and():
    assert _tied("at depth 3 and 4 and more") == "at depth 3 and\N{NO-BREAK SPACE}4 and more"
