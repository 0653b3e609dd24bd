"""The machine that programs run on. Free of torch until asked for a CUDA device's name."""

import contextlib
import ctypes
import functools
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable

from . import processor
from .cpu_quota import cpu_quota
from .errors import UsageError
from .outcome import Machine

DRIVERS = ("libcuda.so.1", "nvcuda.dll")
"""Libraries of NVIDIA's driver, on Linux and on Windows."""


def resolve_device(name: str) -> str:
    """Return `cpu` or `cuda:i` for `auto`, `cpu`, `cuda` or `cuda:i`.

    Raises UsageError where the name is none of these, or there is no such GPU.
    """
    parts = re.fullmatch(r"(auto|cpu)|cuda(?::([0-9]{1,100}))?", name)
    if parts is None:
        raise UsageError(f"--device {name!r} is none of auto, cpu, cuda, cuda:i")
    base, index = parts.groups()
    if base == "cpu" or (base == "auto" and not cuda_likely()):
        return "cpu"
    import torch

    count = torch.cuda.device_count()
    if base == "auto":
        return "cuda:0" if count else "cpu"
    number = int(index or 0)  # cuda alone is the first
    if number >= count:
        raise UsageError(f"--device {name}: torch sees {count} GPU(s); use --device cpu")
    return f"cuda:{number}"


def cuda_likely() -> bool:
    """Tell without torch whether torch may see a GPU, and is worth the second that it takes.

    It may where it is built for GPUs and their driver can be loaded. (Wheels for AMD's GPUs bring
    what they need.)
    """
    version = version_of("torch")
    return not version.endswith("+cpu") and ("+rocm" in version or has_driver())


@functools.cache
def has_driver() -> bool:
    """Tell whether NVIDIA's driver is installed."""
    for name in DRIVERS:
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


BFLOAT16 = "bfloat16"
"""The back-end of programs that hold the operands of products in bfloat16."""


@functools.cache
def version_of(package: str) -> str:
    """Return the installed version of a package; its metadata is long, and is read once."""
    return importlib.metadata.version(package)


def describe(
    device: str, threads: int, matmul: str, error: float | None, precision: str = "float32"
) -> Machine:
    """Return the machine of a program on `device` (`cpu` or `cuda:i`).

    The back-end is that of float32 products; a program with `precision` bf16 has none where the
    processor multiplies bfloat16 itself.
    """
    if precision == "bf16" and device == "cpu" and processor.bfloat16():
        matmul, error = BFLOAT16, None
    return Machine(
        device=device_model(device),
        threads=threads,
        matmul=matmul,
        matmul_error=error,
        torch=version_of("torch"),
        python=platform.python_version(),
        numpy=version_of("numpy"),
        platform=f"{platform.system()} {platform.machine()}",
        **details(device),
    )


def details(device: str) -> dict[str, str | None]:
    """Return the fields of `Machine` that tell machines of one device model apart."""
    if device == "cpu":
        return {"processor": processor.kind(), "instructions": processor.instructions()}
    import torch

    cudnn = torch.backends.cudnn.version()
    return {"cuda": torch.version.cuda, "cudnn": None if cudnn is None else str(cudnn)}


def cores() -> int:
    """Return the number of cores whose time this process may use, at least 1.

    It is the number of those that it may run on, or its quota of their time where that is less.
    """
    allowed, quota = len(usable_cores()) or os.cpu_count() or 1, cpu_quota()
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def usable_cores() -> list[int]:
    """Return the numbers of the cores this process may use; none where the system keeps none."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else []


def device_model(device: str) -> str:
    """Return the model of the processor or GPU."""
    if device != "cpu":
        import torch

        return torch.cuda.get_device_name(device)
    return processor.model() or platform.processor() or platform.machine()


def torch_release(version: str | None = None) -> str:
    """Return the major and minor of a torch version, the part that may change bits.

    `version` is the installed one's if None.
    """
    version = version or version_of("torch")
    return ".".join(version.split("+")[0].split(".")[:2])


def machine_class(machine: Machine) -> str:
    """Return the class within which results are the same bit for bit: a record per cell and class.

    Device model, threads, matrix-product back-end and torch's major.minor; then, so far as they are
    known, a processor's instruction set, vendor, family and model, or CUDA's and cuDNN's versions.
    """
    release = torch_release(machine.torch)
    parts = [f"{machine.device}, {machine.threads} threads, {machine.matmul}, torch {release}"]
    if machine.instructions is not None:
        parts.append(machine.instructions)
    if machine.processor is not None:
        parts.append(machine.processor)
    for name, version in (("CUDA", machine.cuda), ("cuDNN", machine.cudnn)):
        if version is not None:
            parts.append(f"{name} {version}")
    return ", ".join(parts)


def known_before(machine_class: str) -> str:
    """Return what records of an earlier schema have as the class of machines of that class."""
    found = re.match(r".*?, [0-9]+ threads, [^,]+, torch [0-9.]+(?=, |$)", machine_class)
    return found[0] if found else machine_class


def may_be_one(a: str, b: str) -> bool:
    """Tell whether two machine classes are equal so far as either is known."""
    return a == b or (known_before(a) == known_before(b) and known_before(a) in (a, b))


def is_among(machine_class: str, classes: Iterable[str]) -> bool:
    """Tell whether records of a machine class count as those of one of `classes`.

    Those of an earlier schema do where what is known of their machine fits.
    """
    return any(may_be_one(machine_class, one) for one in classes)


_TRIM, _MAPPED = 2**31 - 1, 2**30  # bytes: what is freed and smaller stays with the process
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of `mallopt`


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, for what comes next.

    A step frees what the next one takes: given back in between, as dask would have it (from 64 KiB
    on), every large tensor is faulted in anew. Does nothing where the C library is not glibc.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _TRIM)
        mallopt(_MMAP_THRESHOLD, _MAPPED)
