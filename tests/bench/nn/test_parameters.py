"""Parameters: one aligned row a replica, drawn by name, with M's last layer at zero."""

import dataclasses

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
