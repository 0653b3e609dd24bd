"""What a network holds for its rule: numbers that broadcast on h, and kept tensors that fit R."""

import pytest
import torch
from sgbench.bench import registry
from sgbench.bench.conformance.harness import harness_of
from sgbench.bench.conformance.settings import settings
from sgbench.bench.errors import UsageError

RULE = """
import torch
from sgbench.bench.contract import Hyperparameter, Rule
from sgbench.bench.rules.backprop import step
RULE = Rule(name="mine", label="mine", sentence="s", color="#123456", families=("feedforward",),
            version=1, source="a test", hyperparameters=(
                Hyperparameter(name="strength", doc="d", min=0, default=1, replica_axis=True),))
def setup(network, draw):
    return {RETURNED}
"""


@pytest.fixture
def bring(tmp_path):
    def call(returned="{}"):
        path = tmp_path / "mine.py"
        path.write_text(RULE.replace("{RETURNED}", returned))
        registry.RULES.add_file(str(path), "--rule-file")
        return {s.network: s for s in settings(registry.RULES.declared("mine"))}

    yield call
    registry.RULES.remove("mine")


def test_one_number_where_replicas_agree(bring):
    setting = bring()["fcn"]
    found = harness_of(setting, *(setting.cell(seed, strength=3) for seed in (0, 1)))
    assert found.network.hyperparameters == {"strength": 3.0}


@pytest.mark.parametrize(("network", "shape"), [("fcn", (2, 1, 1)), ("cnn", (1, 8, 1, 1))])
def test_a_tensor_on_the_shape_of_h_where_they_differ(bring, network, shape):
    setting = bring()[network]
    found = harness_of(setting, setting.cell(0, strength=1), setting.cell(1, strength=4))
    strength = found.network.hyperparameters["strength"]
    assert strength.shape == shape
    with setting.family.grad_mode():
        h, _ = found.network.hidden[0](found.draw()[0])
    scaled = found.network.flatten(h * strength) / found.network.flatten(h)
    assert scaled[0].nanmean() == pytest.approx(1)
    assert scaled[1].nanmean() == pytest.approx(4)


def test_a_rule_without_setup_keeps_nothing(bring):
    bring()
    (setting, *_) = settings(registry.RULES.declared("backprop"))
    assert harness_of(setting).program.kept == {}


@pytest.mark.parametrize(
    "returned",
    ["{'one': torch.zeros(3, 2)}", "{'one': torch.zeros(())}", "{'one': [0.0, 0.0]}", "{'one': 1}"],
)
def test_what_is_no_tensor_a_replica_is_refused(bring, returned):
    setting = bring(returned)["fcn"]
    with pytest.raises(UsageError) as caught:
        harness_of(setting, setting.cell(0), setting.cell(1))
    message = str(caught.value)
    assert "rule mine: setup returns 'one'" in message
    assert "R = 2" in message
    assert "draw" in message


def test_kept_tensors_are_the_rule_s_own(bring):
    setting = bring("{'one': draw.normal('one', network.hidden_shapes[0], 1.0)}")["fcn"]
    found = harness_of(setting, setting.cell(0), setting.cell(1))
    assert found.network.kept["one"].shape == (2, 6)
    assert torch.equal(
        found.network.kept["one"][1], harness_of(setting, setting.cell(1)).program.kept["one"][0]
    )
