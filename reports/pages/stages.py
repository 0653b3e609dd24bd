"""The part of a report that is of networks in stages: the answer, its tables and its figures."""

from dataclasses import dataclass

from ..analysis.selection.select import Selection
from ..analysis.stages.answer import answer
from ..analysis.stages.rates import Network, networks
from ..analysis.stages.simulated import Beside, Beyond, beside, beyond
from ..figures.spec import StagesDrawing
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
    found = [
        ("crossovers", "When the unlocked overtake", tables.crossover_table(some)),
        ("seconds", "Seconds to an error", tables.seconds_table(some)),
        ("rates", "Updates a second", tables.rates_table(some)),
        ("stages", "What the stages do", tables.stages_table(some)),
        ("simulation", "Measured and simulated", tables.beside_table(stages.measured)),
        ("beyond", "Past this machine, simulated", tables.beyond_table(stages.simulated)),
    ]
    notes = (*answer(some), _MEASURED, *uncounted(stages)) if some else ()
    first = Section("answer", "When do synthetic gradients pay?", notes=notes, pictured=True)
    return [
        *([first] if notes else []),
        *(Section(name, heading, table) for name, heading, table in found if table is not None),
    ]


def uncounted(stages: Stages) -> list[str]:
    """Return a line where the simulation leaves out what older records do not have."""
    cases = [one for _, some in stages.measured for one in some]
    lacking = sum(not one.counted for one in cases)
    if not lacking:
        return []
    return [
        f"In {lacking} of {len(cases)} cases the simulation leaves out what batches, schedules and"
        " messages take on a stage's own core: not measured before schema 8 of the records."
    ]
