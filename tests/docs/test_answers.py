"""What README answers first is counted here without the generator, or from made-up places."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from generator import answers, sources
from sgbench.reports.analysis.verdicts.claims import SAME_WAY
from sgbench.reports.analysis.verdicts.planned import planned
from sgbench.reports.analysis.verdicts.planned import words as planned_words
from sgbench.results.store.published import open_published


def at_the_papers_protocol(exhibit="table1"):
    return [
        record
        for record in open_published().scan()
        if (record.exhibit, record.scale) == (exhibit, "paper") and record.status != "partial"
    ]


def place(verdict, n=0):
    interval = SimpleNamespace(n=n) if n else None
    return SimpleNamespace(seeds=3, verdict=verdict, interval=interval)


def test_rules_without_a_run_at_the_papers_protocol_are_named():
    labels = {"backprop": "bprop", "dni": "DNI", "cdni": "cDNI", "no_bprop": "no-bprop"}
    there = {record.rule for record in at_the_papers_protocol()}
    for rule, label in labels.items():
        clause = answers.untrained().replace(",", "").split()
        assert (label in clause) == (rule not in there)


def test_runs_name_rule_network_and_seeds():
    phrases = answers.runs().split("; ")
    there = {(r.rule, r.dataset, r.network) for r in at_the_papers_protocol()}
    whole = [phrase for phrase in phrases if "table1" in phrase and "the first" not in phrase]
    assert len(whole) == len(there)
    assert any("no-bprop on the MNIST FCN" in phrase for phrase in phrases)
    assert any("no-bprop on the MNIST FCN (`table1`: 4 depths, " in phrase for phrase in phrases)
    assert all(" of 3 seeds each" in phrase for phrase in whole)


def test_first_iterations_are_held_against_numbers_and_bounds_apart(monkeypatch):
    def median(ours, paper, censored=False, verdict="inconclusive"):
        return SimpleNamespace(
            found=SimpleNamespace(mean=ours, n=1),
            paper=SimpleNamespace(value=paper, censored=censored, at=0.01),
            cell=SimpleNamespace(iterations=500_000, rule="cdni"),
            seeds=5,
            verdict=verdict,
        )

    some = [median(4.0, 3.0), median(2.0, 3.0)]
    monkeypatch.setattr(answers, "bins", lambda selection: some)
    words = answers.first_iterations()
    assert words.startswith("after 5,000 iterations of `p_update` (Figures 5 and 6) the median")
    assert "error of cDNI is above the paper's in 1 of 2 places that the figures show" in words
    assert "(0.7 to 1.3 times the paper's)" in words
    assert words.endswith("and 0 of 2 are not reproduced")
    some += [median(8.0, 3.0, verdict="not reproduced"), median(9.0, 6.0, censored=True)]
    some += [median(9.0, 6.0, censored=True, verdict="reproduced")]
    words = answers.first_iterations()
    assert "in 2 of 3 places" in words
    assert "and 1 of 3 are not reproduced; of 2 more the figures show a lower bound" in words
    assert words.endswith("only, and 1 of 2 are reproduced")
    assert answers.first_ratios() == "0.7 to 2.7 times"


def test_numbers_before_the_end_are_counted_by_verdict(monkeypatch):
    verdicts = ["reproduced", "inconclusive", "inconclusive", "not run"]
    some = [SimpleNamespace(verdict=verdict) for verdict in verdicts]
    monkeypatch.setattr(answers, "intermediate", lambda selection: some)
    assert answers.before_the_end() == "of 4 numbers 1 reproduced and 2 inconclusive"
    monkeypatch.setattr(answers, "intermediate", lambda selection: some[3:])
    assert answers.before_the_end() == "of 1 numbers none is known"


def test_planned_power_is_that_of_the_dry_run():
    whole = sources.whole("table1", "paper")
    (sentence,) = planned_words(planned(whole.exhibit, "paper", whole.cells))
    told = answers.planned_power()
    for rule in ("DNI", "no-bprop"):
        power = sentence.partition(f"MNIST FCN {rule}: power ")[2].split(";")[0].split(" (")[0]
        assert power
        assert f"{power} for {rule}" in told


def test_no_run_is_none_and_a_rule_that_ran_is_not_missing(monkeypatch):
    found = {name: sources.whole(name, "paper") for name in ("table1", "table2")}
    none = {name: replace(one, frame=one.frame[:0]) for name, one in found.items()}
    monkeypatch.setattr(answers.sources, "of_the_paper", lambda: tuple(none))
    monkeypatch.setattr(answers.sources, "whole", lambda name, scale: none[name])
    assert answers.runs() == "none"
    assert "no-bprop" in answers.untrained()
    assert answers.done("table1") == "nothing has been trained at the paper's protocol"


@pytest.mark.parametrize(
    ("some", "words"),
    [
        (
            [place("not run"), place("not run")],
            "Not known: 0 of its 6 runs (2 networks \N{MULTIPLICATION SIGN} 3 seeds)",
        ),
        ([place("inconclusive", 1), place("not run")], "Not known: 1 of its 6 runs"),
        (
            [place("reproduced", 3), place("not reproduced", 3)],
            "Of its 2 numbers 1 reproduced and 1 not reproduced; 6 of its 6 runs",
        ),
        ([place("reproduced", 3), place("not run")], "Of its 2 numbers 1 reproduced; 3 of its 6"),
    ],
)
def test_places_are_summed_up(some, words):
    assert answers.of_places(some).startswith(words)


def test_orders_of_the_paper_are_told_from_ours():
    whole = [r for r in sources.claim_results("deep", "quick") if r.verdict in answers.ORDERS]
    assert whole
    assert all(result.ours for result in whole)
    ours = int(answers.orders(*answers.ORDERS, ours=True))
    assert ours >= len(whole)
    assert int(answers.orders(SAME_WAY)) <= int(answers.orders(*answers.ORDERS))


def test_lengths_are_compared_pair_by_pair():
    means = {}
    for r in open_published().scan():
        if (r.exhibit, r.scale) == ("table2", "quick") and r.seed < 2 and r.longest is not None:
            means.setdefault((r.dataset, r.T, r.rule), []).append(r.longest)
    pairs = {key[:2] for key in means if key[2] == "bptt"}
    pairs &= {key[:2] for key in means if key[2] == "dni"}
    gaps = [sum(means[(*pair, "dni")]) - sum(means[(*pair, "bptt")]) for pair in pairs]
    longer, shorter = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    assert answers.lengths().startswith(f"of {len(gaps)} pairs")
    assert f"longer in {longer}, BPTT's in {shorter}, and" in answers.lengths()
