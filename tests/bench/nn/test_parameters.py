"""Parameters: one aligned row per replica, drawn by name, with M's last layer at zero."""

import dataclasses

import pytest
import torch
from reference.programs import CPU, program_of, tiny_cell
from sgbench.bench.nn.parameters import ALIGNMENT


def test_views_share_the_flat_buffer_and_begin_on_aligned_places():
    weights = program_of(tiny_cell("dni"), tiny_cell("dni", seed=1)).weights
    for name, view in weights.named.items():
        start, end = weights.spans[name]
        assert start % ALIGNMENT == 0
        assert view[0].numel() == end - start
        view.fill_(3.0)
        assert (weights.flat[:, start:end] == 3).all()
    covered = sum(end - start for start, end in weights.spans.values())
    assert covered <= weights.flat.shape[1]


def test_a_weight_is_drawn_by_its_name_whatever_else_there_is():
    plain = program_of(tiny_cell("backprop"), randomised=False).weights.named
    more = program_of(tiny_cell("cdni"), tiny_cell("cdni", seed=1), randomised=False).weights.named
    for name, view in plain.items():
        assert torch.equal(view[0], more[name][0]), name
    assert not torch.equal(more["hidden0.weight"][0], more["hidden0.weight"][1])


def test_initial_values_are_zero_one_or_within_the_bound():
    program = program_of(tiny_cell("dni", sg_layers=1), randomised=False)
    named = program.weights.named
    assert not named["sg0.output.weight"].any()
    assert (named["hidden1.gamma"] == 1).all()
    fan_in = named["hidden1.weight"].shape[-1]
    assert 0 < named["hidden1.weight"].abs().max() <= fan_in**-0.5
    assert program.weights.flat.device == CPU


def test_the_float_type_follows_the_precision():
    cell = tiny_cell("backprop", precision="float32")
    assert program_of(cell).weights.flat.dtype == torch.float32
    wide = dataclasses.replace(cell, precision="float64")
    assert program_of(wide).weights.flat.dtype == torch.float64


ZERO = {  # of networks of depth 4: three hidden layers
    None: (),
    "classifier": ("classifier",),
    "all_but_first": ("classifier", "hidden1", "hidden2"),
    "all": ("classifier", "hidden0", "hidden1", "hidden2"),
}


@pytest.mark.parametrize("zero_init", ZERO)
@pytest.mark.parametrize("norm", [None, "none"])
def test_layers_that_start_at_zero(zero_init, norm):
    cell = tiny_cell("local_sim", zero_init=zero_init, norm=norm)
    named = program_of(cell, randomised=False).weights.named
    plain = program_of(tiny_cell("local_sim", norm=norm), randomised=False).weights.named
    for name, view in named.items():
        layer, kind = name.split(".")
        if layer in ZERO[zero_init] and kind in ("weight", "bias"):
            assert not view.any(), name
        else:
            assert torch.equal(view, plain[name]), name
            assert view.any() or kind == "beta", name  # gammas and maps are as they were


def test_the_second_ten_layers_start_at_zero_too():
    cell = tiny_cell("backprop", depth=13, zero_init="all_but_first")
    named = program_of(cell, randomised=False).weights.named
    assert [i for i in range(12) if named[f"hidden{i}.weight"].any()] == [0]


def test_convolutions_that_start_at_zero():
    named = program_of(tiny_cell("local_sim", "cnn", zero_init="all"), randomised=False)
    zero = {name for name, view in named.weights.named.items() if not view.any()}
    assert {"hidden0.weight", "hidden2.weight", "classifier.weight"} <= zero
    assert not zero & {"hidden0.gamma", "map0.weight"}
