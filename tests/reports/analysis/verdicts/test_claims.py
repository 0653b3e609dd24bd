"""Claims: paired tests, adjusted by Holm, each with its verdict."""

import statistics
from dataclasses import replace

import pytest
import scipy.stats
from reference import locking as staged
from reference.population import BOTH, UPDATE
from reference.reports import cells_of, rows_of
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims, unreproduced
from sgbench.reports.analysis.wording import at
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.results.statistics.place_verdict import MORE_SEEDS

MINUS = "\N{MINUS SIGN}"


def holm(pvalues):
    order = sorted(range(len(pvalues)), key=pvalues.__getitem__)
    adjusted, worst = [0.0] * len(pvalues), 0.0
    for rank, n in enumerate(order):
        worst = max(worst, min(1.0, (len(pvalues) - rank) * pvalues[n]))
        adjusted[n] = worst
    return adjusted


def p_by_hand(claim, sides, margin, grain):
    """The p of a claim on error percentages, from the results of its sides."""
    alternative = "greater" if claim.kind in ("above", "grows") else "less"
    extra = (grain**2 / 12) if grain else 0.0
    if len(sides) == 1 or claim.pairing == "paired":
        values = sides[0]
        if len(sides) == 2:
            values = [left - right for left, right in zip(*sides, strict=True)]
            extra *= 2
        if len(sides) == 1 and claim.over is not None:
            extra /= 5  # the squares of depths 3 to 6 about 4.5: a slope weighs its results
        n = len(values)
        error = ((statistics.variance(values) + extra) / n) ** 0.5
        freedom, excess = n - 1, statistics.mean(values) - margin
    else:
        parts = [(statistics.variance(side) + extra) / len(side) for side in sides]
        error = sum(parts) ** 0.5
        freedom = len(sides[0]) - 1
        excess = statistics.mean(sides[0]) - statistics.mean(sides[1]) - margin
    t = excess / error
    return float(scipy.stats.t.sf(t if alternative == "greater" else -t, freedom))


def test_claims_are_tested_as_declared_and_adjusted_by_holm(table1, make):
    def kept(cell):
        return cell.dataset == "mnist" and cell.network == "fcn"

    records = make.grid(table1, "paper", kept, noise=0.4)
    rows = claims(select(table1, "paper", records))
    assert len(rows) == 17
    error = {(r.depth, r.rule, r.sg_layers, r.seed): r.test_error for r in records}
    raw = []
    for row in rows:
        if row.test.place["dataset"] != "mnist" or "cnn" in row.test.place.values():
            assert (row.verdict, row.p) == ("not run", None)
            raw.append(1.0)  # of the family, run or not
            continue
        claim, sides = row.test.claim, []
        if claim.over is not None:
            left = row.test.left
            sides = [
                [
                    statistics.linear_regression(
                        (3, 4, 5, 6),
                        [error[d, left["rule"], left["sg_layers"], seed] for d in (3, 4, 5, 6)],
                    ).slope
                    for seed in range(3)
                ]
            ]
        else:
            sides = [
                [error[s["depth"], s["rule"], s["sg_layers"], seed] for seed in range(3)]
                for s in (row.test.left, row.test.right)
            ]
        assert row.sides == tuple(pytest.approx(side) for side in sides)
        raw.append(p_by_hand(claim, sides, row.test.margin, 0.01))
    adjusted = holm(raw)
    for row, p in zip(rows, adjusted, strict=True):
        if row.verdict != "not run":
            assert row.p == pytest.approx(p, rel=1e-6)
            word = "confirmed" if row.ours else "reproduced"
            assert (row.verdict == word) == (row.p < 0.05)
            assert bool(row.decides) == (row.verdict == "inconclusive")
    assert {row.verdict for row in rows} == {"reproduced", "confirmed", "inconclusive", "not run"}
    fine = ("reproduced", "confirmed")
    assert unreproduced(rows) == [row for row in rows if row.verdict not in fine]


def test_a_family_is_what_is_declared_run_or_not(table1, make):
    """What is left out by not running it is not left out of Holm's adjustment."""

    def deep(cell):
        return (cell.dataset, cell.network, cell.depth) == ("mnist", "fcn", 6)

    found = {r.test.claim.name: r for r in claims(select(table1, "paper", make.grid(
        table1, "paper", lambda c: deep(c) and c.rule in ("dni", "cdni"), noise=0.1)))
        if r.p is not None}  # fmt: skip
    (row,) = found.values()
    assert row.test.claim.name == "cdni-beats-dni-deep"
    raw = p_by_hand(row.test.claim, row.sides, 0.0, 0.01)
    assert row.p == pytest.approx(17 * raw)


def test_the_grain_of_a_slope_is_in_its_own_unit(table1, table2, make):
    """Slopes that agree are as exact as their results are, over all values of the field."""
    found = claims(select(table1, "paper", [
        make.record(cell, make.typical(cell))
        for cell in expand(table1, "paper")
        if (cell.dataset, cell.network, cell.rule) == ("mnist", "fcn", "cdni")
    ]))  # fmt: skip
    slope = next(r for r in found if r.test.claim.name == "cdni-does-not-grow" and r.values)
    assert slope.values == pytest.approx([-0.1] * 3)
    error = 0.01 / (12 * 5 * 3) ** 0.5
    expected = len(found) * scipy.stats.t.cdf((-0.1 - 0.1) / error, 2)
    assert slope.p == pytest.approx(expected)

    grows = next(claim for claim in table1.claims if claim.name == "dni-grows")
    grows = replace(grows, where={}, left={"rule": "bptt"}, over="T")
    longest = {2: 23, 3: 28, 4: 33, 5: 39}  # rungs of a ladder, 4.5 to 6 steps of T_task wide
    records = [
        make.record(cell, longest[cell.T], scale="paper", exhibit="table2")
        for cell in expand(table2, "paper")
        if (cell.dataset, cell.rule) == ("repeat_copy", "bptt")
    ]
    found = claims(select(replace(table2, claims=(grows,)), "paper", records))
    slope = next(r for r in found if r.values)
    assert slope.values == pytest.approx([5.3] * 5)
    grains = zip((-1.5, -0.5, 0.5, 1.5), (4.5, 5.0, 5.5, 6.0), strict=True)
    error = sum((off * width / 5) ** 2 for off, width in grains) ** 0.5 / (12 * 5) ** 0.5
    assert slope.p == pytest.approx(len(found) * scipy.stats.t.sf(5.3 / error, 4))


def test_the_contrary_of_a_claim_is_not_reproduced(table1, make):
    def fields(cell):
        deep = (cell.dataset, cell.network, cell.depth) == ("mnist", "fcn", 6)
        return deep and cell.rule in ("dni", "cdni")

    records = [
        make.record(cell, (8.0 if cell.rule == "cdni" else 2.0) + 0.01 * cell.seed**2)
        for cell in expand(table1, "paper")
        if fields(cell)
    ]
    rows = claims(select(table1, "paper", records))
    row = next(row for row in rows if row.test.claim.name == "cdni-beats-dni-deep")
    assert row.verdict == "not reproduced"
    assert row.p > 0.95


def test_differences_without_a_spread_say_so(table1, make, monkeypatch):
    """No test decides what a text's bits do, where every seed has the same: t is infinite."""
    monkeypatch.setattr("sgbench.reports.analysis.verdicts.claims.grain", lambda dataset: 0.0)

    def fields(cell):
        deep = (cell.dataset, cell.network, cell.depth) == ("mnist", "fcn", 6)
        return deep and cell.rule in ("dni", "cdni")

    cells = [cell for cell in expand(table1, "paper") if fields(cell)]
    records = [make.record(cell, 3.0 if cell.rule == "cdni" else 8.0) for cell in cells]
    rows = claims(select(table1, "paper", records))
    row = next(row for row in rows if row.test.claim.name == "cdni-beats-dni-deep")
    assert set(row.values) == {-5.0}
    assert (row.verdict, row.p) == ("inconclusive", 1.0)
    assert row.decides == "the seeds do not differ, so that no test can tell"


def test_claims_on_an_unfinished_grid_wait_for_the_planned_seeds(table1, make):
    rows = claims(select(table1, "demo", []))
    assert {row.verdict for row in rows} == {"not run"}
    one = make.grid(table1, "paper", lambda cell: cell.seed == 0)
    rows = claims(select(table1, "paper", one))
    assert {(row.verdict, row.p, len(row.values), row.decides) for row in rows} == {
        ("inconclusive", None, 1, "2 declared seeds to come")
    }
    some = make.grid(table1, "paper", lambda cell: cell.rule != "cdni" or cell.seed < 2)
    found = {r.test.claim.name: r for r in claims(select(table1, "paper", some))}
    waiting = found["cdni-beats-dni-deep"]
    assert (len(waiting.values), waiting.p, waiting.verdict) == (2, None, "inconclusive")
    assert waiting.decides == "1 declared seed to come"
    assert found["dni-grows"].p is not None


def test_further_seeds_do_not_count(table1, make):
    cells = cells_of(table1, "paper", seeds=9, dataset="mnist", network="fcn", depth=6)
    records = [make.record(c, make.typical(c) + 0.1 * c.seed) for c in cells]
    first = [r for r in records if r.seed < 3]
    expected = claims(select(table1, "paper", first))
    assert claims(select(table1, "paper", records)) == expected
    further = [make.record(c, 99.0, status="diverged") for c in cells if c.seed == 8]
    assert claims(select(table1, "paper", [*first, *further])) == expected


def test_equal_seeds_are_decided_by_the_grain_of_an_error(table1, make):
    records = [
        make.record(cell, make.typical(cell))
        for cell in expand(table1, "paper")
        if (cell.dataset, cell.network) == ("mnist", "fcn")
    ]
    rows = [r for r in claims(select(table1, "paper", records)) if r.verdict != "not run"]
    found = {(r.test.claim.name, r.test.place.get("depth")): r.verdict for r in rows}
    assert found["cdni-beats-dni-deep", None] == "reproduced"
    assert found["cdni-near-backprop", 6] == "reproduced"


def test_away_from_the_papers_scale_orders_are_all_there_is(table1, make):
    def gaps(up):
        """cDNI far below DNI, and DNI above or below backprop."""

        def error(cell):
            return {"backprop": 5.0, "dni": 9.0 if up else 4.0, "cdni": 3.0}.get(cell.rule, 20.0)

        cells = [c for c in expand(table1, "quick") if (c.dataset, c.network) == ("mnist", "fcn")]
        return [make.record(c, error(c) + 0.01 * (c.seed + c.depth % 2)) for c in cells]

    for up, word in ((True, "same way round"), (False, "other way round")):
        rows = [r for r in claims(select(table1, "quick", gaps(up))) if r.verdict != "not run"]
        found = {r.test.claim.name: (r.verdict, r.p is not None) for r in rows}
        assert found == {
            "cdni-beats-dni-deep": ("same way round", True),
            "dni-differs-from-backprop": (word, True),
            "dni-beats-top-only": ("same way round", True),
            "cdni-near-backprop": ("not comparable", False),
            "dni-grows": ("not comparable", False),
            "cdni-does-not-grow": ("not comparable", False),
            "no-bprop-grows": ("not comparable", False),
        }
        assert "not reproduced" not in {r.verdict for r in rows}
        tested = [r for r in rows if r.p is not None]
        raw = min(p_by_hand(r.test.claim, r.sides, 0.0, 0.01) for r in tested)
        assert min(r.p for r in tested) == pytest.approx(17 * raw)  # all that is declared
        lost = {r.test.claim.name for r in unreproduced(rows)}
        assert ("dni-differs-from-backprop" in lost) == (not up)
        assert "cdni-beats-dni-deep" not in lost
    few = [r for r in gaps(True) if r.seed == 0]
    rows = [r for r in claims(select(table1, "quick", few)) if r.test.is_order]
    assert {r.verdict for r in rows} == {"undecided", "not run"}


def test_a_claim_that_names_several_configurations_is_an_error(table1, make):
    claim = next(claim for claim in table1.claims if claim.kind == "below")
    vague = replace(claim, where={"network": "fcn"}, each=("dataset",))
    with pytest.raises(UsageError, match=r"table1\.toml: claim .*must leave one"):
        claims(select(replace(table1, claims=(vague,)), "demo", []))


def records_of(two_networks, make, scale, values, seeds):
    """Records with `values` of B by rule and seed; A's are a tenth."""
    return [
        make.record(cell, values[cell.rule][cell.seed], scale=scale, exhibit="two_networks")
        for cell in expand(two_networks, scale, seeds=seeds)
    ]


def test_a_claim_compares_the_result_that_it_names(two_networks, make):
    values = {
        "end_to_end": [31.0, 32.0, 30.0, 31.0, 31.0],
        "no_feedback": [65.0, 66.5, 64.0, 65.0, 65.0],
        "dni": [33.0, 34.5, 31.0, 33.0, 33.0],
    }
    rows = claims(select(two_networks, "paper", records_of(two_networks, make, "paper", values, 5)))
    by_name = {row.test.claim.name: row for row in rows}
    assert set(by_name) == {"dni-feeds-back", "dni-near-end-to-end", "dni-costs-a-nothing"}
    b, a = by_name["dni-feeds-back"], by_name["dni-costs-a-nothing"]
    assert b.values == pytest.approx([-32.0, -32.0, -33.0, -32.0, -32.0])
    assert a.values == pytest.approx([-3.2, -3.2, -3.3, -3.2, -3.2])
    assert (b.paper, a.paper) == ((33, 65), (5.6, 5.6))
    near = by_name["dni-near-end-to-end"]
    assert near.values == pytest.approx([2.0, 2.5, 1.0, 2.0, 2.0])
    left, right = values["dni"], [v + 5.0 for v in values["end_to_end"]]
    t = scipy.stats.ttest_ind(left, right, equal_var=False).statistic  # declared unpaired
    raw = scipy.stats.t.cdf(t, 4)
    assert raw * 0.999 <= near.p <= 3.001 * raw
    assert {row.verdict for row in rows} == {"reproduced"}


def test_a_claim_compares_two_values_of_p_update(small_population, make):
    def records(gap):
        return [
            make.network(cell, 2.2 + (gap if cell.p_update < 1 else 0) + 0.01 * cell.seed)
            for cell in expand(small_population, "paper")
            if cell.p_update in (0.2, 1)
        ]

    shifted = [
        replace(r, test_error=r.test_error + (0.002 if (r.seed, r.p_update) == (1, 1.0) else 0))
        for r in records(0.1)
    ]
    selection = select(small_population, "paper", shifted)
    rows = [row for row in claims(selection) if row.test.claim.kind == "below"]
    assert [at(selection.exhibit, row.test.place) for row in rows] == [
        f"MNIST {what} {rule}" for rule in ("DNI", "cDNI") for what in (UPDATE, BOTH)
    ]
    assert [row.verdict for row in rows] == [
        "confirmed" if row.ours else "reproduced" for row in rows
    ]
    assert rows[0].values == pytest.approx((0.1, 0.098))
    assert rows[0].paper == (2.5, 2.2)
    page = build(small_population, "paper", shifted, ("md",)).files["p_update-paper.md"].decode()
    page = page.replace("\\", "")
    assert "DNI p_update = 0.2 2.31, DNI p_update = 1 2.21<br>" in page
    assert "paper DNI p_update = 0.2 2.5, DNI p_update = 1 2.2<br>" in page


@pytest.mark.parametrize(
    ("scale", "errors", "verdict"),
    [
        ("paper", [2.0, 2.01], "reproduced"),
        ("paper", [2.4, 2.5], "inconclusive"),
        ("paper", [3.0, 3.01], "not reproduced"),
        ("quick", [2.0], "not comparable"),  # on another schedule
        ("quick", [3.0], "not comparable"),
    ],
)
def test_a_level_is_reached(small_population, make, scale, errors, verdict):
    fields = ("cdni", "both", 0.2)
    cells = [
        cell
        for cell in expand(small_population, scale)
        if (cell.rule, cell.decoupled, cell.p_update) == fields
    ]
    records = [make.network(cell, e) for cell, e in zip(cells, errors, strict=True)]
    selection = select(small_population, scale, records)
    (row,) = (row for row in claims(selection) if row.test.claim.kind == "reaches")
    assert row.values == tuple(errors)
    assert (row.test.margin, row.means, row.verdict) == (
        2.5,
        (pytest.approx(statistics.mean(errors)),),
        verdict,
    )
    if scale == "paper":
        error = ((statistics.variance(errors) + 0.01**2 / 12) / 2) ** 0.5
        less = scipy.stats.t.cdf((statistics.mean(errors) - 2.5) / error, 1)
        assert row.p == pytest.approx(min(1, 5 * less))  # a family of five
    else:
        assert row.p is None
    report = build(small_population, scale, records, ("md", "csv"))
    page = report.files[f"p_update-{scale}.md"].decode()
    assert f"mean {statistics.mean(errors):.2f}" in page
    assert "claimed \\< 2.5" in page
    assert ("Orders are of this schedule" in page) == (verdict == "not comparable")
    line = next(
        r for r in rows_of(report, f"p_update-{scale}-claims.csv") if r["kind"] == "reaches"
    )
    assert (line["rule"], line["decoupled"], line["p_update"]) == ("cdni", "both", "0.2")
    assert (line["margin"], line["verdict"]) == ("2.5", verdict)


def unlocked(locking, rates, name="a-straggler-leaves-the-unlocked"):
    """The claim's result where updates a second with and without a straggler are as given."""
    cells = expand(locking, "demo", seeds=1)
    test = next(t for t in locking.claim_tests("demo") if t.claim.name == name)
    records = []
    for side, values in zip((test.left, test.right), rates, strict=True):
        (cell,) = [c for c in cells if c.has(side)]
        records += [
            staged.record(cell.replace(seed=n), "demo", steps_per_second=value)
            for n, value in enumerate(values)
        ]
    (found,) = [r for r in claims(select(locking, "demo", records)) if r.test.claim.name == name]
    return found


def test_a_quantity_within_its_margin_is_two_one_sided_tests(locking):
    family = len(locking.claim_tests("demo"))
    found = unlocked(locking, ([101.0, 100.9], [100.0, 100.0]))
    assert found.values == (pytest.approx(1.0), pytest.approx(0.9))
    t = (5 - 0.95) / (statistics.stdev(found.values) / 2**0.5)  # the nearer bound
    assert found.p == pytest.approx(family * scipy.stats.t.sf(t, 1))
    assert (found.verdict, found.ours, found.why_not) == ("confirmed", True, "")
    assert found.means == (pytest.approx(100.95), 100.0)


def test_a_quantity_beyond_its_margin_on_either_side_is_contradicted(locking):
    for slower in ([70.0, 70.1], [140.0, 140.1]):
        assert unlocked(locking, (slower, [100.0, 100.0])).verdict == "contradicted"
    close = unlocked(locking, ([97.0, 91.0], [100.0, 100.0]))
    assert (close.verdict, close.decides) == ("inconclusive", MORE_SEEDS)


def test_a_slope_within_its_margin_is_relative_to_what_is_expected(locking):
    records = staged.records(locking, "demo", scatter=0.001)
    rows = {r.test.claim.name: r for r in claims(select(locking, "demo", records))}
    found = rows["locked-waits-for-the-round-trip"]
    rate = {(r.delay, r.seed): r.steps_per_second for r in records if r.schedule == "locked"
            and r.stages == 2 and r.straggler == 1}  # fmt: skip
    for seed, value in enumerate(found.values):
        line = statistics.linear_regression(
            (0, 3, 30), [1000 / rate[d, seed] for d in (0.0, 3.0, 30.0)]
        )
        assert value == pytest.approx(100 * (line.slope / 2 - 1))
    assert len(found.means) == 3
    page = build(locking, "demo", records, ("md",)).files["locking-demo.md"].decode()
    assert "slope over delay / 2 - 1: " in page.replace("\\", "")
    assert "claimed within ±5 %" in page


def test_what_waits_for_no_schedule_is_judged_at_every_scale(locking):
    """A margin elsewhere is not comparable away from the paper's scale."""
    records = staged.records(locking, "demo", scatter=0.001)
    rows = {r.test.claim.name: r for r in claims(select(locking, "demo", records))}
    assert rows["targets-30-ms-late-cost-little"].verdict in ("confirmed", "inconclusive")
    assert {r.verdict for r in rows.values()} <= {"confirmed", "contradicted", "inconclusive"}
