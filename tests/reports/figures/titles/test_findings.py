"""Titles: what the data support, and nothing else."""

import math
from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.store.published import open_published


def titles(exhibit, scale, records):
    """The titles of the drawings by the names of their figures."""
    drawings = series.drawings(select(exhibit, scale, records), records)
    return {drawing.name: drawing.title for drawing in drawings}


def fcn(cell):
    return cell.network == "fcn" and cell.dataset in ("digits", "mnist")


def with_cosines(records, cosines, until=None):
    """The records with these cosines, by rule, at every evaluation or those `until` one."""
    found = []
    for r in records:
        new = {"sg_cosine": [cosines[r.rule]] * (r.depth - 1)} if r.sg_layers is not None else {}
        curve = [{**point, **new} for point in r.curve[:until]]
        found.append(replace(r, curve=[*curve, *r.curve[len(curve) :]]))
    return found


def test_the_order_of_rules_and_how_errors_grow(table1, make):
    records = make.grid(table1, "demo", fcn)
    title = titles(table1, "demo", records)["depths-digits"]
    assert title.startswith("digits after 400 iterations: test error ")
    assert "grows with depth for no-bprop, top only and DNI" in title


def test_nothing_is_claimed_of_results_that_do_not_differ(table1, make):
    cells = [cell for cell in expand(table1, "demo") if fcn(cell)]
    records = [
        make.record(cell, 5.0 + (cell.seed + len(cell.rule) * cell.depth) % 3) for cell in cells
    ]
    assert titles(table1, "demo", records)["depths-digits"] == "digits: test error by depth"


def test_one_seed_supports_no_order(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.depth == 3 and c.seed == 0)
    assert titles(table1, "demo", records)["depths-digits"] == "digits: test error by depth"


def test_the_settings_of_which_it_holds_are_named(table1, make):
    cells = [cell for cell in expand(table1, "demo") if fcn(cell) and cell.depth < 5]
    best = {"backprop": 1.0}
    records = [make.record(c, best.get(c.rule, 5.0) + c.seed / 10) for c in cells]
    title = titles(table1, "demo", records)["depths-digits"]
    assert "is lowest with bprop at depth 3 and 4" in title
    worse = [
        replace(r, test_error=9.0) if (r.rule, r.seed) == ("backprop", 0) else r for r in records
    ]
    assert "lowest" not in titles(table1, "demo", worse)["depths-digits"]


@pytest.mark.parametrize(
    ("dni", "cdni", "said"),
    [
        (0.05, 0.7, ("cDNI's synthetic gradients align with the true ones", "DNI's hardly do")),
        (0.7, 0.05, ("DNI's synthetic gradients align", "cDNI's hardly do")),
        (0.3, 0.3, ("DNI's and cDNI's synthetic gradients partly align",)),
        (-0.1, 0.1, ("DNI's and cDNI's synthetic gradients hardly align", "\N{MINUS SIGN}0.10")),
    ],
)
def test_cosines_are_put_into_words_as_they_are(table1, make, dni, cdni, said):
    records = with_cosines(make.grid(table1, "demo", fcn), {"dni": dni, "cdni": cdni})
    title = titles(table1, "demo", records)["cosines-digits-fcn"]
    assert all(part in title for part in said)
    assert title.endswith(", at this schedule")  # which is not the paper's


def test_cosines_on_both_sides_of_a_level_say_nothing(table1, make):
    records = with_cosines(make.grid(table1, "demo", fcn), {"dni": 0.19, "cdni": 0.7})
    mixed = [r if r.seed else with_cosines([r], {"dni": 0.21, "cdni": 0.49})[0] for r in records]
    assert titles(table1, "demo", mixed)["cosines-digits-fcn"].endswith("by layer")


def test_a_title_is_of_the_end_of_training_alone(table1, make):
    records = with_cosines(make.grid(table1, "demo", fcn), {"dni": 0.05, "cdni": 0.7})
    early = with_cosines(records, {"dni": 0.9, "cdni": 0.9}, until=-1)
    before, after = (
        titles(table1, "demo", some)["cosines-digits-fcn"] for some in (records, early)
    )
    assert before == after


def test_an_optimum_of_a_sweep_is_given_by_rule(make):
    exhibit = load("sg_scale")
    best = {"dni": 10, "cdni": 1000}
    records = []
    for cell in expand(exhibit, "demo", seeds=4):
        error = 3.0 + abs(math.log10(cell.sg_scale / best[cell.rule])) + cell.seed / 100
        records.append(make.record(cell, error, exhibit="sg_scale"))
    (title,) = titles(exhibit, "demo", records).values()
    assert title.endswith("validation error is lowest at S = 10 for DNI and 1,000 for cDNI")


def test_the_longest_task_is_counted_against_the_baselines(table2, make):
    solved = {"bptt": 5, "dni": 5, "dni_aux": 7}

    def level(cell):
        shorter = (cell.dataset, cell.T, cell.rule) == ("copy", 3, "dni")
        return 1 if shorter else solved[cell.rule] + cell.seed

    cells = [c for c in expand(table2, "quick") if c.dataset in ("copy", "repeat_copy")]
    records = [make.record(c, level(c), scale="quick", exhibit="table2") for c in cells]
    title = titles(table2, "quick", records)["lengths-lstm"]
    assert title == (
        "LSTM after 2,000 iterations: DNI's mean is longer than BPTT's in 0 of 8 places, shorter in"
        " 1; DNI+Aux's in 8, shorter in 0 (2 seeds)"
    )


def test_two_networks_that_do_not_differ_keep_a_plain_title(two_networks, make):
    cells = expand(two_networks, "quick")
    records = [make.record(c, 30.0 + c.seed, scale="quick", exhibit="two_networks") for c in cells]
    found = titles(two_networks, "quick", records)
    assert found["b-two_lstms"] == "two LSTMs: error of network B"


@pytest.mark.parametrize("name", ["table1", "deep"])
def test_the_title_of_published_records_holds_for_every_seed(name):
    exhibit = load(name)
    records = [r for r in open_published().scan() if r.status == "ok"]
    title = titles(exhibit, "quick", records)["depths-mnist"]
    assert "is lowest with bprop at depth" in title
    selection = select(exhibit, "quick", records)
    shown = [n for n, cell in enumerate(selection.cells) if selection.fixed(cell)]
    frame = selection.frame[selection.frame["configuration"].isin(shown)]
    for _, part in frame[frame["network"] == "fcn"].groupby("depth"):
        mine = part["rule"] == "backprop"
        assert part.loc[mine, "test_error"].max() < part.loc[~mine, "test_error"].min()
