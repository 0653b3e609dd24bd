"""The processor: its model, what tells apart processors of one model name, its instruction set.

Free of torch, which chooses its kernels by the same properties (`torch.backends.cpu`).
"""

import functools
import os
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
_KINDS = (
    ("vendor_id", "cpu family", "model"),
    ("CPU implementer", "CPU architecture", "CPU part"),  # ARM kernels name no model
)
CAPABILITY = "ATEN_CPU_CAPABILITY"
_CAPABILITIES = ("default", "avx2", "avx512")
VARIABLES = (
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE"),
)
"""Variables by which a user chooses the kernels of matrix products, and so their last bits."""
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_ALL = ("DEFAULT", "ALL")
_WITHOUT_BFLOAT16 = (
    *("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"),
)
_AVX2 = {"avx2", "fma"}
_AVX512 = {"avx512f", "avx512vl", "avx512bw", "avx512dq", "fma"}


def model() -> str | None:
    """Return the name of the processor's model; None where the kernel gives none."""
    return _properties().get("model name")


def kind() -> str | None:
    """Return the processor's vendor, family and model; None where they are not known.

    Processors of virtual machines often have a shorter model name than these tell apart.
    """
    known = _properties()
    for names in _KINDS:
        if all(known.get(name) for name in names):
            return " ".join(known[name] for name in names)
    return None


def instructions() -> str | None:
    """Return the instruction set that torch's own kernels use; None where it is not known.

    Variables of the user's that choose kernels follow, as NAME=value.
    """
    found = _instruction_set()
    chosen = [f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)]
    return " ".join([found or "instructions not known", *chosen]) if found or chosen else None


def bfloat16() -> str | None:
    """Return the instructions that multiply bfloat16 faster than float32; None without any.

    AVX-512's are left out on Intel's processors, where they are slower than float32's: 0.6 times
    the rate, measured on a Xeon whose matrix units (AMX) oneDNN was told to leave alone.
    """
    known = _properties()
    flags = set(known.get("flags", "").split())
    most = next((os.environ[name].upper() for name in _LIMITS if os.environ.get(name)), "DEFAULT")
    if "amx_bf16" in flags and (most in _ALL or "AMX" in most):
        return "amx_bf16"
    fast = "avx512_bf16" in flags and known.get("vendor_id") != "GenuineIntel"
    return "avx512_bf16" if fast and most not in _WITHOUT_BFLOAT16 else None


def _instruction_set() -> str | None:
    """Return what `torch.backends.cpu.get_cpu_capability()` does on x86; elsewhere as asked for."""
    asked = os.environ.get(CAPABILITY, "")
    flags = set(_properties().get("flags", "").split())
    if not flags:  # no x86: its kernels follow from the processor, unless one asks for others
        return f"{CAPABILITY}={asked}" if asked else None
    if asked in _CAPABILITIES:
        return asked.upper()
    return "AVX512" if flags >= _AVX512 else "AVX2" if flags >= _AVX2 else "DEFAULT"


def _properties() -> dict[str, str]:
    """Return what the kernel says of the first processor, by name; a name counts once."""
    return _properties_in(CPUINFO)


@functools.cache
def _properties_in(path: Path) -> dict[str, str]:
    """Return those of a file, which tells of one processor as long as the machine runs."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    first, _, _ = text.strip().partition("\n\n")
    pairs = (line.partition(":") for line in reversed(first.splitlines()))
    return {name.strip(): value.strip() for name, _, value in pairs}
