"""What this machine can do, as JSON values: for `sgbench doctor`.

A value that cannot be found out is None. What a run would stumble over is among the problems, each
a line with its remedy.
"""

import dataclasses
import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...bench import datasets, hardware, processor
from ...bench.cpu_quota import cpu_quota
from ...bench.errors import SgbenchError, one_line
from ...bench.profiling import memory_estimate
from ...results import provenance
from ...results.record import Record
from ...results.store.store import Store
from ..exhibits.exhibit import expand, load, names
from .backend import GPU, Backend, kept_backend, machine_class
from .plan import make_plan
from .rates import may_end_early, rates_for, time_unknown
from .request import stacks

LACKING = ("missing", "corrupt")
PACKAGES = ("torch", "numpy", "pandas", "scipy", "dask", "distributed", "optuna", "pyarrow")


def check_machine(store: Store, data_dir: str | None, device: str) -> dict[str, Any]:
    """Return what there is and what it can do; takes about ten seconds, most of it measuring.

    Args:
        store: the store, which need not exist.
        data_dir: the folder of the data files.
        device: auto, cpu, cuda or cuda:I, on which the exhibits' times would be.

    Raises UsageError where there is no such device, or the data folder cannot be searched.
    """
    revision = provenance.revision()
    problems = [] if revision.problem is None else [revision.problem]
    found: dict[str, Any] = {
        "versions": _versions(),
        "processor": _processor(problems),
        "memory": _memory(),
    }
    products, chosen = _products(store, problems)
    found |= {"products": products, "gpus": _gpus(problems)}
    found["data"] = _data(data_dir)
    found["cache"] = _cache(problems)
    records = _records(store, problems)
    found["store"] = _store(store, records, problems)
    resolved = hardware.resolve_device(device)
    backend = GPU if resolved != "cpu" else chosen
    found["device"] = resolved
    found["machine_class"] = None if backend is None else machine_class(resolved, backend)
    found["exhibits"] = _exhibits(store, data_dir, resolved, found["machine_class"], records or [])
    found["problems"] = problems
    return found


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {
        "sgbench": provenance.release(),
        "revision": provenance.revision().commit,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _processor(problems: list[str]) -> dict[str, Any]:
    usable, quota = len(hardware.usable_cores()) or os.cpu_count() or 1, cpu_quota()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    if quota is not None and quota < 1:
        problems.append(
            f"this container may use {quota:g} of a core: everything takes {1 / quota:.1f} times"
            " as long as on a whole one; give it a larger quota"
        )
    if load is not None and load > 0.5 * usable:
        problems.append(
            f"the machine is busy (load {load:.1f} on {usable} cores): the rates below are lower"
            " than it has alone"
        )
    return {
        "model": hardware.device_model("cpu"),
        "cores": os.cpu_count(),
        "usable": usable,
        "quota": quota,
        "jobs": hardware.cores(),
        "threads": 1,
        "load": load,
    }


def _memory() -> dict[str, int]:
    import psutil

    return {"total": psutil.virtual_memory().total, "free": memory_estimate.free("cpu")}


def _products(store: Store, problems: list[str]) -> tuple[dict[str, Any], Backend | None]:
    """Return the back-ends of matrix products with rates and errors, and the one to train with."""
    try:
        from ...bench.nn import products

        measured = products.measure()
        best = products.choose(measured)
    except Exception as error:  # a broken installation of torch raises almost anything
        words = one_line(f"{type(error).__name__}: {error}")
        problems.append(f"torch cannot multiply here ({words:.200}): install it again")
        return {"back_ends": [], "chosen": None, "kept": False, "bfloat16": None}, None
    kept = kept_backend(store, "cpu")
    chosen = kept or (best.name, best.error)
    return {
        "back_ends": [dataclasses.asdict(one) for one in measured],
        "chosen": chosen[0],
        "kept": kept is not None,
        "bfloat16": "native" if processor.bfloat16() else "emulated",
    }, chosen


def _gpus(problems: list[str]) -> dict[str, Any]:
    """Return the GPUs that torch can use, and why there is none."""
    driver = hardware.has_driver()
    try:
        import torch

        if not torch.cuda.is_available():
            built = torch.version.cuda is not None
            why = "no NVIDIA driver" if not driver else "this build of torch is for CPUs"
            if driver:
                remedy = "torch sees no GPU" if built else "install a build of torch with CUDA"
                problems.append(f"there is an NVIDIA driver, but {why if not built else remedy}")
            return {"devices": [], "why": why}
        devices: list[dict[str, Any]] = []
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            devices.append({"name": name, "total": total, "free": free})
        return {"devices": devices, "why": None}
    except Exception as error:  # a driver that does not fit
        return {"devices": [], "why": one_line(f"{type(error).__name__}: {error}")}


def _data(data_dir: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in datasets.names():
        status = datasets.status(name, data_dir)
        other = "--data-dir DIR" if data_dir is None else "another --data-dir"
        fetch = f"{datasets.fetching([name], data_dir)}, or {other}"
        rows.append(
            {
                "name": name,
                "state": status.state,
                "folder": None if status.folder is None else str(status.folder),
                "remedy": fetch if status.state in LACKING else None,
            }
        )
    return rows


def _cache(problems: list[str]) -> dict[str, Any]:
    from ...bench.datasets.loading.files import cache_folder

    folder = cache_folder()
    if folder is None:
        problems.append(
            "there is no home folder (HOME is not set), so no cache folder: name the folder of data"
            " files by --data-dir"
        )
        return {"folder": None, "writable": False}
    writable = can_write(folder)
    if not writable:
        problems.append(
            f"the cache folder {folder} cannot be written: give downloads another, --data-dir DIR"
        )
    return {"folder": str(folder), "writable": writable}


def _records(store: Store, problems: list[str]) -> list[Record] | None:
    try:
        records = list(store.scan())
    except SgbenchError as error:
        problems.append(str(error))
        return None
    problems += store.warnings
    store.warnings.clear()
    return records


def _store(store: Store, records: Sequence[Record] | None, problems: list[str]) -> dict[str, Any]:
    writable = can_write(store.path)
    if not writable:
        problems.append(f"store {store.path} cannot be written: give another --store")
    return {
        "path": str(store.path),
        "exists": store.path.is_dir(),
        "writable": writable,
        "records": None if records is None else len(records),
    }


def can_write(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or the folder itself where there is none."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            return True
    except OSError:
        return False


def _exhibits(
    store: Store,
    data_dir: str | None,
    device: str,
    machine: str | None,
    records: Sequence[Record],
) -> list[dict[str, Any]]:
    """Return what each exhibit would take here, by scale: all of its cells, and what is missing."""
    rates = rates_for(records, machine, device)
    loaded = [load(name) for name in names()]
    cells = {(e.name, scale): expand(e, scale) for e in loaded for scale in e.scales}
    missing = {n for n in datasets.names() if datasets.status(n, data_dir).state in LACKING}
    workers = hardware.cores()
    known = machine is not None and not stacks(device)
    if known:
        time_unknown(store, [c for some in cells.values() for c in some], device, rates, {})
    rows: list[dict[str, Any]] = []
    for (name, scale), some in cells.items():
        plan = make_plan(some, records, machine=machine, data_dir=data_dir)
        left = [plan.cells[index] for program in plan.programs for index in program]
        whole, rest = [(c, 0) for c in some], [(p.cell, p.done) for p in left]
        rows.append(
            {
                "exhibit": name,
                "scale": scale,
                "cells": len(some),
                "to_run": len(left),
                "seconds": rates.total(whole, workers) if known else None,
                "at_most": may_end_early(some),
                "seconds_left": rates.total(rest, workers) if known else None,
                "at_most_left": may_end_early(p.cell for p in left),
                "basis": sorted({b for c in some if (b := rates.basis(c))}) if known else [],
                "no_data": sorted({c.dataset for c in some} & missing),
            }
        )
    return rows
