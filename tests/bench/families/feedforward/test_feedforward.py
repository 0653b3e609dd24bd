"""The feed-forward family: which fields its cells have, and what does not fit one another."""

import pytest
from reference.cell_values import (
    BACKPROP,
    BOTH,
    CNN,
    CNN_UPDATE,
    DNI,
    LOCKED,
    MIXED,
    NO_INPUTS,
    UNLOCKED,
    UPDATE,
)
from sgbench.bench.errors import UsageError
from sgbench.bench.families import feedforward
from sgbench.bench.families.feedforward import FAMILY, decouples

ALWAYS = {"depth", "split", "evaluate_at"}
M = {"sg_layers", "sg_scale", "sg_units"}
STAGED = {"stages", "schedule", "delay", "straggler"}
WHOLE = {"jitter", "flip", "input_norm", "optimizer", "loss_function", "last_batch", "zero_init"}
LAYERS = {"activation", "norm", "dropout"}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (BACKPROP, {"hidden_units", "stages", *WHOLE, *LAYERS}),
        ({**BACKPROP, "rule": "no_bprop"}, {"hidden_units", *WHOLE, *LAYERS}),
        (LOCKED, {"hidden_units", *STAGED}),
        (UNLOCKED, {"hidden_units", "decoupled", "sg_at", *STAGED, *M}),
        (NO_INPUTS, {"hidden_units", "decoupled", "sg_at", "si_layers", "si_units", *STAGED, *M}),
        (CNN, {"filters", "kernel_size", *WHOLE}),
        (DNI, {"hidden_units", "decoupled", "stages", *M, *WHOLE, *LAYERS}),
        (
            {**DNI, "sg_layers": 0},
            {"hidden_units", "decoupled", "stages", *WHOLE, *LAYERS, *M} - {"sg_units"},
        ),
        (UPDATE, {"hidden_units", "decoupled", "p_update", *M}),
        (CNN_UPDATE, {"filters", "kernel_size", "decoupled", "p_update", *M}),
        (BOTH, {"hidden_units", "decoupled", "p_update", "si_layers", "si_units", *M}),
        ({**BOTH, "si_layers": 0}, {"hidden_units", "decoupled", "p_update", "si_layers", *M}),
        (MIXED, {"hidden_units", *M, *WHOLE, *LAYERS}),
    ],
)
def test_fields_of_a_cell(values, fields):
    assert set(FAMILY.fields(values)) == ALWAYS | fields


@pytest.mark.parametrize(
    ("base", "change", "words"),
    [
        (DNI, {"depth": 1}, ("depth=1", "rule=dni", "give depth=2")),
        (UPDATE, {"depth": 2}, ("depth=2", "decoupled=update", "give depth=3")),
        (MIXED, {"depth": 2}, ("depth=2", "rule=bp_lambda", "give depth=")),
        (BACKPROP, {"decoupled": "update"}, ("decoupled=update", "rule=backprop", "dni")),
        (CNN_UPDATE, {"decoupled": "both"}, ("network=cnn", "decoupled=update fits")),
    ],
)
def test_what_does_not_fit_names_the_field_and_the_remedy(base, change, words):
    FAMILY.check(base)  # the change alone is at fault
    with pytest.raises(UsageError) as caught:
        FAMILY.check({**base, **change})
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_depth_that_is_missing_is_left_to_the_cell():
    """The cell says that it is needed, and for what: it is not the depth 0."""
    FAMILY.check({**DNI, "depth": None})
    FAMILY.check({name: value for name, value in DNI.items() if name != "depth"})


def test_rules_that_say_what_idle_layers_do():
    assert decouples("dni")
    assert decouples("cdni")
    assert not decouples("backprop")
    assert not decouples("bp_lambda")


def test_an_iteration_is_a_batch():
    assert FAMILY.data_steps(DNI) == 1


def test_decoupled_convolutional_and_staged_cells_have_versions_of_their_own(monkeypatch):
    monkeypatch.setattr(feedforward, "TRAINING_VERSION", 10)
    monkeypatch.setattr(feedforward, "DECOUPLED_TRAINING_VERSION", 200)
    monkeypatch.setattr(feedforward, "CONVOLUTIONS_CHANGED", 3000)
    monkeypatch.setattr(feedforward, "STAGED_TRAINING_VERSION", 40_000)
    cells = (DNI, CNN, UPDATE, CNN_UPDATE, LOCKED, UNLOCKED)
    versions = [FAMILY.training_version(values) for values in cells]
    assert versions == [10, 3010, 200, 3200, 40_000, 40_000]
    monkeypatch.setattr(feedforward, "BFLOAT16_CHANGED", 500_000)
    narrow = [FAMILY.training_version({**values, "precision": "bf16"}) for values in cells]
    assert narrow == [500_010, 503_010, 500_200, 503_200, 540_000, 540_000]
