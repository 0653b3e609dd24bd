"""The back-end of the products: measured, chosen for speed among the exact ones."""

import math

import pytest
import torch
from sgbench.bench.nn import products as matrix_products
from sgbench.bench.nn.products import MARGIN, TOLERANCE, BackendBenchmark

EXACT = 3e-7


def measured(name, flops, error=EXACT, distinct=True):
    return BackendBenchmark(name=name, flops=flops, error=error, distinct=distinct)


DEFAULT = measured("mkl", 100.0, distinct=False)


@pytest.mark.parametrize(
    ("other", "chosen"),
    [
        (measured("onednn", 200.0), "onednn"),
        (measured("onednn", 100.0 * MARGIN + 0.1), "onednn"),
        (measured("onednn", 100.0 * MARGIN), "mkl"),  # not enough to leave the default for
        (measured("onednn", 50.0), "mkl"),
        (measured("onednn", 200.0, TOLERANCE), "onednn"),
        (measured("onednn", 200.0, TOLERANCE * 1.01), "mkl"),
        (measured("onednn", 1e9, 2e-3), "mkl"),  # what bfloat16 gives
        (measured("onednn", 1e9, math.nan), "mkl"),
        (measured("onednn", 1e9, math.inf), "mkl"),
        (measured("onednn", 200.0, distinct=False), "mkl"),  # torch has not taken it
    ],
)
def test_choose(other, chosen):
    assert matrix_products.choose([DEFAULT, other]).name == chosen


def test_the_only_one_is_chosen():
    assert matrix_products.choose([DEFAULT]) is DEFAULT


def test_the_fastest_of_several_is_chosen():
    three = [DEFAULT, measured("a", 300.0), measured("b", 250.0), measured("c", 400.0, 1.0)]
    assert matrix_products.choose(three).name == "a"
    assert matrix_products.choose([three[0], *three[:0:-1]]).name == "a"


def test_measure_leaves_everything_as_it_was():
    torch.set_num_threads(2)
    matrix_products.use("onednn")
    found = matrix_products.measure(rounds=1)
    assert torch.get_num_threads() == 2
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
    torch.set_num_threads(1)
    assert tuple(m.name for m in found) == matrix_products.available()
    assert all(m.flops > 0 for m in found)
    assert found[0].error < TOLERANCE  # the default is float32
    assert found[0].distinct is False


def test_measure_sees_products_that_are_not_exact(monkeypatch):
    three = matrix_products._three

    def rounded(a, b):
        products = three(a, b)
        if torch.backends.mkldnn.matmul.fp32_precision == "ieee":
            return products
        return tuple(p.bfloat16().float() if p.dtype == torch.float32 else p for p in products)

    monkeypatch.setattr(matrix_products, "_three", rounded)
    monkeypatch.setattr(matrix_products, "available", lambda: ("mkl", "onednn"))
    default, other = matrix_products.measure(rounds=1)
    assert other.error > 100 * TOLERANCE > 1000 * default.error
    assert matrix_products.choose([default, other]) is default
    assert matrix_products.exact.__wrapped__() == ("mkl",)


def test_what_a_limit_is_measured_by_is_as_exact_as_float32():
    names = matrix_products.exact()
    found = {one.name: one.error for one in matrix_products.measure(rounds=1)}
    assert names[0] == matrix_products.available()[0]
    assert {name for name, error in found.items() if error <= TOLERANCE} == set(names)


def test_use_sends_products_elsewhere():
    for name, precision in (("onednn", "bf16"), ("mkl", "ieee"), ("blas", "ieee")):
        matrix_products.use(name)
        assert torch.backends.mkldnn.matmul.fp32_precision == precision
    matrix_products.use(matrix_products.available()[0])


@pytest.mark.parametrize("replicas", [1, 3])
def test_products_of_replicas(replicas):
    a, b = torch.randn(replicas, 4, 5).double(), torch.randn(replicas, 5, 6).double()
    expected = torch.einsum("rij,rjk->rik", a, b)
    torch.testing.assert_close(matrix_products.matmul(a, b), expected)
    out = torch.empty(replicas, 4, 6).double()
    for times in (1, 2):
        parts = map(matrix_products.plane, (a, b, out))
        matrix_products.accumulate(*parts, first=times == 1)
        torch.testing.assert_close(out, times * expected)
