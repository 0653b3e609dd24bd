"""The settings of torch that the protocol asks for, and giving a process its own ones back."""

import pytest
import torch
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
