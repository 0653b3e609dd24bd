"""The verdicts' operating curve: how often each verdict is given, by the true difference.

    cd tests && python -m benchmarks.verdict_curve                 all tables
    cd tests && python -m benchmarks.verdict_curve --draws 500     sooner, and coarser

Prints Markdown tables. A share of draws is in percent; that of 20,000 which is 5 % in truth has a
standard error of 0.15. The paper's number is a run of the paper's process, rounded as the paper
rounds; *true difference* is our process's mean minus that of the paper's. *On the edge* is not of
processes: the number lies exactly a margin from our mean, below it or above, where `reproduced` and
`not reproduced` are both wrong; the worse side is shown. A place has one neighbour of the same
spread, unless a table says otherwise: those at an end of a row of the paper's table have one, the
others two.
"""

import argparse
import math
import statistics

import numpy as np
from benchmarks.results import clumped, normal, pools, resampled, uniform
from scipy.special import stdtr
from sgbench.reports.analysis.verdicts.judging import ALPHA
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.statistics.many_verdicts import answers, rounded
from sgbench.results.statistics.place_verdict import Target, judge
from sgbench.results.statistics.power import claim_power, place_power

SEEDS = (2, 3, 5, 10)
EDGE = "edge"
MEAN = 2000  # draws, by which the mean of what stands on a ladder is known
ROWS = 1000  # of places, whose means are taken at a time
PAIR_GRAIN = 0.01 * math.sqrt(2)
DIFFERENCES = (0.0, 1.0, 2.0, 4.0, EDGE)
VERDICTS = ("reproduced", "not reproduced", "inconclusive")
ONE = (1.0,)
"""By neighbour, its spread in that of the place: by default there is one, and they are alike."""
BESIDE = {
    "none": (),
    "one": ONE,
    "one of 3/4 the spread": (0.75,),
    "one of half the spread": (0.5,),
    "two": (1.0, 1.0),
}
POINTS = Target(value=0.0, margin=0.3, rounding=0.05)
RUNGS = Target(value=0.0, margin=1.0, grain=1.0)


def verdicts(draw, n, difference, like, grain, draws, seed=0, side=-1, beside=ONE):
    """Return the share of each verdict in percent.

    Args:
        draw: the process: (rng, shape) to results about a mean of 0.
        n: number of seeds.
        difference: of the two means in margins, or EDGE.
        like: a target with everything but its value.
        grain: of our results.
        draws: number of places that are judged.
        seed: of the draws.
        side: -1 where the number lies below our mean on the edge, 1 where it lies above.
        beside: by neighbour, its spread in that of the place.
    """
    rng = np.random.default_rng(seed)
    unit = grain if like.grain else 2 * like.rounding
    center = 10 + unit * rng.uniform(-0.5, 0.5, (draws, 1))
    values = rounded(center + draw(rng, (draws, n)), grain)
    if difference == EDGE:  # of what is rounded, where results stand on a ladder
        edge = latent(center, draw(rng, (1, MEAN)), grain) if like.grain else center[:, 0]
        papers = edge + side * like.margin
    else:
        theirs = center[:, 0] - difference * like.margin + draw(rng, draws)
        papers = rounded(theirs, like.grain or unit)
    scales = np.asarray(beside, dtype=float).reshape(1, -1, 1)
    near = rounded(scales * draw(rng, (draws, len(beside), n)), grain)
    found = answers(values, papers, like, grain=grain, neighbours=near)
    shares = (found.inside & found.drawn, found.outside & ~found.drawn)
    yes, no = (100 * float(share.mean()) for share in shares)
    return dict(zip(VERDICTS, (yes, no, 100 - yes - no), strict=True))


def latent(center, results, grain):
    """Return the mean of what is rounded, of results about each centre."""
    rows = (center[at : at + ROWS] for at in range(0, len(center), ROWS))
    return np.concatenate([rounded(some + results, grain).mean(axis=1) for some in rows])


def on_edge(draw, n, like, grain, draws, beside=ONE):
    """Return the shares of wrong verdicts on the edge, each on the side where it is greater."""
    both = [
        verdicts(draw, n, EDGE, like, grain, draws, side=side, beside=beside) for side in (-1, 1)
    ]
    return {name: max(found[name] for found in both) for name in VERDICTS}


def edge_rows(shapes, draws):
    """Yield rows on the edge by the shape of results: shape, seeds, and shares by neighbours."""
    for name, draw in shapes:
        for n in SEEDS:
            found = [on_edge(draw, n, POINTS, 0.01, draws, beside) for beside in BESIDE.values()]
            yield (name, str(n), *map(_shares, found))


def _shares(found):
    return f"{found['reproduced']:.1f} / {found['not reproduced']:.1f}"


def curve(processes, like, grain, draws):
    """Return the rows of a table: process, seeds, then three shares for each difference."""
    for name, draw, deviation in processes:
        for n in SEEDS:
            found = [verdicts(draw, n, d, like, grain, draws) for d in DIFFERENCES if d != EDGE]
            found.append(on_edge(draw, n, like, grain, draws))
            power = 100 * place_power(n, deviation, like, grain, len(ONE))
            yield (name, str(n), *map(_shares, found), f"{power:.1f}")


HEADINGS = (
    *("process", "seeds", "identical"),
    *(f"true difference: {margins}" for margins in ("1 margin", "2 margins", "4 margins")),
    *("on the edge", "planned power"),
)


def table(title, headings, rows):
    """Return a Markdown table."""
    lines = [f"**{title}**", "", f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def looking_again(draws, seed=0):
    """Return how often a number on the edge is called reproduced, in percent.

    By the planned three seeds; and by further seeds, up to seven, as long as nothing is decided.
    """
    rng = np.random.default_rng(seed)
    target = Target(value=0.3, margin=0.3, rounding=0.05)
    planned = again = 0
    for row in rng.normal(0, 0.1, (draws, 7)).round(2).tolist():
        looks = [judge(row[:n], target, grain=0.01).within for n in range(3, 8)]
        first = next((answer for answer in looks if answer != "undecided"), "undecided")
        planned += looks[0] != "undecided"
        again += first != "undecided"
    return 100 * planned / draws, 100 * again / draws


def family():
    """Return how many tests the claims of Table 1 make at the paper's scale."""
    return len(load("table1").claim_tests("paper"))


def families(draws, n=3, seed=0):
    """Return how often a family without a true claim has one reproduced, in percent, by test.

    By Holm that is where the least p, times the size of the family, is below 5 %. `Satterthwaite`
    is Welch's test with his degrees of freedom, which is not used. Exact tests are not simulated:
    their least p decides (`two_samples.least_unpaired`).
    """
    rng, size = np.random.default_rng(seed), family()
    left, right = (rng.normal(5, sd, (draws, size, n)).round(2) for sd in (0.9, 0.1))
    p = {
        "paired": paired_p(left - right),
        "Welch": welch_p(left, right),
        "Satterthwaite": satterthwaite(left, right),
    }
    return {name: 100 * float((size * some.min(axis=1) < ALPHA).mean()) for name, some in p.items()}


def paired_p(gaps):
    """Return the p of `paired_test`, that the mean is below 0, over the last axis."""
    n = gaps.shape[-1]
    error = np.hypot(gaps.std(axis=-1, ddof=1), PAIR_GRAIN / math.sqrt(12)) / math.sqrt(n)
    return stdtr(n - 1, gaps.mean(axis=-1) / error)


def welch_p(left, right):
    """Return the p of `welch_test`, that left's mean is below right's, over the last axis."""
    n = left.shape[-1]
    spreads = (np.hypot(some.std(axis=-1, ddof=1), 0.01 / math.sqrt(12)) for some in (left, right))
    error = np.hypot(*spreads) / math.sqrt(n)
    return stdtr(n - 1, (left.mean(axis=-1) - right.mean(axis=-1)) / error)


def satterthwaite(left, right):
    """Return the p of Welch's t-test by Satterthwaite's degrees of freedom, over the last axis."""
    n = left.shape[-1]
    parts = [side.var(axis=-1, ddof=1) / n for side in (left, right)]
    whole = np.maximum(sum(parts), 1e-12)
    freedom = whole**2 * (n - 1) / np.maximum(sum(part**2 for part in parts), 1e-24)
    return stdtr(freedom, (left.mean(axis=-1) - right.mean(axis=-1)) / np.sqrt(whole))


def claim_rows(draws, seed=0):
    """Yield rows on a paired claim of such a family: planned power and how often it is found."""
    rng, level = np.random.default_rng(seed), ALPHA / family()
    for deviation, effect in ((0.05, 0.5), (0.1, 0.5), (0.2, 0.5), (0.5, 2.5), (1.0, 2.7)):
        for n in (3, 5, 10):
            values = rng.normal(-effect, deviation, (draws, n)).round(2)
            hits = (paired_p(values) < level).sum()
            planned = claim_power(n, deviation, effect, level)
            yield (
                f"{deviation:g}", f"{effect:g}", f"{n}", f"{100 * planned:.1f}",
                f"{100 * hits / draws:.1f}",
            )  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=20_000)
    draws = parser.parse_args().draws

    def show(title, headings, rows):
        print(table(title, headings, rows), flush=True)

    some = [(f"sd {sd:g}", normal(sd), sd) for sd in (0.04, 0.1, 0.2, 0.4, 0.75)]
    title = "Share of verdicts, in percent: margin 0.3 points, rounded to 0.1"
    show(title, HEADINGS, curve(some, POINTS, 0.01, draws))
    some = [(f"sd {sd:g} levels", normal(sd), sd) for sd in (0.1, 0.35, 0.8, 1.8)]
    title = "Levels of a curriculum: margin 1 level"
    show(title, HEADINGS, curve(some, RUNGS, 1.0, draws))
    some = [
        (f"{name} (sd {statistics.pstdev(found):.2f})", resampled(found), statistics.pstdev(found))
        for name, found in sorted(pools().items())
    ]
    title = "Resampled residuals of published records, margin 0.3 points"
    show(title, HEADINGS, curve(some, POINTS, 0.01, draws))
    shapes = [
        (f"{name}, sd {sd:g}", shape(sd))
        for name, shape in (("normal", normal), ("even", uniform), ("two clumps", clumped))
        for sd in (0.1, 0.26)
    ]
    shapes += [(name, draw) for name, draw, _ in some]
    headings = ("results", "seeds", *(f"neighbours: {name}" for name in BESIDE))
    title = "On the edge by shape and neighbours, margin 0.3 points"
    show(title, headings, edge_rows(shapes, draws))
    planned, again = looking_again(draws // 5)
    print(f"On the edge, decided by the planned 3 seeds: {planned:.1f} %; with up to 4 more as long"
          f" as undecided: {again:.1f} %.\n")  # fmt: skip
    found = ", ".join(f"{name} {share:.1f} %" for name, share in families(draws).items())
    print(f"A false claim of a family of {family()} without a true one: {found}.\n")
    headings = ("sd of a difference", "effect", "seeds", "planned power", "found")
    title = f"A paired claim in a family of {family()}, at Holm's first step"
    show(title, headings, claim_rows(draws))


if __name__ == "__main__":
    main()
