"""A folder is a registry: each module in it that is not private is one named thing."""

import functools
import importlib
import pkgutil
from types import ModuleType


@functools.cache  # every cell that is made asks
def names(package: ModuleType) -> tuple[str, ...]:
    """Return the names of the modules in `package`, sorted, without importing them."""
    found = (i.name for i in pkgutil.iter_modules(package.__path__) if not i.ispkg)
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(package: ModuleType, name: str) -> ModuleType:
    """Import and return the module `name` of `package`."""
    return importlib.import_module(f"{package.__name__}.{name}")
