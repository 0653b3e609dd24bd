"""Update masks: how often layers are active, and that each depends on its seed alone."""

import itertools

import numpy as np
import pytest
from reference.programs import tiny_cell
from sgbench.bench.families.feedforward.update_mask import UpdateMask

LAYERS = 4
ALL = (True,) * LAYERS
modes = pytest.mark.parametrize("decoupled", ["update", "both"])
rules = pytest.mark.parametrize("rule", ["dni", "cdni"])
patterns = pytest.mark.parametrize("active", list(itertools.product((False, True), repeat=LAYERS)))


def cell(rule="dni", network="fcn", **changes):
    if changes.get("decoupled") == "both":
        changes = {"si_layers": 1, "si_units": 5, **changes}
    if changes.get("decoupled"):
        changes = {"p_update": 0.5, **changes}
    return tiny_cell(rule, network, **changes)


def drawn(steps, **changes):
    mask = UpdateMask([cell(decoupled="update", **changes)], LAYERS)
    return np.array([mask.draw()[0] for _ in range(steps)])


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.9])
def test_each_layer_is_active_as_often_as_p_says(p):
    steps = 5000
    found = drawn(steps, p_update=p).mean(0)
    bound = 4.5 * (p * (1 - p) / steps) ** 0.5  # four layers, four values: 1e-4 in all
    assert (abs(found - p) < bound).all()
    assert len(set(found)) > 1


def test_the_masks_of_layers_and_of_steps_are_independent():
    """All sixteen patterns come as often as they should, and so do pairs of successive steps."""
    from scipy.stats import chisquare

    steps, p = 5000, 0.3
    found = drawn(steps, p_update=p)
    codes = found @ (1 << np.arange(LAYERS))
    expected = [
        steps * p ** bin(code).count("1") * (1 - p) ** (LAYERS - bin(code).count("1"))
        for code in range(1 << LAYERS)
    ]
    assert chisquare(np.bincount(codes, minlength=16), expected).pvalue > 1e-4
    for one, other in itertools.product(range(LAYERS), repeat=2):
        lagged = np.corrcoef(found[:-1, one], found[1:, other])[0, 1]
        assert abs(lagged) < 4.5 / steps**0.5


def test_masks_depend_on_the_seed_alone_and_on_nothing_that_shares_the_program():
    one = drawn(600, p_update=0.3, seed=5)
    assert np.array_equal(one, drawn(600, p_update=0.3, seed=5, learning_rate=0.5))
    assert not np.array_equal(one, drawn(600, p_update=0.3, seed=6))
    cells = [cell(decoupled="both", p_update=p, seed=s) for p, s in ((0.9, 1), (0.3, 5))]
    together = UpdateMask(cells, LAYERS)
    assert np.array_equal(one, [together.draw()[1] for _ in range(600)])
    greater = drawn(600, p_update=0.5, seed=5)
    assert (greater | ~one).all()  # active at 0.3 is active at 0.5
