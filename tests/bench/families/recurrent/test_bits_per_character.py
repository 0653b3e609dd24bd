"""Bits per character: those of a plain loop over the text, and a reading that changes nothing."""

import math

import numpy as np
import pytest
import torch
from reference.sequences import matched, recurrent_program, tiny_recurrent
from sgbench.bench import registry
from sgbench.bench.families.recurrent.bits_per_character import bits_per_character
from sgbench.bench.families.recurrent.estimates import WARM_UP


def text_cell(rule, **changes):
    return tiny_recurrent(rule, dataset="descriptions", **changes)


def circular(codes, before):
    """The codes, with so many in front as if they went round in a circle."""
    return codes[np.arange(-before, len(codes)) % len(codes)]


@pytest.mark.parametrize("characters", [2, 64, 150, 1_234])
def test_bits_per_character_are_those_of_a_plain_loop(characters):
    """One stream, one step after another: a text in parts is read as if it were whole.

    A part warms up on what is before it (the first on the text's end), which this core forgets
    as fast as it is set to.
    """
    rng = np.random.default_rng(characters)
    program = recurrent_program(text_cell("bptt"), text_cell("bptt", seed=1))
    references = [matched(program, replica, rng) for replica in range(2)]
    codes = rng.integers(0, program.network.symbols, characters).astype(np.uint8)
    with torch.no_grad():
        found = bits_per_character(program.network, codes)
    for reference, bits in zip(references, found, strict=True):
        reference.state = None
        whole = circular(codes, WARM_UP)
        targets = np.full(len(whole), -1)
        targets[-characters:-1] = codes[1:]
        loss = reference.trace(whole[:, None], targets[:, None]).loss
        assert bits == pytest.approx(loss / (characters - 1) / math.log(2), rel=1e-9)
    assert found[0] != found[1]


def test_places_and_warm_up_are_as_asked():
    """A short warm-up costs something, and nothing in one place."""
    program = recurrent_program(text_cell("bptt"))
    with torch.no_grad():
        matched(program)
        codes = np.random.default_rng(1).integers(0, program.network.symbols, 600)
        (few,) = bits_per_character(program.network, codes, places=60, warm_up=1)
        (more,) = bits_per_character(program.network, codes, places=60, warm_up=9)
        (one,) = bits_per_character(program.network, codes, places=1)
    assert abs(few - one) > 5 * abs(more - one) > 0


@pytest.mark.parametrize("rule", registry.rules_of("recurrent"))
def test_a_reading_changes_nothing(rule):
    with torch.no_grad():
        program = recurrent_program(text_cell(rule))
        program.step()
        before = program.network.weights.flat.clone(), program.network.state.clone()
        bits_per_character(program.network, program.data.valid)
    assert torch.equal(program.network.weights.flat, before[0])
    assert torch.equal(program.network.state, before[1])


def test_a_guess_costs_the_logarithm_of_the_alphabet():
    with torch.no_grad():
        program = recurrent_program(text_cell("bptt"))
        for name in ("readout.weight", "readout.bias"):
            program.network.weights.named[name].zero_()
        (bits,) = bits_per_character(program.network, program.data.valid)
    assert bits == pytest.approx(math.log2(len(program.data.alphabet)), rel=1e-12)
