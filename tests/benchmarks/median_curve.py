"""The operating curve of verdicts on medians: bins of a population of networks (Figures 5 and 6).

    cd tests && python -m benchmarks.median_curve                 the table
    cd tests && python -m benchmarks.median_curve --draws 200     sooner, and coarser

Prints a Markdown table, in percent of draws. A process is a curve of errors over p_update and a
spread about it, both those of published records (p_update at scale paper, cDNI, after 5,000
iterations). Each draw is a population of ours, as the scale declares it, and one of the paper's:
networks evenly spread over p_update, each of a seed of its own. Each bin of the paper is judged as
a report judges it.
"""

import argparse
import json
import math
import statistics
from collections import defaultdict
from importlib import resources

import numpy as np
from benchmarks.verdict_curve import table
from sgbench.reports.analysis.verdicts.medians import answers, median_over, support
from sgbench.reports.analysis.verdicts.population import at_fraction
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.record import Record
from sgbench.results.statistics.place_verdict import Target

GRAIN = 0.01
PANELS = ("update", "both")
SHARES = (0.0, 0.9)
"""Correlations between the networks of one seed: the share of the variance that they share."""
DIFFERENCES = (0.0, 1.0, 2.0, 4.0)
"""True differences, our median less that of the paper's process, in margins."""
MEAN = 400  # seeds by which the expected median of one is known


def processes():
    """Return by panel what errors are like: (p_update, mean error, standard deviation), arrays."""
    exhibit = load("p_update")
    known = [one for one in exhibit.medians if one.at == 0.01]
    text = resources.files("sgbench.results").joinpath("published/p_update.paper.jsonl").read_text()
    found = defaultdict(lambda: defaultdict(dict))
    for line in text.splitlines():
        record = Record.from_dict(json.loads(line)["record"])
        cell = record.cell
        if cell.rule == "cdni":
            error = at_fraction(cell, record.curve, known[0].at, "error")
            found[cell.decoupled][cell.p_update].setdefault(cell.seed, error)
    return {panel: _shape(found[panel]) for panel in PANELS}


def _shape(errors):
    """Return p_update, means and deviations: the deviations by the spread relative to the mean."""
    p = sorted(errors)
    groups = [[*errors[one].values()] for one in p]
    means = np.array([statistics.fmean(group) for group in groups])
    relative = [
        statistics.variance(group) / statistics.fmean(group) ** 2
        for group in groups
        if len(group) > 1
    ]
    return np.array(p), means, means * math.sqrt(statistics.fmean(relative))


def bins(panel):
    """Return the paper's medians of cDNI in a panel after 5,000 iterations, cut off or not."""
    exhibit = load("p_update")
    where = {"dataset": "mnist", "rule": "cdni", "decoupled": panel}
    return [
        one
        for one in (*exhibit.medians, *exhibit.cut_off)
        if one.at == 0.01 and where.items() <= one.where.items()
    ]


def population(rng, shape, share, seeds):
    """Return errors [seeds, values of p_update], of seeds whose networks have a share in common."""
    p, means, deviations = shape
    common = math.sqrt(share) * rng.standard_normal((seeds, 1))
    own = math.sqrt(1 - share) * rng.standard_normal((seeds, len(p)))
    return np.round(means + deviations * (common + own), 2)


def paper_median(rng, shape, known):
    """Return a median of the paper's: of networks evenly spread over the bin, read off a figure."""
    p, means, deviations = shape
    step = (known.up_to - known.above) / known.networks
    at = known.above + step * (np.arange(known.networks) + rng.uniform())
    errors = np.interp(at, p, means) + np.interp(at, p, deviations) * rng.standard_normal(len(at))
    return float(np.median(errors)) + known.reading * rng.uniform(-1, 1)


def shares(known, shape, share, draws, seed=0):
    """Return how often a bin is reproduced and not, in percent, by true difference and on the edge.

    The last pair is on the edge: the paper's median lies exactly a margin from the mean of our
    seeds' medians, below it or above, and reads so; the worse side.
    """
    rng, margin = np.random.default_rng(seed), load("p_update").margin("mnist", "cdni")
    p = shape[0]
    taken = support(known, dict(enumerate(p)))
    values, seeds = p[taken], len({cell.seed for cell in expand(load("p_update"), "paper")})

    def ours(count):
        return population(rng, shape, share, count)[:, taken]

    expected = statistics.fmean(median_over(known, values, one) for one in ours(MEAN))
    offsets = [difference * margin for difference in DIFFERENCES]
    counts = np.zeros((len(offsets) + 2, 2))
    for _ in range(draws):
        errors = ours(seeds)
        medians = [median_over(known, values, one) for one in errors]
        theirs = paper_median(rng, shape, known)
        numbers = [theirs - offset for offset in offsets]
        numbers += [expected - margin, expected + margin]
        for row, number in enumerate(numbers):
            target = Target(value=number, margin=margin, reading=known.reading)
            found = answers(
                medians, errors.ravel().tolist(), target, networks=known.networks, grain=GRAIN
            )
            counts[row] += found == ("yes", "yes"), found == ("no", "no")
    percent = 100 * counts / draws
    return [*map(tuple, percent[:-2]), tuple(percent[-2:].max(axis=0))]


HEADINGS = (
    *("panel", "p_update", "median", "sd", "in common", "identical"),
    *("true difference: 1 margin", "2 margins", "4 margins", "on the edge"),
)


def rows(draws):
    """Yield the rows of the table."""
    for panel, shape in processes().items():
        p, means, deviations = shape
        for known in sorted(bins(panel), key=lambda one: one.above):
            middle = (known.above + known.up_to) / 2
            for share in SHARES:
                yield (
                    panel, f"{known.above:g} to {known.up_to:g}",
                    f"{np.interp(middle, p, means):.1f}", f"{np.interp(middle, p, deviations):.2f}",
                    f"{100 * share:.0f} %",
                    *(f"{yes:.1f} / {no:.1f}" for yes, no in shares(known, shape, share, draws)),
                )  # fmt: skip


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    title = "Medians of a population, five seeds, margin 0.3 points, read to 0.1"
    print(table(title, HEADINGS, rows(parser.parse_args().draws)))


if __name__ == "__main__":
    main()
