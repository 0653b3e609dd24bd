"""When synthetic gradients pay, in a few sentences: what the records of stages come to."""

import math
from collections.abc import Iterable, Sequence

from .crossovers import Crossover, crossovers
from .rates import Arm, Network, level_of, spread


def answer(networks: Sequence[Network]) -> list[str]:
    """Return when unlocked stages overtake those that wait: in all, then network by network."""
    level = level_of(networks)
    found = [line for network in networks for line in _of_network(network, level)]
    return [*_in_all(networks, level), *found]


def headline(network: Network, level: float) -> Crossover | None:
    """Return the earliest crossover of synthetic gradients over locked backprop in as many stages.

    Other unlocked arms are told of beside it.
    """
    found = [one for one in crossovers(network, level) if one.waiting.cell.schedule == "locked"]
    found = [one for one in found if one.unlocked.synthetic]
    found = [one for one in found if not one.waiting.whole and one.seeds]
    return min(found, key=lambda one: sum(one.seeds.values()), default=None)


def sentence(one: Crossover) -> str:
    """Return a crossover as a clause: who overtakes whom, and from which delay on."""
    ours, theirs = one.unlocked.label, one.waiting.label
    if one.words.startswith("from"):
        return f"{ours} overtakes {theirs} {one.words}"
    if one.words.startswith("does not"):
        return f"{ours} {one.words}"
    where, _, when = one.words.partition(" ")
    return f"{ours} is {where} {'of ' * (where == 'ahead')}{theirs} {when}"


def overtakes(one: Crossover) -> bool:
    """Tell whether the unlocked arm has the error first from some delay on, with every seed."""
    return bool(one.seeds) and all(delay < math.inf for delay in one.seeds.values())


def _in_all(networks: Sequence[Network], level: float) -> list[str]:
    heads = [(network, headline(network, level)) for network in networks]
    some = [(network, one) for network, one in heads if one is not None]
    lines: list[str] = []
    if pay := [(network, one) for network, one in some if overtakes(one)]:
        when = "; ".join(f"{network.label} {one.words}" for network, one in pay)
        lines.append(
            f"Where messages are slow: synthetic gradients reach {level:g} % error before locked"
            " backprop, whose stages wait for one another, by the delay added to every message"
            f" (geometric mean over seeds, 95 % interval in parentheses): {when}."
        )
    elif some:
        lines.append(
            f"Not here: to {level:g} % error no arm with synthetic gradients overtakes locked"
            " backprop with every seed at the delays that were run."
        )
    whole = [
        one
        for n in networks
        for one in crossovers(n, level)
        if one.waiting.whole and one.unlocked.synthetic
    ]
    if whole and not any(map(overtakes, whole)):
        lines.append(
            "Not where one core does: backprop on the whole network on one core, which sends no"
            " message, is not overtaken by any of them with every seed,"
            f" {'at' if any(one.briefly for one in whole) else 'up to'}"
            f" {max(one.most for one in whole):g} ms."
        )
    return lines


def _of_network(network: Network, level: float) -> list[str]:
    """Return who is first without delay, what the best unlocked arm overtakes, and the others."""
    times = {arm.label: spread(list(arm.seconds(level, 0.0).values())) for arm in network.arms}
    there = sorted((found.mean, label) for label, found in times.items() if found is not None)
    labels = {arm.label for arm in network.arms if arm.synthetic}
    ours = [(mean, label) for mean, label in there if label in labels]
    if not there:
        return [f"{network.label}: no arm reaches {level:g} % with every seed."]
    mean, label = there[0]
    line = f"{network.label}, without delay: {label} is first to {level:g} % error ({mean:.3g} s)"
    every = crossovers(network, level)
    without = [arm for arm in network.arms if arm.unlocked and not arm.synthetic]
    if not ours:
        lines = [f"{line}; none with synthetic gradients is there with every seed."]
        return lines + _others(network, without, every, level)
    best = next(arm for arm in network.arms if arm.label == ours[0][1])
    if best.label != label:
        line += f"; of those with synthetic gradients {best.label} ({ours[0][0]:.3g} s)"
    mine = [one for one in every if one.unlocked is best]
    lines = [f"{line}. {best.label} {_clauses(mine)}{_end(mine)}."]
    others = [arm for arm in network.arms if arm.synthetic and arm is not best]
    return lines + _others(network, [*others, *without], every, level)


def _clauses(some: Iterable[Crossover]) -> str:
    """Return what an arm overtakes, what it is ahead of or behind, and what is undecided."""
    ahead: dict[str, list[str]] = {}
    later: list[str] = []
    behind: dict[str, list[str]] = {}
    for one in some:
        label = one.waiting.label
        if overtakes(one):
            if any(one.seeds.values()):
                later.append(f"{label} {one.start}")
            else:
                ahead.setdefault(_as_far(one), []).append(label)
        else:
            behind.setdefault(one.start, []).append(label)
    parts = [f"overtakes {', '.join(later)}"] if later else []
    parts += [f"is ahead of {', '.join(labels)} {end}" for end, labels in ahead.items()]
    for words, labels in behind.items():
        where, _, when = words.partition(" ")
        one = f"is {where} {'of ' * (where == 'ahead')}{', '.join(labels)} {when}"
        parts.append(one if where in ("ahead", "behind") else words)
    return "; ".join(parts)


def _as_far(one: Crossover) -> str:
    """Return how far an arm that is ahead from the start was compared."""
    if one.until is None:
        return "at any delay"
    return f"up to {one.until:g} ms" if one.until else "without delay"


def _end(some: Iterable[Crossover]) -> str:
    """Return from which delay on an arm was not compared, for want of seeds with the error."""
    for one in some:
        if one.until is not None:
            beyond = f"beyond {one.until:g} ms" if one.until else "with a delay"
            return f"; {beyond} not every seed reaches {one.level:g} %"
    return ""


def _others(
    network: Network, arms: Sequence[Arm], every: Sequence[Crossover], level: float
) -> list[str]:
    if not arms:
        return []
    lines: list[str] = []
    for arm in arms:
        mine = [one for one in every if one.unlocked is arm and overtakes(one)]
        if mine:
            lines.append(f"{network.label}: {arm.label} {_clauses(mine)}{_end(mine)}.")
    rest: dict[str, list[str]] = {}
    for arm in arms:
        if not any(overtakes(one) for one in every if one.unlocked is arm):
            rest.setdefault(_why_not(arm, level), []).append(arm.label)
    return lines + [f"{network.label}: {why}: {', '.join(some)}." for why, some in rest.items()]


def _why_not(arm: Arm, level: float) -> str:
    """Return why an arm overtakes none."""
    if math.inf in arm.seconds(level, 0.0).values():
        return f"not every seed reaches {level:g} %, even without delay"
    if arm.delays == [0.0]:
        return "ahead of none without delay, and not run with one"
    return "ahead of none with every seed"
