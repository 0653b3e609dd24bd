"""The tables of all exhibits together: what reproduces, and what the records were made by."""

from collections.abc import Sequence

from ..analysis import overview
from ..analysis.naming import duration
from ..analysis.overview import Made, Tally
from ..analysis.wording import NONE
from .table import Table, entry, simple_table

_KINDS = ("places", "intermediate places", "medians", "claims")


def overview_table(tallies: Sequence[Tally]) -> Table:
    """Return the table of verdicts, a row for each exhibit and scale."""
    kinds = [kind for kind in _KINDS if any(kind in one.verdicts for one in tallies)]
    return Table(
        caption="Places and claims of the paper that reproduce, by exhibit and scale",
        stubs=("exhibit", "scale"),
        columns=(("cells run",), *((kind,) for kind in kinds)),
        rows=tuple(
            (
                (one.exhibit, one.scale),
                (
                    entry(f"{one.run:,} of {one.wanted:,}", key=f"{one.exhibit}-{one.scale}"),
                    *(
                        entry(overview.words(one.verdicts[k]) if k in one.verdicts else NONE)
                        for k in kinds
                    ),
                ),
            )
            for one in tallies
        ),
    )


def made_table(found: Sequence[Made]) -> Table:
    """Return the table of machines and revisions of the code, a row each."""
    return simple_table(
        (
            *("machine", "threads", "products", "torch", "Python", "NumPy", "system", "sgbench"),
            *("revision", "records", "from", "to", "training"),
        ),
        [
            (
                *(one.device, str(one.threads), one.matmul, one.torch, one.python, one.numpy),
                *(one.platform, one.sgbench, one.revision[:12] or NONE, f"{len(one.records):,}"),
                *(one.first, one.last, duration(one.seconds)),
            )
            for one in found
        ],
        caption="What the records were made on, by which code and when",
    )
