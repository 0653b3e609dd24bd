"""precision=bf16 against the NumPy reference whose products round what they take and give.

The rounding is nonlinear: where float32 and float64 differ by a rounding error, a number may go to
the other of two neighbours, 2^-8 apart. So the rules are held to 1e-10 in float64 with rounded
operands and results, and the cells themselves (float32) within what some such numbers leave.
"""

import dataclasses

import numpy as np
import pytest
import reference.layers
import reference.recurrent
import reference.table1
import torch
from reference.programs import arrays, batches, examples, gradients, program_of, tiny_cell, update
from reference.programs import reference_of as table1_of
from reference.sequences import chunks, matched, named, recurrent_program, small_task, tensors
from reference.sequences import tiny_recurrent as recurrent_cell
from sgbench.bench import processor
from sgbench.bench.cell import Cell
from sgbench.bench.errors import UsageError
from sgbench.bench.nn.arithmetic import EMULATED
from sgbench.bench.nn.precision import dtype, rounded

FLIPS = 2e-3  # relative to a gradient's length: what operands at the other neighbour leave
RULES = [("no_bprop", {}), ("backprop", {}), ("dni", {"sg_layers": 1}), ("cdni", {"sg_layers": 0})]
every_rule = pytest.mark.parametrize(("rule", "changes"), RULES)
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def nearest(x):
    """The nearest bfloat16 values, ties to even, by the bits of float32."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32).astype(np.uint64)
    kept = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return kept.astype(np.uint32).view(np.float32).astype(np.float64)


def rounding(product):
    """A layer of the reference whose operands and results, forward and back, are rounded."""

    def layer(x, weight):
        out, pullback = product(nearest(x), nearest(weight))
        return nearest(out), lambda delta: tuple(map(nearest, pullback(nearest(delta))))

    return layer


@pytest.fixture
def rounded_reference(monkeypatch):
    for name in ("linear", "convolution"):
        layer = rounding(getattr(reference.layers, name))
        monkeypatch.setattr(reference.table1, name, layer)
        monkeypatch.setattr(reference.recurrent, name, layer, raising=False)


def in_float64(program):
    """Let a float64 program's products round as they do with precision=bf16."""
    network = program.network
    blocks = network.blocks() if hasattr(network, "blocks") else [network.readout]
    for block in blocks:
        block.take(EMULATED)
    if not hasattr(network, "blocks"):
        network.core.arithmetic = EMULATED
        for block in (network.model and network.model.sequence, network.auxiliary):
            if block:
                block.take(EMULATED)
    return program


def distance(got, want):
    return np.linalg.norm(got - want) / max(np.linalg.norm(want), 1e-3)


def test_rounding_is_to_the_nearest_and_ties_to_even():
    ulp = 2**-7
    values = np.array([1, 1 + ulp / 2, 1 + 3 * ulp / 2, 1 + ulp / 2 + 2**-23, -1 - 0.7 * ulp, 0])
    wanted = np.array([1, 1, 1 + 2 * ulp, 1 + ulp, -1 - ulp, 0])
    np.testing.assert_array_equal(rounded(torch.tensor(values)).numpy(), wanted)
    np.testing.assert_array_equal(nearest(values), wanted)
    some = np.random.default_rng(0).normal(0, 1e-4, 10_000)
    np.testing.assert_array_equal(rounded(torch.tensor(some)).numpy(), nearest(some))


def test_layout_and_type_stay():
    maps = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    assert rounded(maps).is_contiguous(memory_format=torch.channels_last)
    assert rounded(maps).dtype == torch.float32
    assert [dtype(name) for name in ("float32", "bf16", "float64")] == [
        torch.float32,
        torch.float32,
        torch.float64,
    ]


@every_network
@every_rule
@pytest.mark.usefixtures("rounded_reference")
def test_two_steps_are_those_of_the_reference(network, rule, changes):
    program = in_float64(program_of(tiny_cell(rule, network, **changes)))
    reference = table1_of(program)
    for index in batches(program, 2):
        update(program, index)
        trace = reference.step(*examples(index))
        got = arrays(gradients(program))
        for name, want in trace.gradients.items():
            assert distance(got[name], want) < 1e-10, name
    for name, want in reference.weights.items():
        assert distance(arrays(program.network.weights.named)[name], want) < 1e-10, name
    x, _ = examples(index)
    logits = program.network.evaluate(
        program.network.architecture.pack(torch.tensor(x).unsqueeze(0))
    )
    plain = reference.evaluate(x)
    assert 0 < distance(logits[0].T.numpy(), plain) < 0.05  # rounded too; that reference is not


@pytest.mark.usefixtures("rounded_reference")
@pytest.mark.parametrize("rule", ["bptt", "dni", "dni_aux"])
def test_two_unrolls_are_those_of_the_reference(rule):
    changes = {} if rule == "bptt" else {"sg_factor": 1.0}  # one pull: rounded once
    program = in_float64(recurrent_program(recurrent_cell(rule, **changes), data=small_task()))
    reference = matched(program)
    for chunk in chunks(np.random.default_rng(1), 2, 3):
        trace = reference.step(chunk[0][0], chunk[1][0])
        program.update(*tensors(chunk))
        got = named(program.network, "grads")
        for name, want in trace.gradients.items():
            assert distance(got[name], want) < 1e-10, name
    for name, want in reference.weights.items():
        assert distance(named(program.network, "weights")[name], want) < 1e-10, name


@pytest.fixture(params=["avx512_bf16", None], ids=["native", "emulated"])
def either(request, monkeypatch):
    """A processor that multiplies bfloat16, and one that does not."""
    if request.param and not processor.bfloat16():
        pytest.skip("this processor has no bfloat16 products; torch's own sum up in bfloat16")
    monkeypatch.setattr(processor, "bfloat16", lambda: request.param)


@every_network
@every_rule
@pytest.mark.usefixtures("rounded_reference", "either")
def test_a_cell_is_float32_with_rounded_products(network, rule, changes):
    program = program_of(tiny_cell(rule, network, precision="bf16", **changes))
    assert program.network.weights.flat.dtype == torch.float32
    reference = table1_of(program)
    (index,) = batches(program, 1)
    trace = reference.trace(*examples(index))
    update(program, index)
    got = arrays(gradients(program))
    for name, want in trace.gradients.items():
        assert distance(got[name], want) < FLIPS, name


@pytest.mark.usefixtures("rounded_reference", "either")
@pytest.mark.parametrize("rule", ["bptt", "dni", "dni_aux"])
def test_a_recurrent_cell_is_float32_with_rounded_products(rule):
    changes = {} if rule == "bptt" else {"sg_factor": 1.0}
    cell = recurrent_cell(rule, precision="bf16", **changes)
    program = recurrent_program(cell, data=small_task())
    reference = matched(program)
    (chunk,) = chunks(np.random.default_rng(1), 1, 3)
    trace = reference.trace(chunk[0][0], chunk[1][0])
    program.update(*tensors(chunk))
    got = named(program.network, "grads")
    for name, want in trace.gradients.items():
        assert distance(got[name], want) < FLIPS, name


@every_network
def test_without_rounding_the_reference_is_further_off(network):
    program = program_of(tiny_cell("backprop", network, precision="bf16"))
    (index,) = batches(program, 1)
    trace = table1_of(program).trace(*examples(index))
    update(program, index)
    got = arrays(gradients(program))
    assert max(distance(got[name], want) for name, want in trace.gradients.items()) > FLIPS


def test_replicas_are_each_the_cell_alone():
    cells = [tiny_cell("cdni", precision="bf16", seed=seed) for seed in (0, 1)]
    both, alone = program_of(*cells), program_of(cells[1])
    for index in batches(both, 2):
        update(both, index)
        update(alone, index[1:])
    for name, view in alone.network.weights.named.items():
        torch.testing.assert_close(both.network.weights.named[name][1], view[0], rtol=0, atol=1e-2)


def test_it_is_a_protocol_of_its_own():
    plain = tiny_cell("backprop", precision="float32")
    narrow = dataclasses.replace(plain, precision="bf16")
    assert narrow.id("data") != plain.id("data")
    assert Cell.from_dict(narrow.to_dict()) == narrow


def test_two_networks_have_no_such_products():
    from sgbench.reproductions.exhibits.exhibit import expand, load

    cell = expand(load("two_networks"), "demo", seeds=1)[0]
    with pytest.raises(UsageError, match="precision=bf16 does not fit network=two_lstms"):
        dataclasses.replace(cell, precision="bf16")
