"""The back-end of this machine's matrix products, and the machine class that follows from it.

The back-end is measured and chosen once per machine and kept beside the records: another choice
would change the bits of results. Torch is imported for the measurement only.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

from ...bench import hardware
from ...bench.configuration import PRECISIONS
from ...results.store import backend_file
from ...results.store.store import Store

THREADS = 1  # of each program on a CPU: part of the protocol
GPU = ("cublas", None)  # no choice there
UNKNOWN = ("not chosen yet", None)

Backend = tuple[str, float | None]
"""A back-end's name and its measured error relative to float64."""


def known_class(store: Store, device: str) -> str:
    """Return the machine class of float32 among `known_classes`."""
    (found,) = known_classes(store, device, ["float32"])
    return found


def known_classes(
    store: Store, device: str, precisions: Iterable[str] = PRECISIONS
) -> frozenset[str]:
    """Return the machine classes of a run on `device` (`cpu` or `cuda:i`), without measuring.

    Where a back-end is needed that has not been chosen yet, it is a class that no record has.
    """
    return machine_classes(device, kept_backend(store, device) or UNKNOWN, precisions)


def machine_classes(
    device: str, backend: Backend, precisions: Iterable[str] = PRECISIONS
) -> frozenset[str]:
    """Return the machine classes of programs of those precisions on `device` with `backend`."""
    return frozenset(machine_class(device, backend, precision) for precision in precisions)


def machine_class(device: str, backend: Backend, precision: str = "float32") -> str:
    """Return the machine class of a program of that precision on `device` with `backend`."""
    return hardware.machine_class(hardware.describe(device, THREADS, *backend, precision))


def kept_backend(store: Store, device: str) -> Backend | None:
    """Return the back-end that this release of torch was given here before; None without one."""
    if device != "cpu":
        return GPU
    kept = backend_file.read(store, hardware.device_model("cpu"))
    if kept is None or kept["torch"] != hardware.torch_release():
        return None
    return kept["matmul"], kept["matmul_error"]


def choose_backend(store: Store, device: str) -> Backend:
    """Return the back-end chosen before; without one, measure, choose and keep it (two seconds).

    Raises StoreError where the store cannot be written: before hours of training, not after.
    """
    if device != "cpu":
        return GPU
    model = hardware.device_model("cpu")
    chosen = _usable(store, model) or {"device": model, **measured_backend()}
    chosen = _usable(store, model) or chosen  # another run may have chosen meanwhile
    backend_file.write(store, model, chosen)
    return chosen["matmul"], chosen["matmul_error"]


def _usable(store: Store, model: str) -> dict[str, Any] | None:
    from ...bench.nn import products

    kept = backend_file.read(store, model)
    if kept is None or kept["torch"] != hardware.torch_release():
        return None
    return kept if kept["matmul"] in products.available() else None


def measured_backend() -> dict[str, Any]:
    """Return the best back-end of this machine and all measurements; takes about two seconds."""
    from ...bench.nn import products

    measured = products.measure()
    best = products.choose(measured)
    return {
        "torch": hardware.torch_release(),
        "matmul": best.name,
        "matmul_error": best.error,
        "measured": {m.name: dataclasses.asdict(m) for m in measured},
    }
