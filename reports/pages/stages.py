"""The part of a report that is of networks in stages: the answer, its tables and its figures."""

import math
import statistics
from dataclasses import dataclass

from ..analysis.crossovers import crossovers
from ..analysis.select import Selection
from ..analysis.simulated_stages import Beside, Beyond, beside, beyond
from ..analysis.stages import Network, level_of, networks, spread
from ..figures.spec import StagesDrawing
from ..figures.stages import clause
from ..figures.stages import drawings as stages_drawings
from ..tables import stages as tables
from .page import Section

_MEASURED = (
    "Measured: updates a second, curves, shares and timelines, each by runs of two processes on one"
    " machine whose messages were held back. What schedules that wait learn does not depend on the"
    " delay, so they were trained without any; at other delays a few updates gave their rate."
    " Simulated: what tables and figures call so, nothing else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What the records say of networks in stages, and what the simulation does."""

    networks: tuple[Network, ...]
    measured: tuple[tuple[Network, tuple[Beside, ...]], ...]
    simulated: tuple[tuple[Network, tuple[Beyond, ...]], ...]

    @property
    def drawings(self) -> list[StagesDrawing]:
        """Its figures."""
        return stages_drawings(self.networks, self.measured, self.simulated)


def stages_of(selection: Selection) -> Stages | None:
    """Return what there is of networks in stages; None where no cell of an exhibit has any."""
    if all(cell.stages is None for cell in selection.cells):
        return None
    found = networks(selection)
    return Stages(
        networks=tuple(found),
        measured=tuple((network, tuple(beside(network))) for network in found),
        simulated=tuple((network, tuple(beyond(network))) for network in found[:1]),
    )


def sections(stages: Stages) -> list[Section]:
    """Return the sections above those of every exhibit: the answer first."""
    some = stages.networks
    notes = [line for network in some for line in _answer(network, level_of(some))]
    found = [
        ("crossovers", "When the unlocked overtake", tables.crossover_table(some)),
        ("seconds", "Seconds to an error", tables.seconds_table(some)),
        ("rates", "Updates a second", tables.rates_table(some)),
        ("stages", "What the stages do", tables.stages_table(some)),
        ("simulation", "Measured and simulated", tables.beside_table(stages.measured)),
        ("beyond", "Past this machine, simulated", tables.beyond_table(stages.simulated)),
    ]
    answer = Section("answer", "When do synthetic gradients pay?", notes=(*notes, _MEASURED))
    return [
        *([answer] if notes else []),
        *(Section(name, heading, table) for name, heading, table in found if table is not None),
    ]


def _answer(network: Network, level: float) -> list[str]:
    """Return what a network's arms take without delay, and which overtakes which from when."""
    times = {arm.label: spread(list(arm.seconds(level, 0.0).values())) for arm in network.arms}
    order = sorted((found.mean, label) for label, found in times.items() if found is not None)
    never = [label for label, found in times.items() if found is None]
    said = "; ".join(f"{label} {mean:.3g} s" for mean, label in order)
    lines = [f"{network.label}, without delay, to {level:g} % error: {said or 'no arm is there'}."]
    if never:
        lines[0] += f" Not every seed is there in these updates: {', '.join(never)}."
    every = [one for one in crossovers(network, level) if one.there]
    for label in dict.fromkeys(one.unlocked.label for one in every):
        mine = [one for one in every if one.unlocked.label == label]
        mine.sort(key=lambda one: statistics.fmean(one.seeds.values()) if one.seeds else math.inf)
        lines.append(f"{network.label}: {label} {'; '.join(map(clause, mine))}.")
    return lines
