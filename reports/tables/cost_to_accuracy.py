"""The table of the cost to accuracy: updates, seconds and work until an error is reached."""

from collections import defaultdict
from collections.abc import Sequence

from ..analysis.costs.cost_to_accuracy import Reached, quantity
from .speeds import number
from .table import Entry, Table, entry

NOTE = (
    "The first target is 2 times the error that the baseline of the same sizes and schedule ends"
    " with (text: 1.1 times its bits a character), the second 1.2 times (1.02). Of cells that end"
    " by themselves it is the baseline's lowest validation error. Of several baselines it is the"
    " one that differs in the fewest fields. Medians over seeds."
    " GFLOP: of products; GB: read and written by all operations; both as the timing counted them"
    " in an update. A dash: at most half of the seeds reached it, or the program was not timed."
)


def cost_table(found: Sequence[Reached]) -> Table:
    """Return the table, a row per configuration, its two targets beside one another."""
    lines: dict[str, list[Reached]] = defaultdict(list)
    for one in found:
        lines[one.name].append(one)
    columns = tuple(
        (level, what)
        for level in ("first target", "second target")
        for what in ("to reach", "updates", "s trained", "s by timing", "GFLOP", "GB")
    )
    return Table(
        caption="Cost to accuracy: updates, seconds and work of training to an error",
        stubs=("cells", "seeds"),
        columns=columns,
        rows=tuple(
            ((name, str(some[0].seeds)), tuple(e for one in some for e in _entries(one)))
            for name, some in lines.items()
        ),
    )


def _entries(one: Reached) -> tuple[Entry, ...]:
    unit = "%" if quantity(one.cell) == "error" else "bits"
    return (
        entry(f"{one.target:.3g} {unit}"),
        *(
            entry("-" if value is None else number(value))
            for value in (
                one.iterations,
                one.seconds,
                one.timed,
                one.flops and one.flops / 1e9,
                one.bytes and one.bytes / 1e9,
            )
        ),
    )
