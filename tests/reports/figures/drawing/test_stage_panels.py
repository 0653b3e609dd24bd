"""Figures of networks in stages as pictures: every kind in every format, the same bytes again."""

import pytest
from reference import locking as staged
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.stages.rates import networks
from sgbench.reports.analysis.stages.simulated import beside, beyond
from sgbench.reports.figures.drawing.render import render
from sgbench.reports.figures.stages import drawings


@pytest.fixture(scope="module")
def made(locking):
    some = networks(select(locking, "demo", staged.records(locking, "demo")))
    found = drawings(some, [(n, beside(n)) for n in some], [(n, beyond(n)) for n in some])
    return {one.kind: one for one in found}


@pytest.mark.parametrize("kind", ["crossover", "shares", "timeline", "simulated"])
def test_each_kind_is_drawn(made, kind):
    files = render(made[kind], ("png", "html"))
    assert files["png"].startswith(b"\x89PNG")
    page = files["html"].decode()
    assert page.startswith("<svg ")
    if kind in ("crossover", "simulated"):
        assert "bprop locked" in page
    assert render(made[kind], ("png",))["png"] == files["png"]


def test_it_fits_a_column_of_a_paper(made):
    assert render(made["crossover"], ("pdf",), "paper")["pdf"].startswith(b"%PDF")
