"""The table of what each rule's hidden layers wait for before they learn, and keep meanwhile."""

from collections.abc import Sequence

from ..analysis.costs.waits import Wait
from ..analysis.selection.select import Selection
from ..analysis.wording import NONE, at
from .speeds import number
from .table import Table, simple_table

WAITS = (
    "Locking, as the paper on synthetic gradients has it (arXiv 1608.05343, section 1). Forward: a"
    " layer waits for its input. Update: it is not updated before all layers above it have run"
    " forward. Backward: nor before an error has come down through them. `sgbench check RULE`"
    " proves it: whatever else is changed, the layer's gradient must stay the same."
)
KEPT = (
    "Kept: what the pullbacks of hidden layers read, from a layer's forward pass to its update, of"
    " a batch; of all layers where they wait for the network's output, of the largest one where"
    " each waits for its input alone. Models, heads and maps are left out. Operations:"
    " multiplications and additions of the products of an update. Both by the shapes of the"
    " network."
)
_WORDS = {
    None: "nothing, none learns",
    "forward": "its input",
    "update": "the network's output",
    "backward": "an error from above",
}
_HEADS = (
    "rule",
    "a hidden layer waits for",
    "locking that remains",
    "kept (MB)",
    "operations (10⁶)",
)


def waits_table(selection: Selection, found: Sequence[Wait]) -> Table | None:
    """Return the table, a row per rule; None without any."""
    if not found:
        return None
    exhibit, cell = selection.exhibit, found[0].cell
    fields = {name: cell.value(name) for name in ("dataset", "network", "depth", "hidden_units")}
    rows = [
        (
            exhibit.label("rule", one.cell.rule),
            _WORDS[one.locking],
            ", ".join(one.locks) or NONE,
            number(one.kept / 1e6) if one.kept else NONE,
            number(one.operations / 1e6),
        )
        for one in found
    ]
    return simple_table(
        _HEADS,
        rows,
        stubs=2,
        caption=f"What each rule waits for and keeps: {at(exhibit, fields)}, batches of"
        f" {cell.batch_size:,}",
    )
