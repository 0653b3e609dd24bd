"""DNI+Aux: without its auxiliary loss it is DNI, and with it the core alone learns otherwise."""

import numpy as np
import pytest
import torch
from reference.sequences import chunks, recurrent_program, small_task, tensors, tiny_recurrent


def gradients_after(rule, updates=2, **changes):
    """The gradients by name of the last of some updates, from the weights of one seed."""
    program = recurrent_program(tiny_recurrent(rule, T=2, **changes), data=small_task())
    with torch.no_grad():
        for name, view in program.weights.named.items():
            source = torch.Generator().manual_seed(sum(map(ord, name)))
            view.copy_(torch.rand(view.shape, generator=source, dtype=torch.float64) - 0.5)
        program.adam.step = lambda *_: None  # the weights stay
        for chunk in chunks(np.random.default_rng(5), updates, 2):
            program.update(*tensors(chunk))
    views = program.weights.views(program.weights.grads)
    return {name: view.clone() for name, view in views.items()}


def test_without_weight_it_is_dni():
    plain, with_aux = gradients_after("dni"), gradients_after("dni_aux", aux_weight=0.0)
    for name, gradient in plain.items():
        torch.testing.assert_close(with_aux[name], gradient, rtol=1e-12, atol=1e-14, msg=name)


def test_the_auxiliary_loss_reaches_the_core_and_its_output_alone():
    none, some = (gradients_after("dni_aux", aux_weight=w) for w in (0.0, 2.0))
    changed = {name for name in none if not torch.equal(none[name], some[name])}
    assert changed == {n for n in none if n.startswith(("core", "aux"))}


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_there_is_no_auxiliary_loss_before_a_second_unroll(weight):
    first = gradients_after("dni_aux", updates=1, aux_weight=weight)
    torch.testing.assert_close(
        first["core.weight"], gradients_after("dni", updates=1)["core.weight"]
    )
