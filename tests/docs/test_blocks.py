"""Blocks are tables of reports, from published records."""

import re

import pytest
from generator import sources
from generator.blocks import KINDS, Blocks
from generator.markers import MarkerError
from sgbench.results.store.published import open_published


@pytest.fixture
def write(tmp_path):
    """Writes a block of a page in the folder of the docs."""
    blocks = Blocks(tmp_path / "docs", tmp_path / "docs" / "exhibits" / "page.md")

    def write(text):
        return blocks.write(text.split())

    write.asked = blocks.asked
    return write


def entry(table, row, column):
    """An entry of a Markdown table, by a text in its row's first columns and in its head."""
    head, _, *rows = [line.split(" | ") for line in table.splitlines() if line.startswith("|")]
    [n] = [n for n, name in enumerate(head) if column in name]
    [found] = [cells[n] for cells in rows if row in " | ".join(cells[:3])]
    return found.replace("\N{NO-BREAK SPACE}", " ")


def test_a_table_has_our_mean_and_the_papers_number_and_says_the_protocol_once(write):
    table = write("table table1 quick dataset=mnist,network=fcn,seed<3,depth=6")
    values = [
        r.test_error
        for r in open_published().scan()
        if (r.exhibit, r.scale, r.rule, r.depth, r.sg_layers) == ("table1", "quick", "dni", 6, 2)
    ]
    found = entry(table, "6", "<br>DNI")
    assert found.startswith(f"{sum(values) / len(values):.2f} ± ")
    assert "paper 4.3" in found
    assert table.count("Not comparable") == 1
    assert "not comparable" not in found


def test_tables_are_of_what_was_run_only(write):
    assert "CIFAR" not in write("table table1 quick")
    assert "not run" not in write("claims table1 quick")
    with pytest.raises(MarkerError, match="no claim of bp_lambda"):
        write("claims bp_lambda quick")
    with pytest.raises(MarkerError, match="depths of M"):
        write("models two_networks quick")


def test_verdicts_stay_where_they_can_be_judged(write):
    assert "inconclusive" in write("table table1 paper")
    assert "Not comparable" not in write("table table1 paper")


def test_places_are_there_whether_they_were_run_or_not(write):
    found = write("places dfa paper")
    assert "paper 1.60 ± 0.06" in entry(found, "| 3", "bprop")
    assert found.count("paper ") == 15
    assert write("places dfa paper depth=8").count("paper ") == 3
    assert "not comparable" not in write("places table1 quick dataset=mnist")


def test_a_figure_is_asked_for_and_linked_from_where_the_page_is(write):
    line = write("figure table1 quick depths-mnist seed<3")
    path = re.fullmatch(r"!\[.+\]\((.+)\)", line)[1]
    assert path == "../figures/table1-quick-depths-mnist-seed-3.png"
    assert list(write.asked) == ["table1-quick-depths-mnist-seed-3.png"]


def test_two_figures_of_a_page_have_texts_of_their_own(write):
    texts = [
        re.match(r"!\[(.+?)\]", write(f"figure p_update quick {name}-mnist-fcn"))[1]
        for name in ("population", "updates")
    ]
    assert texts[0] != texts[1]
    assert "updates of a layer" in texts[1]


def test_comparisons_that_the_paper_has_no_numbers_for_are_ours(write):
    table = write("claims deep quick")
    assert table.count("(ours)") == 6
    assert "about 2 % | MNIST |" in table
    assert "1 of the paper's claims and 6 comparisons of ours" in table
    assert write("claims table1 quick").count("(ours)") == 1  # DNI against top_only


def test_code_in_tables_is_code(write):
    assert "`p_update`" in write("exhibits")
    assert "\\`" not in write("verbs")


@pytest.mark.parametrize("kind", ["table", "ours", "models", "claims", "medians", "intermediate"])
def test_every_kind_says_what_it_needs(write, kind):
    with pytest.raises(MarkerError, match="EXHIBIT SCALE"):
        write(kind)
    with pytest.raises(MarkerError, match="table9"):
        write(f"{kind} table9 quick")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_it_is(kind):
    assert KINDS[kind].__doc__


def test_a_page_can_stand_before_its_first_record(write, monkeypatch):
    """Claims, places and figures of what was not run say so."""
    monkeypatch.setattr(sources, "records", lambda: ())
    for cached in (sources.whole, sources.selection, sources.claim_results):
        cached.cache_clear()
    try:
        found = write("comparisons beyond quick")
        assert found.count("not run") == 12
        assert "not run" in write("places beyond quick")
        assert "Nothing is published" in write("figure beyond quick ladder-mnist-fcn")
        assert write.asked == {}
    finally:
        for cached in (sources.whole, sources.selection, sources.claim_results):
            cached.cache_clear()


def test_what_rules_wait_for_needs_no_records(write):
    table = write("waits beyond quick")
    assert "the network's output" in entry(table, "DFA", "a hidden layer waits for")
    assert entry(table, "DFA", "locking") == "forward, update"
    with pytest.raises(MarkerError, match="wait for the same"):
        write("waits sg_scale quick")
