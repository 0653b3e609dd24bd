"""The answers on top of a page, counted from made-up tallies and records."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.answers import answers, at_the_papers_protocol, elsewhere, the_rest
from sgbench.reports.analysis.evidence.details import details
from sgbench.reports.analysis.overview import CLAIMS, OURS, PLACES, Ran, Tally, tally
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reproductions.exhibits.exhibit import expand

YEAR = 365 * 86400


def made(exhibit="table1", scale="paper", *, run=4, seeds=(1, 1), left=YEAR, **verdicts):
    rules = {"DNI": Ran(run=run, wanted=12, seeds=seeds, datasets=("MNIST",))} if run else {}
    named = {"places": PLACES, "claims": CLAIMS, "ours": OURS}
    return Tally(
        exhibit=exhibit, title=f"{exhibit.capitalize()}: words", short=exhibit.capitalize(),
        scale=scale, run=run, in_part=0,
        wanted=12, verdicts={named[kind]: counts for kind, counts in verdicts.items()}, rules=rules,
        planned=3, left=left,
    )  # fmt: skip


def said(tallies):
    return {answer.question: answer.words for answer in answers(tallies)}


def test_what_reproduces_is_counted_and_ours_does_not_count():
    words = said([made(places={"inconclusive": 1, "not run": 3}, ours={"reproduced": 5})])
    first = words["What of the paper reproduces?"]
    assert first.startswith("Nothing yet. ")
    assert "4 numbers are to be judged; 1 number has some of its seeds, all inconclusive." in first
    decided = said([made(places={"not reproduced": 1}), made("table2", places={"reproduced": 2})])
    first = decided["What of the paper reproduces?"]
    assert first == "At the paper's own protocol, places: 2 of 3 reproduced, 1 not reproduced."


def test_orders_elsewhere_are_told_from_ours_with_their_seeds():
    some = [
        made(scale="quick", seeds=(2, 3), claims={"same way round": 2, "not comparable": 7},
             ours={"undecided": 1, "other way round": 1}),
        made("deep", "quick", seeds=(3, 3), claims={"undecided": 1, "not run": 4}),
        made(scale="tenth", claims={"not comparable": 4}),
    ]  # fmt: skip
    words = elsewhere(some)
    assert "Scale quick (2 to 3 seeds)" in words
    assert "of the paper's orders that ran, 2 same way round and 1 undecided (of 3)" in words
    assert "of ours, 1 other way round and 1 undecided (of 2)" in words
    assert "tenth" not in words  # where nothing is an order
    assert elsewhere([made()]) == ""


def test_the_rest_is_told_exhibit_by_exhibit_the_longest_first():
    some = [made(left=3600), made("table2", left=2 * YEAR), made("deep", left=None)]
    words = the_rest([*some, made("p_update", run=12, left=0), made("sg_scale", "quick", left=9)])
    assert "about 2.0 years: Table2 2.0 years and Table1 1 h." in words
    assert "Unknown: Deep." in words
    assert "P_update" not in words
    assert the_rest([made(run=12)]) == ""
    assert the_rest([made(left=None)]) == ""


def test_what_the_planned_seeds_hardly_reproduce_is_told_beside_the_cost(begun):
    first, second = begun
    words = the_rest([replace(first, left=YEAR), replace(second, left=YEAR)])
    assert "for Table 1 (MNIST FCN DNI: power below 1 %; MNIST FCN no-bprop: power 2 %" in words
    assert "before the end" not in words
    assert "will not decide" not in the_rest([made()])


def test_whether_dni_reproduces_on_mnist_is_asked_first(table1, make):
    cells = [c for c in expand(table1, "paper", seeds=1) if (c.network, c.depth) == ("fcn", 3)]
    selection = select(table1, "paper", [make.record(c, scale="paper") for c in cells])
    found = answers([], details(selection, places(selection)))
    assert found[0].question == "Does DNI reproduce on MNIST?"
    assert found[0].words == "Not known: 1 of its 18 runs at the paper's own protocol are done."


def test_questions_without_an_answer_are_left_out():
    assert list(said([made(scale="quick", claims={"not comparable": 1})])) == []
    assert answers([]) == []


def ran(table1, table2, make, keep, seeds=1):
    cells = expand(table1, "paper", seeds=seeds)
    records = [make.record(c, scale="paper") for c in cells if c.rule == "no_bprop" and keep(c)]
    tallies = []
    for exhibit in (table1, table2):
        selection = select(exhibit, "paper", records)
        tallies.append(tally(selection, details(selection, places(selection))))
    return tallies


@pytest.fixture
def begun(table1, table2, make):
    return ran(table1, table2, make, lambda c: c.dataset == "mnist" and c.network == "fcn")


def test_what_has_run_is_said_by_rule_and_seeds_and_what_has_not(table1, table2, make, begun):
    one = begun
    words = at_the_papers_protocol(one)
    assert f"4 of {324 + 205} training runs" in words
    assert "4 of no-bprop's 36 in Table 1 (all MNIST FCN, 1 of 3 seeds each)" in words
    assert "not run: top only, bprop, DNI and cDNI in Table 1; all of Table 2" in words

    more = ran(table1, table2, make, lambda c: c.seed < 1 + (c.dataset == "mnist"), seeds=4)
    words = at_the_papers_protocol(more)
    assert "18 of no-bprop's 36 in Table 1 (all MNIST FCN, " in words
    assert "CIFAR-10 CNN, 1 to 2 of 3 seeds each)" in words

    first = [replace(tally, in_part=20) if tally.exhibit == "table2" else tally for tally in one]
    words = at_the_papers_protocol(first)
    assert "the first part of 20 of 205 in Table 2" in words
    assert "all of Table 2" not in words

    further = ran(table1, table2, make, lambda c: c.seed >= 3, seeds=4)  # 3 are declared
    assert "not known" in at_the_papers_protocol(further)
    assert at_the_papers_protocol([replace(one[0], scale="quick")]) == ""


def test_other_papers_are_answered_apart_and_counted_nowhere_else():
    own = made(places={"not run": 3})
    other = replace(
        made("dfa", run=5, places={"reproduced": 1, "not run": 14}, ours={"not run": 2}),
        paper="Someone 2016",
    )
    alone, both = said([own]), said([own, other, replace(other, scale="quick")])
    words = both.pop("And other papers?")
    assert both == alone
    assert words == (
        "Dfa (Someone 2016): 5 of 12 training runs at its protocol have been made; places:"
        " 1 of 15 reproduced, 14 not run."
    )
    unrun = said([own, replace(other, run=0)])["And other papers?"]
    assert unrun == "Dfa (Someone 2016): 0 of 12 training runs at its protocol have been made."
