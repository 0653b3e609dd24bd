"""Mono-Forward: matrices teach and predict, and the classifier has no part in it."""

import pytest
import torch
from reference.programs import (
    batches,
    everything,
    moved,
    program_of,
    random_data,
    tiny_cell,
    update,
)


@pytest.fixture(params=[None, 1], ids=["topmost", "sum"])
def program(request):
    return program_of(tiny_cell("mono_forward", mf_sum=request.param), randomised=False)


def test_the_classifier_never_moves(program):
    before = everything(program)
    for index in batches(program, 5):
        update(program, index)
    names = {name for name in program.weights.named if not name.startswith("classifier")}
    assert moved(before, everything(program)) == names
    program.weights.named["classifier.weight"].fill_(torch.nan)  # nor is it read
    program.step()
    errors, losses = program.evaluate("held")
    assert torch.isfinite(torch.tensor([errors, losses, program.probe().loss])).all()


def test_under_a_matrix_that_is_a_classifier_without_bias_it_is_backprop():
    found, wanted = (
        program_of(tiny_cell(rule, depth=2), randomised=False)
        for rule in ("mono_forward", "backprop")
    )
    for program in (found, wanted):
        program.weights.named["classifier.bias"].zero_()
    matrix = found.weights.named["map0.weight"]
    for index in batches(found, 3):
        matrix.copy_(wanted.weights.named["classifier.weight"])
        wanted.weights.named["classifier.bias"].zero_()
        update(found, index)
        update(wanted, index)
        for kind in ("weight", "gamma", "beta"):
            name = f"hidden0.{kind}"
            assert torch.equal(found.weights.named[name], wanted.weights.named[name])
    assert torch.equal(matrix, wanted.weights.named["classifier.weight"])


@pytest.mark.parametrize("mf_sum", [None, 1])
def test_it_predicts_by_the_topmost_scores_or_by_the_sum(mf_sum):
    program = program_of(tiny_cell("mono_forward", mf_sum=mf_sum), randomised=False)
    program.step()
    named, h = program.weights.named, torch.rand(1, 50, 7, dtype=torch.float64)
    found, every = program.network.evaluate(h.clone()), []
    for i, layer in enumerate(program.network.hidden):
        h = layer.evaluate(h)
        every.append(named[f"map{i}.weight"] @ h)
    wanted = sum(every) if mf_sum else every[-1]
    torch.testing.assert_close(found, wanted)


def test_its_results_are_those_of_its_scores(program):
    data = random_data()
    images = torch.as_tensor(data.test_images)[None].double() / 16
    scores = program.network.evaluate(program.network.architecture.pack(images))[0]
    labels = torch.as_tensor(data.test_labels)
    (error,), (loss,) = program.evaluate("held")
    assert error == pytest.approx(100 * float((scores.argmax(0) != labels).double().mean()))
    assert loss == pytest.approx(float(torch.nn.functional.cross_entropy(scores.T, labels)))


def test_the_sum_is_of_predictions_alone():
    """It changes no weight: cells that differ in it are trained alike."""
    one, other = (
        program_of(tiny_cell("mono_forward", mf_sum=value), randomised=False) for value in (None, 1)
    )
    for program in (one, other):
        for index in batches(program, 3):
            update(program, index)
    assert torch.equal(one.weights.flat, other.weights.flat)
    assert one.evaluate("held")[1] != other.evaluate("held")[1]
