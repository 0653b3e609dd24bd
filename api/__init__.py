"""HOW IT IS CALLED: the functions of `import sgbench`, which need no command line.

They do what the commands do, with Python values for options, and raise what the commands print: an
SgbenchError whose text is that one line. Bad arguments are UsageErrors, which are ValueErrors.
"""

from ..bench.errors import DataError, SgbenchError, SgbenchWarning, StoreError, UsageError
from .reading import columns, curves, load_records, verdicts
from .running import run

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
