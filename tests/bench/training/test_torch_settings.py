"""The settings of torch that the protocol asks for, and giving a process its own ones back."""

from pathlib import Path

import pytest
import torch
from sgbench.bench.training import torch_settings
from sgbench.bench.training.torch_settings import configure_torch, restored


def settings():
    backends = torch.backends
    return (
        torch.get_num_threads(),
        backends.mkldnn.matmul.fp32_precision,
        backends.mkldnn.conv.fp32_precision,
        backends.cuda.matmul.fp32_precision,
        backends.cudnn.conv.fp32_precision,
        backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        backends.cudnn.deterministic,
        backends.cudnn.benchmark,
    )


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_process_gets_its_own_settings_back():
    before = settings()
    with restored():
        configure_torch("cpu", 1, "onednn")
        assert settings() != before
        assert torch.get_num_threads() == 1
    assert settings() == before


def test_it_does_so_whatever_is_raised():
    def fail():
        with restored():
            configure_torch("cpu", 1, "onednn")
            raise ArithmeticError

    before = settings()
    with pytest.raises(ArithmeticError):
        fail()
    assert settings() == before


def test_no_code_asks_for_the_setting_of_tf32_that_raises():
    """It can't be read once the newer precisions are set."""
    root, setting = Path(torch_settings.__file__).parents[2], "allow" + "_tf32"
    folders = ("bench", "reproductions", "results", "reports", "tests")
    code = [path for name in folders for path in (root / name).rglob("*.py")]
    assert [path for path in code if setting in path.read_text(encoding="utf-8")] == []
