"""What a program runs on: device names, and the class within which bits agree."""

import contextlib
import dataclasses
import importlib.metadata
import os
import platform
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import hardware
from sgbench.bench.errors import UsageError
from sgbench.bench.outcome import Machine

HERE = Machine(
    device="Some CPU",
    threads=1,
    matmul="mkl",
    matmul_error=3e-7,
    torch="2.13.0+cpu",
    python="3.11.7",
    numpy="2.4.0",
    platform="Linux x86_64",
)


@pytest.fixture
def gpus(monkeypatch):
    """Have torch see so many GPUs."""

    def see(count):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(hardware, "cuda_likely", lambda: count > 0)

    return see


@pytest.mark.parametrize(
    ("count", "name", "device"),
    [
        (0, "cpu", "cpu"),
        (0, "auto", "cpu"),
        (2, "cpu", "cpu"),
        (2, "auto", "cuda:0"),
        (2, "cuda", "cuda:0"),
        (2, "cuda:0", "cuda:0"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_resolve_device(gpus, count, name, device):
    gpus(count)
    assert hardware.resolve_device(name) == device


def test_auto_is_the_cpu_where_there_is_a_gpu_that_torch_cannot_use(gpus, monkeypatch):
    gpus(0)
    monkeypatch.setattr(hardware, "cuda_likely", lambda: True)
    assert hardware.resolve_device("auto") == "cpu"


@pytest.mark.parametrize(
    "name",
    [
        *("", "gpu", "CPU", "mps", " cpu", "cpu\n", "cpu:", "cpu:0", "auto:0", "cuda0", "cuda:"),
        *("cuda:x", "cuda:-1", "cuda:1.0", "cuda:²", "cuda:٣", "cuda:0:0"),
    ],
)
def test_bad_names_of_devices(gpus, name):
    gpus(4)
    with pytest.raises(UsageError) as caught:
        hardware.resolve_device(name)
    message = str(caught.value)
    assert message == f"--device {name!r} is none of auto, cpu, cuda, cuda:i"
    assert "\n" not in message


@given(st.text())
def test_any_text_is_a_device_or_a_usage_error(name):
    with contextlib.suppress(UsageError):
        assert hardware.resolve_device(name) in ("cpu", "cuda:0")


@pytest.mark.parametrize(
    ("count", "name"), [(0, "cuda"), (0, "cuda:0"), (1, "cuda:1"), (2, "cuda:99999999999999999999")]
)
def test_a_gpu_that_is_not_there(gpus, count, name):
    gpus(count)
    with pytest.raises(UsageError) as caught:
        hardware.resolve_device(name)
    assert str(caught.value) == f"--device {name}: torch sees {count} GPU(s); use --device cpu"


def test_machine_class_is_what_may_change_bits():
    name = hardware.machine_class(HERE)
    assert name == "Some CPU, 1 threads, mkl, torch 2.13"
    changes = {
        "device": "Other CPU",
        "threads": 2,
        "matmul": "onednn",
        "torch": "2.14.0+cpu",
        "processor": "AuthenticAMD 25 17",
        "instructions": "AVX512",
        "cuda": "12.8",
        "cudnn": "91002",
    }
    for field, value in changes.items():
        assert hardware.machine_class(dataclasses.replace(HERE, **{field: value})) != name
    same = {"torch": "2.13.1", "matmul_error": None, "python": "3.12.0", "numpy": "2.5.0"}
    for field, value in same.items():
        assert hardware.machine_class(dataclasses.replace(HERE, **{field: value})) == name


KNOWN = dataclasses.replace(HERE, processor="AuthenticAMD 25 17", instructions="AVX512")
OTHERS = ({"instructions": "DEFAULT"}, {"processor": "AuthenticAMD 26 2"}, {"matmul": "onednn"})


def test_two_processors_of_one_model_name_are_two_classes():
    name = hardware.machine_class(KNOWN)
    assert name == "Some CPU, 1 threads, mkl, torch 2.13, AVX512, AuthenticAMD 25 17"
    for change in OTHERS:
        other = hardware.machine_class(dataclasses.replace(KNOWN, **change))
        assert other != name
        assert not hardware.may_be_one(name, other)
    gpu = dataclasses.replace(HERE, device="A GPU, fast", cuda="12.8", cudnn="91002")
    assert hardware.machine_class(gpu).endswith("torch 2.13, CUDA 12.8, cuDNN 91002")
    assert hardware.known_before(hardware.machine_class(gpu)) == hardware.machine_class(
        dataclasses.replace(gpu, cuda=None, cudnn=None)
    )


def test_a_machine_of_an_older_record_may_be_any_of_its_model():
    old, name = hardware.machine_class(HERE), hardware.machine_class(KNOWN)
    assert hardware.known_before(name) == hardware.known_before(old) == old
    assert hardware.may_be_one(old, name)
    assert hardware.may_be_one(name, old)
    assert hardware.is_among(old, ["another machine", name])
    assert not hardware.may_be_one(old, name.replace("Some", "Other"))
    assert not hardware.is_among("another machine", [name])


def test_what_tells_machines_apart_is_in_the_class_of_this_one(monkeypatch):
    here = hardware.describe("cpu", 1, "mkl", None)
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    other = hardware.describe("cpu", 1, "mkl", None)
    assert hardware.machine_class(here) != hardware.machine_class(other)


def test_versions_of_a_gpu_are_known(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    assert hardware.details("cuda:0") == {"cuda": "12.8", "cudnn": "91002"}
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: None)
    assert hardware.details("cuda:0")["cudnn"] is None


def test_describe():
    here = hardware.describe("cpu", 1, "mkl", 3e-7)
    assert here.device == hardware.device_model("cpu") != ""
    assert (here.threads, here.matmul, here.matmul_error) == (1, "mkl", 3e-7)
    assert here.torch == importlib.metadata.version("torch")
    assert torch.__version__.startswith(here.torch)  # PyTorch's build for CUDA adds which
    assert f"torch {hardware.torch_release()}" in hardware.machine_class(here)
    assert hardware.torch_release().count(".") == 1


def test_bfloat16_products_are_a_back_end_of_their_own(monkeypatch):
    for found, narrow in (("amx_bf16", "bfloat16"), (None, "mkl")):
        monkeypatch.setattr(hardware.processor, "bfloat16", lambda found=found: found)
        classes = {
            precision: hardware.machine_class(hardware.describe("cpu", 1, "mkl", 3e-7, precision))
            for precision in ("float32", "float64", "bf16")
        }
        assert classes["float32"] == classes["float64"]
        assert ", 1 threads, mkl, " in classes["float32"]
        assert classes["bf16"] == classes["float32"].replace(" mkl,", f" {narrow},")
        error = hardware.describe("cpu", 1, "mkl", 3e-7, "bf16").matmul_error
        assert error == (None if found else 3e-7)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("processor : 0\nmodel name\t: A Fast CPU: 2 GHz \nmodel name : B\n", "A Fast CPU: 2 GHz"),
        ("processor : 0\n", "arch"),
        (None, "arch"),
    ],
)
def test_device_model(monkeypatch, tmp_path, text, model):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(hardware.processor, "CPUINFO", path)
    monkeypatch.setattr(hardware.platform, "processor", lambda: "")
    monkeypatch.setattr(hardware.platform, "machine", lambda: "arch")
    assert hardware.device_model("cpu") == model


def test_torch_is_not_needed_without_a_gpu():
    script = (
        "import sys; from sgbench.bench import hardware; hardware.cuda_likely = lambda: False;"
        "device = hardware.resolve_device('auto');"
        "hardware.machine_class(hardware.describe(device, 1, 'mkl', None));"
        "print(device, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "cpu False\n"


def faults(script, **env):
    """Minor page faults of a script's `work()`, in a thread, once it has been done often."""
    code = f"""
import resource, threading, torch
from sgbench.bench import hardware
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
{script}
def often():
    prepare()
    for _ in range(20): work()
    before = faults(); work(); print(faults() - before)
thread = threading.Thread(target=often); thread.start(); thread.join()
"""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC", "GLIBC"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | env, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
@pytest.mark.parametrize("env", [{}, {"MALLOC_TRIM_THRESHOLD_": "65536"}], ids=["plain", "dask"])
def test_a_process_keeps_what_it_frees(env):
    work = "def work(): torch.empty(2**23).fill_(1)\nprepare = "  # 32 MiB
    assert faults(f"{work}int", **env) > 10 * faults(f"{work}hardware.keep_freed_memory", **env)


@pytest.mark.parametrize(
    ("quota", "cores"), [(None, 16), (0.25, 1), (1.9, 1), (4.0, 4), (16.0, 16), (64.0, 16)]
)
def test_cores_are_those_that_affinity_and_quota_leave(monkeypatch, quota, cores):
    monkeypatch.setattr(hardware, "usable_cores", lambda: list(range(16)))
    monkeypatch.setattr(hardware, "cpu_quota", lambda: quota)
    assert hardware.cores() == cores
