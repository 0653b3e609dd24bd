"""The arithmetic of products: exact as torch's own, or rounded where precision=bf16 says so."""

import pytest
import torch
from sgbench.bench import processor
from sgbench.bench.nn import products
from sgbench.bench.nn.arithmetic import EMULATED, EXACT, NATIVE, Shape, arithmetic
from sgbench.bench.nn.precision import rounded

narrow = pytest.mark.parametrize("kind", [NATIVE, EMULATED], ids=["native", "emulated"])
ULP = 2**-8  # at most, relative: between neighbours among bfloat16 values
FLIPPED = 0.02  # of results: those that float32's order of summing moves to a neighbour


def draw(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def assert_rounded(got, exact):
    """Hold float32 results against what they are the rounding of, in float64."""
    want = rounded(exact.float())
    assert got.dtype == torch.float32
    assert torch.equal(got, rounded(got))
    torch.testing.assert_close(got, want, rtol=ULP, atol=1e-6)
    assert (got != want).double().mean() < FLIPPED


@narrow
@pytest.mark.parametrize("sizes", [(20, 300, 30), (3, 8, 7, 9), (64, 64, 64)])
def test_operands_and_results_are_rounded(kind, sizes):
    *replicas, m, k, n = sizes
    a, b = draw(*replicas, m, k), draw(*replicas, k, n, seed=1)
    exact = rounded(a).double() @ rounded(b).double()
    plain = (a.double() @ b.double()).float()
    got = kind.product(kind.operand(a), kind.operand(b))
    assert_rounded(got, exact)
    assert (got != rounded(plain)).double().mean() > FLIPPED  # operands are rounded, too
    out = torch.empty_like(got)
    assert kind.product(kind.operand(a), kind.operand(b), out) is out
    assert torch.equal(out, got)
    turned = kind.product(kind.operand(b.mT.contiguous()).mT.mT, kind.operand(a).mT)
    assert_rounded(turned, exact.mT)


@narrow
def test_a_sum_of_products_adds_up_rounded_ones_in_float32(kind):
    pairs = [(draw(6, 50, seed=s), draw(50, 4, seed=s + 9)) for s in range(3)]
    operands = [tuple(map(kind.operand, pair)) for pair in pairs]
    out = torch.full((6, 4), 7.0)
    for number, (a, b) in enumerate(operands):
        kind.accumulate(a, b, out, first=number == 0)
    first, second, third = (kind.product(a, b) for a, b in operands)
    assert torch.equal(out, first + second + third)
    assert not torch.equal(out, rounded(out))


@narrow
@pytest.mark.parametrize("m", [2, 40])  # small products take another way through torch
def test_terms_add_up_in_float32(kind, m):
    ones = kind.operand(torch.ones(m, 4096))
    assert (kind.product(ones, ones.mT) == 4096).all()  # in bfloat16 256 + 1 is 256
    assert (kind.product(ones[None].expand(2, -1, -1), ones.mT.expand(2, -1, -1)) == 4096).all()
    maps = kind.operand(torch.ones(16, 2, 16, 16))
    weight = kind.operand(torch.ones(4, 2, 3, 3))
    shape = Shape(padding=1, groups=1)
    delta = kind.operand(torch.ones(16, 4, 16, 16))
    _, dw = kind.convolution_backward(delta, maps, weight, shape, need_input=False)
    assert (dw[:, :, 1, 1] == 4096).all()


@narrow
def test_a_convolution_and_its_gradients_are_rounded(kind):
    if kind is NATIVE and not processor.bfloat16():
        pytest.skip("torch's own convolutions, without oneDNN's, sum up in bfloat16")
    x, weight, bias = draw(4, 6, 9, 9), draw(8, 3, 3, 3, seed=1), draw(8, seed=2)
    delta, shape = draw(4, 8, 9, 9, seed=3), Shape(padding=1, groups=2)
    operands = [kind.operand(t) for t in (delta, x, weight)]
    exact = [rounded(t).double() for t in (delta, x, weight)]
    assert_rounded(
        kind.convolution(operands[1], operands[2], None, shape),
        EXACT.convolution(exact[1], exact[2], None, shape),
    )
    with_bias = kind.convolution(operands[1], operands[2], bias, shape)
    plain = kind.convolution(operands[1], operands[2], None, shape)
    assert torch.equal(with_bias, plain + bias.view(-1, 1, 1))
    gradients = kind.convolution_backward(*operands, shape, need_input=True)
    wanted = EXACT.convolution_backward(*exact, shape, need_input=True)
    for got, want in zip(gradients, wanted, strict=True):
        assert_rounded(got, want)
    assert kind.convolution_backward(*operands, shape, need_input=False)[0] is None


def test_what_is_exact_is_as_torch_computes_it():
    a, b, out = draw(5, 7), draw(7, 3, seed=1), torch.ones(5, 3)
    assert EXACT.operand(a) is a
    assert torch.equal(EXACT.product(a, b), a @ b)
    EXACT.accumulate(a, b, out, first=False)
    assert torch.equal(out, torch.addmm(torch.ones(5, 3), a, b))
    assert EXACT.product is products.product
    x, weight, bias = draw(2, 3, 5, 5), draw(4, 3, 3, 3, seed=1), draw(4, seed=2)
    got = EXACT.convolution(x, weight, bias, Shape(padding=1, groups=1))
    assert torch.equal(got, torch.nn.functional.conv2d(x, weight, bias, padding=1))


def test_operands_are_held_in_bfloat16_where_that_is_native():
    a = draw(4, 5)
    assert NATIVE.operand(a).dtype == torch.bfloat16
    assert EMULATED.operand(a).dtype == torch.float32
    assert EMULATED.operand(a.double()).dtype == torch.float64
    assert torch.equal(NATIVE.operand(a).float(), EMULATED.operand(a))


@narrow
def test_an_operand_of_many_products_is_contiguous(kind):
    x = draw(5, 7)[:, 2:].mT
    assert kind.repeated(x).is_contiguous()
    assert torch.equal(kind.repeated(x), kind.operand(x))
    assert EXACT.repeated(x) is x


@pytest.mark.parametrize(("found", "kind"), [("amx_bf16", NATIVE), (None, EMULATED)])
def test_the_arithmetic_of_a_cell(monkeypatch, found, kind):
    monkeypatch.setattr(processor, "bfloat16", lambda: found)
    cpu = torch.device("cpu")
    assert arithmetic("bf16", cpu) is kind
    assert arithmetic("bf16", torch.device("cuda:0")) is NATIVE
    assert arithmetic("float32", cpu) is arithmetic("float64", cpu) is EXACT
