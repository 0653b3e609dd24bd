"""The probe: what M says of examples that it was trained on, and of others.

That its numbers are those of the NumPy references, tests/bench/rules/test_every_rule.py shows.
"""

import pytest
from reference.programs import batches, program_of, tiny_cell, update

MEMORY = {"sg_layers": 2, "sg_units": 64, "sg_scale": 30.0, "hidden_units": 32}


@pytest.mark.parametrize("rule", ["dni", "cdni"])
def test_m_that_learns_random_labels_by_heart_knows_less_of_other_examples(rule):
    program = program_of(tiny_cell(rule, batch_size=30, learning_rate=0.003, **MEMORY))
    for index in batches(program, 600):
        update(program, index)
    probe = program.probe()
    seen, held = probe.sg_cosine[0][-1], probe.sg_held_cosine[0][-1]
    assert seen > 0.2
    assert held < seen - 0.2


def test_held_out_examples_of_the_probe_are_the_seeds_own_and_stay_the_same():
    first, again, other = (program_of(tiny_cell("dni", seed=seed)).batches for seed in (1, 1, 2))
    assert first.held_probe.tolist() == again.held_probe.tolist()
    assert first.held_probe.tolist() != other.held_probe.tolist()
    assert first.held_probe.tolist() != first.probe.tolist()
