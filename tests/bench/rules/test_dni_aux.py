"""DNI+Aux: without its auxiliary loss it is DNI, and with it the core alone learns otherwise."""

import numpy as np
import pytest
import torch
from benchmarks.aux_weights import differences
from reference.sequences import (
    chunks,
    matched,
    recurrent_program,
    small_task,
    tensors,
    tiny_recurrent,
)


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


# --- readings of what the paper leaves open


def test_its_loss_is_summed_over_the_steps_and_told_as_their_mean():
    """A slope of what the core learns from is that of `T` times what is told."""
    T, weight, epsilon = 3, 2.0, 1e-6
    program = recurrent_program(
        tiny_recurrent("dni_aux", T=T, aux_weight=weight), data=small_task()
    )
    rng = np.random.default_rng(2)
    with torch.no_grad():
        matched(program)
        program.adam.step = lambda *_: None  # the weights stay
        first, second = (tensors(chunk) for chunk in chunks(rng, 2, T))
        program.update(*first)
        bias, told = program.weights.named["aux.output.bias"], []
        state = program.network.state.clone()
        kept = {name: part.clone() for name, part in program.network.carried()["before"].items()}
        for shift in (epsilon, -epsilon, 0.0):
            bias[0, 0] += shift
            program.network.carry({"last": {"state": state}, "before": kept})
            program.update(*second)
            told.append(program.network.aux_loss.item())
            bias[0, 0] -= shift
    slope = (told[0] - told[1]) / (2 * epsilon)
    written = program.weights.views(program.weights.grads)["aux.output.bias"][0, 0].item()
    assert written == pytest.approx(weight * T * slope, rel=1e-6)
    assert abs(slope) > 1e-3


def test_what_it_should_predict_is_what_m_says_now_and_not_the_part_that_is_used():
    """The synthetic gradient without its factor, by the weights that M has in this update."""
    some, used = (gradients_after("dni_aux", sg_factor=factor) for factor in (0.1, 0.9))
    assert torch.equal(some["aux.output.weight"], used["aux.output.weight"])
    assert not torch.equal(some["core.weight"], used["core.weight"])

    program = recurrent_program(tiny_recurrent("dni_aux", T=2), data=small_task())
    with torch.no_grad():
        matched(program)
        program.adam.step = lambda *_: None
        first, second = (tensors(chunk) for chunk in chunks(np.random.default_rng(3), 2, 2))
        program.update(*first)
        old = program.network.previous_unroll().outputs.flatten(2).clone()
        program.network.weights.named["sg.output.weight"].mul_(-3.0)  # M learns meanwhile
        program.update(*second)
        network = program.network
        new = network.previous_unroll().outputs.flatten(2)
        wanted = network.model.predict(new)[0] / network.model.scale * network.streams
        error = network.auxiliary.evaluate(old) - wanted
    told = error.square().sum() / (network.streams * 2)
    assert network.aux_loss.item() == pytest.approx(told.item(), rel=1e-10)


def test_by_whose_weights_an_unroll_is_pulled_back_matters_little_at_low_rates():
    """By today's: exact where they do not move, and the nearer the slower they do."""
    sizes = {"T": 4, "hidden_units": 32, "sg_units": 32, "batch_size": 32, "aux_weight": 1.0}

    def largest(rate):
        scale = 32 * rate / 7e-5
        return max(
            differences(tiny_recurrent("dni_aux", **sizes, learning_rate=rate, sg_scale=scale), 30)
        )

    low, high = largest(7e-5), largest(1e-2)
    assert 0 < low < 5e-4
    assert 30 * low < high < 0.05
