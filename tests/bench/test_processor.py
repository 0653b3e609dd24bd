"""What a processor is, by the kernel's text of it, and which instructions torch takes there."""

import os
import subprocess
import sys

import pytest
import torch
from sgbench.bench import processor

EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
flags\t\t: fpu sse2 fma avx avx2{more}

processor\t: 1
vendor_id\t: Other
model name\t: Other
"""
ARM = """processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd sve
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: {part}
"""
AVX512 = " avx512f avx512vl avx512bw avx512dq"


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in (processor.CAPABILITY, *processor.VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / f"cpuinfo {len(list(tmp_path.iterdir()))}"  # a file is read once
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(processor, "CPUINFO", path)

    return write


@pytest.mark.parametrize(
    ("text", "kind", "model", "instructions"),
    [
        (EPYC.format(more=""), "AuthenticAMD 25 17", "AMD EPYC", "AVX2"),
        (EPYC.format(more=AVX512), "AuthenticAMD 25 17", "AMD EPYC", "AVX512"),
        (EPYC.format(more=" avx512f"), "AuthenticAMD 25 17", "AMD EPYC", "AVX2"),
        (EPYC.replace("avx2", "").format(more=""), "AuthenticAMD 25 17", "AMD EPYC", "DEFAULT"),
        (ARM.format(part="0xd0c"), "0x41 8 0xd0c", None, None),
        ("processor : 0\n", None, None, None),
        ("", None, None, None),
        (None, None, None, None),
    ],
)
def test_what_the_kernel_tells(cpuinfo, text, kind, model, instructions):
    cpuinfo(text)
    assert processor.kind() == kind
    assert processor.model() == model
    assert processor.instructions() == instructions


def test_variables_that_choose_kernels_are_told(cpuinfo, monkeypatch):
    cpuinfo(EPYC.format(more=AVX512))
    monkeypatch.setenv(processor.CAPABILITY, "avx2")
    assert processor.instructions() == "AVX2"
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert processor.instructions() == "AVX2 MKL_CBWR=COMPATIBLE"
    cpuinfo(ARM.format(part="0xd0c"))
    assert "MKL_CBWR=COMPATIBLE" in processor.instructions()
    assert "ATEN_CPU_CAPABILITY=avx2" in processor.instructions()


@pytest.mark.skipif(not processor._properties().get("flags"), reason="no x86, or no Linux")
@pytest.mark.parametrize(
    "asked",
    ["", "avx2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("default", "odd"))],
)
def test_instructions_are_torchs_own(asked, monkeypatch):
    if torch.backends.cpu.get_cpu_capability() == "DEFAULT" and asked == "avx2":
        pytest.skip("this processor has no AVX2")
    script = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    env = {k: v for k, v in os.environ.items() if k != processor.CAPABILITY}
    env |= {processor.CAPABILITY: asked} if asked else {}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    if asked:
        monkeypatch.setenv(processor.CAPABILITY, asked)
    assert processor.instructions() == done.stdout.strip()


@pytest.mark.parametrize(
    ("vendor", "more", "most", "found"),
    [
        ("AuthenticAMD", AVX512 + " avx512_bf16", None, "avx512_bf16"),
        ("AuthenticAMD", AVX512 + " avx512_bf16", "AVX512_CORE_BF16", "avx512_bf16"),
        ("AuthenticAMD", AVX512 + " avx512_bf16", "AVX512_CORE", None),
        ("AuthenticAMD", AVX512 + " avx512_bf16", "avx2", None),
        ("AuthenticAMD", AVX512, None, None),
        ("GenuineIntel", AVX512 + " avx512_bf16 amx_bf16", None, "amx_bf16"),
        ("GenuineIntel", AVX512 + " avx512_bf16 amx_bf16", "DEFAULT", "amx_bf16"),
        ("GenuineIntel", AVX512 + " avx512_bf16 amx_bf16", "AVX512_CORE_AMX", "amx_bf16"),
        ("GenuineIntel", AVX512 + " avx512_bf16 amx_bf16", "AVX512_CORE_BF16", None),  # slower
        ("GenuineIntel", AVX512 + " avx512_bf16", None, None),
    ],
)
def test_instructions_that_multiply_bfloat16(cpuinfo, monkeypatch, vendor, more, most, found):
    cpuinfo(EPYC.format(more=more).replace("AuthenticAMD", vendor))
    if most is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", most)
    assert processor.bfloat16() == found


@pytest.mark.parametrize("text", [ARM.format(part="0xd0c"), "", None])
def test_elsewhere_bfloat16_is_not_known_to_be_fast(cpuinfo, text):
    cpuinfo(text)
    assert processor.bfloat16() is None
