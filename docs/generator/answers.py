"""What README answers first: what ran at the paper's protocol, and whether DNI reproduces on MNIST.

All of it is counted from the published records, in whole phrases, so that a sentence stays true
when more of them come in.
"""

import statistics
from collections import Counter
from collections.abc import Sequence

from sgbench.reports.analysis.naming import span
from sgbench.reports.analysis.stages.rates import HEADLINE, Network, reached, spread
from sgbench.reports.analysis.verdicts.claims import OTHER_WAY, SAME_WAY, UNDECIDED
from sgbench.reports.analysis.verdicts.intermediate import intermediate
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Place,
    places,
)
from sgbench.reports.analysis.verdicts.planned import planned
from sgbench.reports.analysis.wording import at, label
from sgbench.reproductions.exhibits.exhibit import load

from . import sources
from .markers import MarkerError

PAPER, SHORT = "paper", "quick"
ORDERS = (SAME_WAY, OTHER_WAY, UNDECIDED)


def runs(*exhibits: str) -> str:
    """Return what was trained at the paper's protocol, a phrase for each rule and network.

    Of all exhibits, where none is named.
    """
    phrases: list[str] = []
    for name in exhibits or sources.of_the_paper():
        selection = sources.whole(name, PAPER)
        own = selection.frame[selection.frame["seed"].isin(selection.own_seeds)]
        records = own[~selection.in_part[own.index]]
        begun = own[selection.in_part[own.index]]
        if len(begun):
            done = begun["iterations_done"].max()
            rules = [label(load(name), "rule", rule) for rule in dict.fromkeys(begun["rule"])]
            phrases.append(
                f"the first {done:,} iterations of {len(begun)} more, of {_listed(rules, 'and')}"
                f" (`{name}`)"
            )
        if records.empty:
            continue
        counts = records.groupby("configuration").size()
        by: dict[tuple[str, str, str], list[int]] = {}
        depths: dict[tuple[str, str, str], set[int | None]] = {}
        for n, count in counts.items():
            cell = selection.cells[int(str(n))]
            key = (cell.rule, cell.dataset, cell.network)
            by.setdefault(key, []).append(int(count))
            depths.setdefault(key, set()).add(cell.depth)
        for (rule, dataset, network), seeds in by.items():
            where = at(load(name), {"dataset": dataset, "network": network})
            least, most = min(seeds), max(seeds)
            each = span(least, most)
            at_depths = len(depths[rule, dataset, network]) == len(seeds) > 1
            what = f"{len(seeds)} depths, " if at_depths else ""
            phrases.append(
                f"{label(load(name), 'rule', rule)} on the {where} (`{name}`:"
                f" {what}{each} of {selection.planned} seeds each)"
            )
    first = [phrase for phrase in phrases if not phrase.startswith("the first")]
    return "; ".join([*first, *(p for p in phrases if p not in first)]) or "none"


def done(exhibit: str) -> str:
    """Return how much of an exhibit was trained at the paper's protocol, as a clause."""
    selection = sources.whole(exhibit, PAPER)
    if not selection.done:
        begun = selection.begun
        wanted = f"{begun:,} of {selection.wanted:,}"
        first = f", but for the first part of {wanted} runs" if begun else ""
        return f"nothing has been trained at the paper's protocol{first}"
    return (
        f"{selection.done:,} of {selection.wanted:,} networks have been trained at the paper's"
        " protocol"
    )


def untrained() -> str:
    """Return which of the paper's rules have no network of Table 1 at its protocol, as a clause."""
    selection = sources.whole("table1", PAPER)
    known = filter(selection.exhibit.number, selection.cells)
    rules = dict.fromkeys(cell.rule for cell in known)
    there = set(selection.frame.loc[~selection.in_part, "rule"])
    missing = [label(load("table1"), "rule", rule) for rule in rules if rule not in there]
    if not missing:
        return "each rule of Table 1 has trained a network at it"
    return f"no run of {_listed(missing)} has been finished at it"


def first_iterations() -> str:
    """Return how the medians of p_update that are known at the paper's protocol compare with it."""
    selection = sources.whole("p_update", PAPER)
    known = [one for one in bins(selection) if one.found is not None]
    if not known:
        return "nothing is known of the first iterations in `p_update`"
    exact = [one for one in known if not one.paper.censored]
    cut = [one for one in known if one.paper.censored]
    done = sorted({round(one.paper.at * one.cell.iterations) for one in known})
    rules = [label(selection.exhibit, "rule", rule) for rule in {one.cell.rule: 0 for one in known}]
    above = sum(one.found is not None and one.found.mean > one.paper.value for one in exact)
    wrong = sum(one.verdict == NOT_REPRODUCED for one in exact)
    words = (
        f"after {_listed([f'{n:,}' for n in done], 'and')} iterations of `p_update` (Figures 5 and"
        f" 6) the median error of {_listed(rules, 'and')} is above the paper's in"
        f" {_of(above, len(exact))} places that the figures show ({first_ratios()} the paper's),"
        f" and {_of(wrong, len(exact))} are not reproduced"
    )
    if not cut:
        return words
    beyond = sum(one.verdict == REPRODUCED for one in cut)
    return (
        f"{words}; of {len(cut)} more the figures show a lower bound only, and"
        f" {_of(beyond, len(cut))} are reproduced"
    )


def before_the_end() -> str:
    """Return how Table 1's numbers before the end of training are judged, of those that ran."""
    every = intermediate(sources.whole("table1", PAPER))
    found = Counter(one.verdict for one in every)
    told = [f"{found[w]} {w}" for w in (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE) if found[w]]
    return f"of {len(every)} numbers {_listed(told, 'and') if told else 'none is known'}"


def first_ratios() -> str:
    """Return by which factors the medians of `first_iterations` are above the paper's."""
    ratios = [
        one.found.mean / one.paper.value
        for one in bins(sources.whole("p_update", PAPER))
        if one.found is not None and not one.paper.censored
    ]
    if not ratios:
        raise MarkerError("nothing is known of the first iterations in p_update")
    return f"{min(ratios):.1f} to {max(ratios):.1f} times"


def _of(some: int, every: int) -> str:
    return f"all {every}" if some == every else f"{some} of {every}"


def planned_power() -> str:
    """Return with which power Table 1's planned seeds reproduce numbers of the MNIST FCN."""
    whole = sources.whole("table1", PAPER)
    found = {one.name: one for one in planned(whole.exhibit, PAPER, whole.cells)}
    rules = [label(whole.exhibit, "rule", rule) for rule in ("dni", "no_bprop", "cdni", "backprop")]
    some = [(rule, found[f"MNIST FCN {rule}"]) for rule in rules]
    shown = [f"{one.words.partition('power ')[2]} for {rule}" for rule, one in some]
    return (
        f"{some[0][1].seeds} seeds would call a correct number of the MNIST FCN *reproduced* with"
        f" probability {_listed(shown, 'and')}"
    )


def dni_on_mnist() -> str:
    """Return whether Table 1's numbers of DNI on MNIST reproduce, as a sentence's predicate."""
    some = [
        place
        for place in places(sources.whole("table1", PAPER))
        if place.fills and (place.cell.dataset, place.cell.rule) == ("mnist", "dni")
    ]
    return of_places(some)


def of_places(some: Sequence[Place]) -> str:
    """Return what is known of some places of the paper, in words."""
    wanted = sum(place.seeds for place in some)
    done = sum(0 if place.interval is None else place.interval.n for place in some)
    found = Counter(place.verdict for place in some)
    decided = [f"{found[word]} {word}" for word in (REPRODUCED, NOT_REPRODUCED) if found[word]]
    seeds = {place.seeds for place in some}
    made_of = (
        f" ({len(some)} networks \N{MULTIPLICATION SIGN} {seeds.pop()} seeds)"
        if len(seeds) == 1
        else ""
    )
    ran = f"{done} of its {wanted} runs{made_of} at the paper's protocol are done"
    if not decided:
        return f"Not known: {ran}"
    return f"Of its {len(some)} numbers {' and '.join(decided)}; {ran}"


def orders(*verdicts: str, ours: bool = False) -> str:
    """Return how many orders at scale quick have one of some verdicts: the paper's, or ours."""
    found = Counter(
        one.verdict
        for name in sources.of_the_paper()
        for one in sources.claim_results(name, SHORT)
        if one.ours == ours
    )
    return f"{sum(found[verdict] for verdict in verdicts):,}"


def lengths() -> str:
    """Return whose longest task is longer in Table 2 at scale quick, at equal T."""
    pairs = [
        one.means
        for one in sources.claim_results("table2", SHORT)
        if "longer-by-factor" in one.test.claim.name and one.means
    ]
    longer = sum(dni > bptt for dni, bptt in pairs)
    shorter = sum(dni < bptt for dni, bptt in pairs)
    return (
        f"of {len(pairs)} pairs at equal T DNI's mean is the longer in {longer}, BPTT's in"
        f" {shorter}, and {len(pairs) - longer - shorter} are level"
    )


def _listed(words: Sequence[str], joint: str = "or") -> str:
    *most, last = words
    return f"{', '.join(most)} {joint} {last}" if most else last


def locking() -> str:
    """Return what waiting costs at scale quick: seconds to the headline's error, by delay."""
    found = sources.stages("locking", SHORT)
    if found is None or not found.networks:
        raise MarkerError("nothing is published of locking")
    network = found.networks[0]

    def seconds(delay: float, **fields: object) -> str:
        arm = next(a for a in network.arms if a.cell.has(fields))
        taken = spread(list(arm.seconds(HEADLINE, delay).values()))
        return "not reached" if taken is None else f"{taken.mean:.1f} s"

    locked = {"schedule": "locked", "stages": 2}
    cdni = {"rule": "cdni", "schedule": "unlocked", "sg_at": "stages", "sg_layers": 0}
    stale = {"schedule": "stale"}
    now, later = seconds(0, **locked), seconds(10, **locked)
    free, freer = seconds(0, **cdni), seconds(10, **cdni)
    old, older = seconds(0, **stale), seconds(10, **stale)
    return (
        f"{network.label}, to {HEADLINE:g} % test error, with two stages on a core each: backprop"
        f" takes {now} if they wait for each other and {old} if they learn from late gradients,"
        f" cDNI with one M between them {free}. Where every message takes 10 ms, {later}, {older}"
        f" and {freer}. One core alone takes {seconds(0, stages=1)} by backprop"
    )


def locking_wide() -> str:
    """Return what keeps one M per stage back at scale quick, network by network: updates, and M."""
    found = sources.stages("locking", SHORT)
    if found is None or not found.networks:
        raise MarkerError("nothing is published of locking")
    return "; ".join(map(_kept_back, found.networks))


def _kept_back(network: Network) -> str:
    fields = {"rule": "cdni", "schedule": "unlocked", "sg_at": "stages", "sg_layers": 0}
    arm = next(a for a in network.arms if a.cell.has(fields))
    locked = next(a for a in network.arms if a.cell.has({"schedule": "locked", "stages": 2}))
    needed = [
        statistics.fmean(
            reached(run.curve, HEADLINE, "iteration") for run in one.runs[0.0, 1.0].values()
        )
        for one in (arm, locked)
    ]
    runs = list(arm.runs[0.0, 1.0].values())
    names = [f"{name}_seconds" for name in ("forward", "backward", "model", "update")]
    share = statistics.fmean(
        run.pipeline[0]["model_seconds"] / sum(run.pipeline[0][name] for name in names)
        for run in runs
    )
    busy = statistics.fmean(run.pipeline[-1]["busy"] for run in runs)
    return (
        f"{network.label}: {needed[0] / needed[1]:.1f} times the updates, {100 * share:.0f} % of"
        f" the bottom stage's work for M, the top stage busy {100 * busy:.0f} % of the time"
    )
