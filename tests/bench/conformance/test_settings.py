"""Settings: a rule's networks and kinds of data, and small cells that are right for each."""

import pytest
from sgbench.bench import registry
from sgbench.bench.conformance.settings import data, settings


def settings_of(name):
    return list(settings(registry.RULES.declared(name)))


def test_every_network_on_every_kind_of_data():
    names = [str(setting) for setting in settings_of("dni")]
    assert names == ["cnn", "fcn", "lstm on episodes", "lstm on text", "two_lstms"]


@pytest.mark.parametrize("name", registry.RULES.builtin_names())
def test_cells_fit_the_rule(name):
    for setting in settings_of(name):
        one, other = setting.cell(), setting.cell(1, second=True)
        assert one.precision == "float64"
        assert {f for f in one.to_dict() if one.value(f) != other.value(f)} >= {
            "seed",
            "learning_rate",
        }


def test_hyperparameters_have_values_within_their_bounds():
    (one, *_) = settings_of("bp_lambda")
    assert one.cell().value("bp_lambda") == 0.5
    assert one.cell(second=True).value("bp_lambda") == 0.25
    (aux, *_) = settings_of("dni_aux")
    assert aux.cell().value("aux_weight") == aux.cell(second=True).value("aux_weight") == 0.5


def test_baselines():
    assert [s.baseline().rule.name for s in settings_of("dni")] == [
        *("backprop", "backprop", "bptt", "bptt", "end_to_end")
    ]


def test_data_is_small_and_the_same():
    assert data("images").train_images.shape == (60, 2, 5, 5)
    assert data("images") is data("images")
    assert len(data("text").train) == 400


def test_an_optional_replica_axis_has_a_second_value_too(own, sources):
    gain = 'name="gain", doc="d", default=1.0, min=0, max=2, optional=True, replica_axis=True'
    declared = f"RULE = dataclasses.replace(RULE, hyperparameters=(Hyperparameter({gain}),))"
    setting = own(f"{sources['backprop']}\nimport dataclasses\n{declared}\n")
    assert setting.cell().value("gain") is None
    assert setting.cell(second=True).value("gain") not in (None, 1.0)
