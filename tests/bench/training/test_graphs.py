"""Recorded steps: the same numbers as steps that are not, on a simulated GPU.

There, replaying is what it is with a CUDA graph: the host's code does not run again, so a number
that it baked in, or a tensor that a step replaced, shows as a difference.
"""

import pytest
import torch
from reference.device_programs import KINDS, NARROW, device_of, device_program
from reference.simulated_gpu import SimulatedGPU
from sgbench.bench.training import graphs
from sgbench.bench.training.graphs import WARM_UP, RecordedStep

STEPS = 12


@pytest.fixture
def kind():
    """The kind of programs that `gpu` is for, where a test does not go through them."""
    return "cdni fcn"


@pytest.fixture
def gpu(kind):
    with SimulatedGPU(device_of(kind)) as machine, torch.no_grad():
        yield machine


def program(kind):
    return device_program(kind, device_of(kind))


def both(plain, step):
    """Do as many steps of either."""
    for _ in range(STEPS):
        plain.step()
        step()


def state_of(program):
    """All its tensors, as the CPU has them."""
    found = {
        "weights": program.weights.flat,
        **program.weights.statistics,
        **program.adam.state(),
        **program.kept,
        **dict(enumerate(program.replaced())),
    }
    return {name: tensor.cpu().clone() for name, tensor in found.items()}


@pytest.mark.parametrize("kind", [*KINDS, *NARROW])
def test_recorded_steps_are_the_steps_to_the_last_bit(gpu, kind):
    plain, recorded = program(kind), program(kind)
    step = RecordedStep(recorded, gpu)
    both(plain, step)
    assert step.refused == ""
    assert (plain.iteration, recorded.iteration) == (STEPS, STEPS)
    wanted, found = state_of(plain), state_of(recorded)
    assert wanted.keys() == found.keys()
    for name, tensor in wanted.items():
        assert torch.equal(tensor, found[name]), name


@pytest.mark.parametrize("kind", KINDS)
def test_most_steps_are_replayed(gpu, kind):
    few = program(kind)
    kernels = []
    step = RecordedStep(few, gpu)
    for _ in range(3 * WARM_UP + 4):
        with gpu.watching() as seen:
            step()
        kernels.append(len(seen.kernels))
    # What is still asked for is the data: nothing else is the host's to do.
    assert max(kernels[-2:]) < 0.5 * max(kernels[:WARM_UP]), kernels


@pytest.mark.parametrize("kind", ["cdni fcn", "dni copy", "dni_aux", "two networks"])
def test_it_goes_on_from_steps_that_the_program_did_itself(gpu, kind):
    plain, recorded = program(kind), program(kind)
    step = RecordedStep(recorded, gpu)
    for number in range(2 * STEPS):
        plain.step()
        (recorded.step if number % 5 == 4 else step)()
    assert all(torch.equal(a, state_of(recorded)[name]) for name, a in state_of(plain).items())


def test_a_step_that_draws_random_numbers_goes_on_eagerly(gpu):
    plain = program("dropout")
    recorded = program("dropout")
    step = RecordedStep(recorded, gpu)
    both(plain, step)
    assert step.refused == "it draws random numbers"
    assert all(torch.equal(a, state_of(recorded)[name]) for name, a in state_of(plain).items())


@pytest.mark.parametrize("kind", ["cdni fcn", "dni_aux"])
def test_a_step_that_asks_for_a_number_goes_on_eagerly(gpu, kind, monkeypatch):
    plain, recorded = program(kind), program(kind)
    learn = recorded.learn

    def asking(*inputs):
        learn(*inputs)
        assert recorded.weights.flat.abs().sum().item() > 0

    monkeypatch.setattr(recorded, "learn", asking)
    step = RecordedStep(recorded, gpu)
    both(plain, step)
    assert step.refused == "it waits for values"
    assert all(torch.equal(a, state_of(recorded)[name]) for name, a in state_of(plain).items())


def test_a_step_that_cannot_be_recorded_after_all_leaves_nothing_behind(gpu, kind):
    """It fails in the middle: what its batch norms saw was never computed."""
    plain, recorded = program(kind), program(kind)
    classify = recorded.network.classify

    def failing(h):
        if gpu.recording:
            raise RuntimeError("operation not permitted when stream is capturing")
        return classify(h)

    recorded.network.classify = failing
    step = RecordedStep(recorded, gpu)
    with pytest.warns(UserWarning, match="steps of cdni are not recorded: operation not perm"):
        both(plain, step)
    assert all(torch.equal(a, state_of(recorded)[name]) for name, a in state_of(plain).items())


def test_memory_that_is_short_is_not_taken_for_a_refusal(gpu, kind):
    recorded = program(kind)
    learn = recorded.learn

    def failing(*inputs):
        if gpu.recording:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        learn(*inputs)

    recorded.learn = failing
    step = RecordedStep(recorded, gpu)
    with pytest.raises(RuntimeError, match="out of memory"):
        both(program(kind), step)


@pytest.mark.parametrize("kind", ["dfa"])
def test_a_rule_that_replaces_what_it_keeps_goes_on_eagerly(gpu, kind):
    plain, recorded = program(kind), program(kind)
    for one in (plain, recorded):
        one.learn = replacing(one)
    step = RecordedStep(recorded, gpu)
    with pytest.warns(UserWarning, match="it replaces what it keeps"):
        both(plain, step)
    assert all(torch.equal(a, state_of(recorded)[name]) for name, a in state_of(plain).items())


def replacing(one):
    """What `learn` does, where the rule then changes what it keeps by assignment."""
    learn = one.learn

    def learned(*inputs):
        learn(*inputs)
        for name, tensor in one.kept.items():
            one.kept[name] = tensor * 1.5

    return learned


def test_on_a_cpu_a_step_is_the_programs():
    one = device_program("cdni fcn", torch.device("cpu"))
    assert graphs.stepper(one) == one.step
