"""Two networks: every rule against the reference, and in its limits."""

import numpy as np
import pytest
import torch
from reference.counting import (
    RULES,
    STREAMS,
    T,
    arrays,
    everything,
    everything_of,
    examples,
    named_gradients,
    pair_program,
    reference_of,
    tiny_pair,
)
from sgbench.bench import registry

every_rule = pytest.mark.parametrize("rule", RULES)


def close(got, want):
    assert set(got) == set(want)
    for what in want:
        np.testing.assert_allclose(got[what], want[what], rtol=1e-10, atol=1e-10, err_msg=str(what))


def test_the_rules_are_those_of_the_folder():
    assert registry.rules_of("pair") == RULES


@every_rule
def test_three_cycles(rule):
    program = pair_program(tiny_pair(rule))
    reference = reference_of(program)
    for number in range(3):
        cycle = program.streams.training(number)
        seen = reference.cycle(*examples(cycle))
        program.step()
        close(everything(program), everything_of(reference))
        np.testing.assert_allclose(
            program.network.losses[:, 0], [sum(seen["a"]), seen["b"]], rtol=1e-12
        )
        grads = named_gradients(program)
        for part in (seen["a_grads"][-1], seen["b_grads"], seen["m_grads"]):
            for name, value in part.items():
                np.testing.assert_allclose(grads[name][0], value, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("length", [1, 2, 4])
@every_rule
def test_other_lengths(rule, length):
    program = pair_program(tiny_pair(rule, T=length))
    reference = reference_of(program)
    for number in range(2):
        reference.cycle(*examples(program.streams.training(number)))
        program.step()
    close(everything(program), everything_of(reference))


@every_rule
def test_the_references_gradients_are_those_of_finite_differences(rule):
    """A second look at the hand-derived ones: of what each part's loss is."""
    program = pair_program(tiny_pair(rule))
    cycle = examples(program.streams.training(0))

    def seen(change=None, at=None):
        reference = reference_of(program)
        reference.frozen = True  # so that every window has the weights before
        if change is not None:
            reference.weights[change][at] += step
        return reference.cycle(*cycle)

    step, base = 1e-6, None
    base = seen()
    rng = np.random.default_rng(3)
    for name, weight in reference_of(program).weights.items():
        at = tuple(rng.integers(0, size) for size in weight.shape)
        step = 1e-6
        up = seen(name, at)
        step = -1e-6
        down = seen(name, at)
        part = name.split(".")[0]
        if part == "a" and rule == "end_to_end":
            wanted = base["a_grads"][0].get(name)
            slope = sum(up["a"]) + up["b"] - sum(down["a"]) - down["b"]
        elif part == "a":  # the first window's own loss, and the inner product with what M says
            wanted = base["a_grads"][0].get(name)
            slope = up["a"][0] - down["a"][0]
            if rule == "dni":
                said = 10.0 * base["said"][0]
                slope += (said * (up["messages"][0] - down["messages"][0])).sum()
        elif part == "b":
            wanted, slope = base["b_grads"].get(name), up["b"] - down["b"]
        else:
            wanted, slope = base["m_grads"].get(name), up["sg_loss"] - down["sg_loss"]
        assert slope / 2e-6 == pytest.approx(wanted[at], rel=2e-4, abs=1e-7), name


@every_rule
def test_a_replica_of_three_equals_its_cell_alone(rule):
    scales = (3.0, 40.0, 0.5) if rule == "dni" else (None,) * 3
    cells = [
        tiny_pair(rule, seed=seed, learning_rate=rate, sg_scale=scale)
        for seed, rate, scale in zip((3, 1, 2), (1e-2, 3e-3, 1e-2), scales, strict=True)
    ]
    together = pair_program(*cells)
    for _ in range(4):
        together.step()
    points = [point for point, _ in together.evaluate_all()]
    for replica, cell in enumerate(cells):
        alone = pair_program(cell)
        for _ in range(4):
            alone.step()
        close(everything(together, replica), everything(alone))
        ((point, _),) = alone.evaluate_all()
        for name in ("error_a", "error_b", "train_loss"):
            assert getattr(points[replica], name) == pytest.approx(getattr(point, name), rel=1e-8)
        for name in ("sg_loss", "sg_cosine") if rule == "dni" else ():
            assert getattr(points[replica], name) == pytest.approx(getattr(point, name), rel=1e-8)


def test_seeds_are_paired_across_rules():
    programs = [pair_program(tiny_pair(rule, seed=4), randomised=False) for rule in RULES]
    starts = [arrays(program.network.weights.named) for program in programs]
    for program, start in zip(programs, starts, strict=True):
        for name, value in starts[1].items():  # end to end has no M
            np.testing.assert_array_equal(start[name], value)
        for number in (0, 7):
            for one, other in zip(
                program.streams.training(number), programs[0].streams.training(number), strict=True
            ):
                assert torch.equal(one, other)


# --- limits


def test_a_is_updated_in_every_window_and_b_once():
    counts = {}
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        program.step()
        counts[rule] = dict(
            zip(program.network.parts, program.adam.steps[0].int().tolist(), strict=True)
        )
    assert counts == {
        "dni": {"a": T, "b": 1, "m": 1},
        "end_to_end": {"a": 1, "b": 1},
        "no_feedback": {"a": T, "b": 1},
    }


def test_m_starts_at_zero_and_its_gradient_does_not_reach_the_message():
    program = pair_program(tiny_pair("dni"), randomised=False)
    for name in ("sg0.output.weight", "sg0.output.bias"):
        assert not program.network.weights.named[name].any()
    messages = [torch.randn(1, 5, STREAMS, dtype=torch.float64, requires_grad=True)]
    with torch.enable_grad():
        target = torch.ones(1, 5, STREAMS, dtype=torch.float64)
        loss = program.network.sg_loss(messages, [target]).sum()
    assert torch.autograd.grad(loss, messages, allow_unused=True) == (None,)


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_sg_scale_changes_what_m_regresses_and_not_what_is_used(scale):
    program = pair_program(tiny_pair("dni", sg_scale=scale))
    for name in ("sg0.output.weight", "sg0.output.bias"):
        program.network.weights.named[name].mul_(scale)
    other = pair_program(tiny_pair("dni", sg_scale=1.0))
    program.step()
    other.step()
    got, want = everything(program), everything(other)
    for (kind, name), value in want.items():
        if kind == "weight" and not name.startswith("sg0"):
            np.testing.assert_allclose(got[kind, name], value, rtol=1e-8, atol=1e-10)
