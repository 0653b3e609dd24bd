"""The probe of a recurrent program: the cosine of M's gradient with the true one."""

import numpy as np
import pytest
import torch
from reference.jobs import job_of, never
from reference.recurrent import Recurrent
from reference.sequences import UNITS, recurrent_program
from reference.sequences import short_recurrent as cell
from sgbench.bench.families.recurrent.program import PROBE_STEPS, RecurrentProgram
from sgbench.bench.training import loop


@pytest.mark.parametrize("dataset", ["copy", "descriptions"])
@pytest.mark.parametrize("streams", [6, 70])
def test_a_synthetic_gradient_that_is_true_has_cosine_one(dataset, streams):
    """The true one, by the reference: of the losses of the coming steps on up to 64 streams."""
    cells = [cell("dni", dataset, batch_size=streams, seed=seed) for seed in range(2)]
    with torch.no_grad():
        program = recurrent_program(*cells)
        for _ in range(3):
            program.step()
        network, shown = program.network, min(streams, 64)
        assert all(abs(cosine) < 0.99 for cosine in program.probe())
        inputs, targets = program.stream.peek(PROBE_STEPS, shown)
        true = torch.stack([true_gradient(program, r, inputs[r], targets[r]) for r in range(2)])
        network.synthetic_gradient = lambda state: true
        assert program.probe() == pytest.approx([1.0, 1.0], abs=1e-12)
        network.synthetic_gradient = lambda state: -5 * true
        assert program.probe() == pytest.approx([-1.0, -1.0], abs=1e-12)


def true_gradient(program, replica, inputs, targets):
    """The gradient [2 H, streams] at the carried state, by the NumPy reference."""
    weights = {
        name: view[replica].numpy()
        for name, view in program.network.weights.named.items()
        if name.startswith(("core", "readout"))
    }
    reference, streams = Recurrent("bptt", weights, 0.0), inputs.shape[1]
    h, c = np.split(program.network.state[replica, :, :streams].numpy().T, 2, axis=1)
    steps = reference.unroll(inputs.numpy(), h, c)
    _, losses = reference.read(steps, targets.numpy())
    _, gradient = reference.back(steps, losses, np.zeros((streams, 2 * UNITS)))
    return torch.from_numpy(gradient.T.copy())


def test_a_cosine_without_a_synthetic_gradient_is_undefined(monkeypatch):
    monkeypatch.setattr(RecurrentProgram, "step", lambda self: setattr(self, "iteration", 1))
    (outcome,) = loop.train(job_of(cell("dni", iterations=1)), never)
    assert outcome.curve[0].sg_cosine == [None]  # M starts at zero
    (outcome,) = loop.train(job_of(cell("bptt", iterations=1)), never)
    assert outcome.curve[0].sg_cosine is None
