"""sgbench: the benchmark and reproduction suite of Decoupled Neural Interfaces (1608.05343).

From Python:

    import sgbench

    records = sgbench.load_records(published=True)           # a DataFrame, a row a trained cell
    curves = sgbench.curves(records)                         # tidy: a row a reading
    found = sgbench.verdicts("table1", "quick", published=True)
    mine = sgbench.run("table1", where={"rule": "dni", "depth": [3, 4]})

`sgbench.columns("records")` says what each column is. Importing the package imports neither torch
nor pandas: a function does where it needs them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import columns, curves, load_records, run, verdicts
    from .bench.errors import DataError, SgbenchError, SgbenchWarning, StoreError, UsageError

__all__ = [
    "DataError",
    "SgbenchError",
    "SgbenchWarning",
    "StoreError",
    "UsageError",
    "columns",
    "curves",
    "load_records",
    "run",
    "verdicts",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
