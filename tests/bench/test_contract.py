"""The contract of a rule: wrong declarations are refused in a line, and its functions are used."""

import dataclasses
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from sgbench.bench import registry
from sgbench.bench.cell import Cell
from sgbench.bench.conformance.harness import harness_of
from sgbench.bench.conformance.settings import settings
from sgbench.bench.contract import Hyperparameter, Rule, checked_rule
from sgbench.bench.errors import UsageError

RIGHT = Rule(
    name="mine",
    label="mine",
    sentence="as it says",
    color="#0a1B2c",
    families=("feedforward",),
    version=1,
    source="a test",
)
NUMBER = Hyperparameter(name="strength", doc="how strong", min=0)


def function(*arguments):
    raise AssertionError("it is not called")


def module(functions=("step",), **changes):
    return SimpleNamespace(
        RULE=dataclasses.replace(RIGHT, **changes), **dict.fromkeys(functions, function)
    )


def refusal(found):
    with pytest.raises(UsageError) as caught:
        checked_rule("mine", found)
    assert "\n" not in str(caught.value)
    assert "mine" in str(caught.value)
    return str(caught.value)


class TestDeclarations:
    def test_a_right_one(self):
        assert checked_rule("mine", module()) == RIGHT

    @pytest.mark.parametrize("found", [SimpleNamespace(), SimpleNamespace(RULE={"name": "mine"})])
    def test_none(self, found):
        assert "RULE = Rule(" in refusal(found)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": "yours"}, "RULE.name"),
            ({"label": " "}, "RULE.label"),
            ({"label": 5}, "RULE.label=5 must be text"),
            ({"label": "$\\alpha$"}, "RULE.label"),
            ({"label": "two\nlines"}, "RULE.label"),
            ({"sentence": None}, "RULE.sentence=None must be text"),
            ({"version": True}, "RULE.version=True"),
            ({"least_depth": "2"}, "RULE.least_depth='2' must be a whole number"),
            ({"baseline": 1}, "RULE.baseline=1 must be True or False"),
            ({"families": "feedforward"}, "RULE.families"),
            ({"frozen_below": True}, "RULE.frozen_below=True must be a whole number, 'all', or"),
            (
                {"frozen_below": "depth"},
                "'depth' is neither 'all' nor a hyperparameter of the rule",
            ),
            (
                {"hyperparameters": (dataclasses.replace(NUMBER, optional=True),)},
                "strength: give a default, since it is optional",
            ),
            (
                {"hyperparameters": (dataclasses.replace(NUMBER, families=("pair",)),)},
                "strength: RULE.families lacks its family 'pair'",
            ),
            ({"maps": "sqare"}, "RULE.maps='sqare'; did you mean 'square'?"),
            ({"locking": "none"}, "RULE.locking='none'; choose from: forward, update, backward"),
            ({"networks": "fcn"}, "RULE.networks='fcn' must be a tuple"),
            ({"hidden_products": 0}, "RULE.hidden_products=0 must be at least 1"),
            ({"expected_failures": ["labels"]}, "RULE.expected_failures"),
            ({"hyperparameters": [NUMBER]}, "RULE.hyperparameters"),
            ({"hyperparameters": ({"name": "a"},)}, "RULE.hyperparameters[0]"),
            (
                {"hyperparameters": (dataclasses.replace(NUMBER, min="0"),)},
                "RULE.hyperparameters[0].min='0' must be a number",
            ),
            (
                {"hyperparameters": (dataclasses.replace(NUMBER, doc=3),)},
                "RULE.hyperparameters[0].doc=3 must be text",
            ),
            (
                {"hyperparameters": (dataclasses.replace(NUMBER, default=5.0, max=1),)},
                "default=5.0 is not within its own bounds",
            ),
            ({"source": ""}, "RULE.source"),
            ({"version": 0}, "RULE.version=0"),
            ({"color": "red"}, "#rrggbb"),
            ({"model": "m"}, "did you mean 'M'"),
            ({"families": ()}, "RULE.families"),
            ({"families": "feedforward"}, "tuple"),
            ({"schedules": ("lokced",)}, "RULE.schedules has 'lokced'; did you mean 'locked'"),
            ({"families": ("feedfoward",)}, "did you mean 'feedforward'"),
            ({"sentence": {"pair": "as it says"}}, "RULE.sentence lacks the family feedforward"),
            ({"hyperparameters": (dataclasses.replace(NUMBER, name="a b"),)}, "'a b'"),
            ({"hyperparameters": (dataclasses.replace(NUMBER, kind=str),)}, "kind"),
            ({"hyperparameters": (dataclasses.replace(NUMBER, min=None),)}, "give min, or above"),
        ],
    )
    def test_wrong_ones(self, changes, words):
        assert words in refusal(module(**changes))

    @pytest.mark.parametrize(
        ("functions", "changes", "words"),
        [
            ((), {}, "lacks its function step"),
            (("unroll",), {}, "lacks its function step"),
            (("step", "cycle"), {}, "RULE.families lacks pair"),
            (("step",), {"families": ("feedforward", "pair")}, "lacks its function cycle"),
            (("step", "targets"), {}, "targets, which is for rules with a model M"),
            (
                ("unroll", "scores"),
                {"families": ("recurrent",)},
                "it has scores, which is for feed-",
            ),
            (("step", "decoupled_step"), {}, "decoupled_step, which is for rules with a model M"),
            (
                ("step", "cycle", "objective"),
                {"families": ("feedforward", "pair")},
                "objective, which is for rules of one family",
            ),
        ],
    )
    def test_functions_that_do_not_fit(self, functions, changes, words):
        assert words in refusal(module(functions, **changes))

    def test_what_follows_from_one(self):
        assert not RIGHT.has_models
        assert dataclasses.replace(RIGHT, model="M").has_models
        assert not dataclasses.replace(RIGHT, model="M").models_see_labels
        assert dataclasses.replace(RIGHT, model="M with label").models_see_labels
        assert RIGHT.sentence_for("feedforward") == "as it says"
        both = dataclasses.replace(RIGHT, sentence={"pair": "one", "recurrent": "other"})
        assert both.sentence_for("recurrent") == "other"
        frozen = [
            dataclasses.replace(RIGHT, frozen_below=n).frozen(4, {}) for n in (0, 2, -1, "all")
        ]
        assert frozen == [0, 2, 3, 4]
        with_number = dataclasses.replace(RIGHT, hyperparameters=(NUMBER,))
        assert with_number.hyperparameter("strength") is NUMBER
        assert with_number.hyperparameter("weakness") is None
        assert (
            dataclasses.replace(with_number, frozen_below="strength").frozen(4, {"strength": 2})
            == 2
        )
        by_default = dataclasses.replace(
            RIGHT,
            frozen_below="deep",
            hyperparameters=(
                Hyperparameter(name="deep", doc="d", kind=int, default=2, min=0, optional=True),
            ),
        )
        assert [by_default.frozen(4, given) for given in ({}, {"deep": 0}, {"deep": 3})] == [
            2,
            0,
            3,
        ]
        assert NUMBER.label == "strength"
        assert dataclasses.replace(NUMBER, symbol="λ").label == "λ"

    def test_they_are_read_without_torch(self, tmp_path):
        code = (
            "import sys; from sgbench.bench.registry import RULES;"
            "[RULES.declared(name) for name in RULES.names()];"
            "sys.exit('torch' in sys.modules)"
        )
        assert (
            subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
        )


# A rule in a file, with DNI's functions and some of its own.
FILE = """
from sgbench.bench.contract import Rule
RULE = Rule(name="mine", label="mine", sentence="s", color="#123456", families=({family!r},),
            version=1, source="a test", model={model!r})
CALLS = []
"""
DNI = "from sgbench.bench.rules.dni import step, decoupled_step, targets\n"
NUMBERED = """
from dataclasses import replace
from sgbench.bench.contract import Hyperparameter
RULE = replace(RULE, hyperparameters=(Hyperparameter({}),))
"""
BACKPROP = "from sgbench.bench.rules.backprop import step\n"


@pytest.fixture
def own(tmp_path):
    """Bring a rule; return its setting on fcn, or on the family's only network."""

    def make(functions, family="feedforward", model="none"):
        path = tmp_path / "mine.py"
        path.write_text(FILE.format(family=family, model=model) + functions)
        registry.RULES.add_file(str(path), "--rule-file")
        return list(settings(registry.RULES.declared("mine")))[-1]

    yield make
    if "mine" in registry.RULES.names():
        registry.RULES.remove("mine")


def test_a_rule_without_decoupled_step_is_refused_where_layers_have_masks(own):
    setting = own("from sgbench.bench.rules.dni import step, targets\n", model="M")
    with pytest.raises(UsageError) as caught:
        setting.cell(decoupled="update")
    message = str(caught.value)
    assert "decoupled=update" in message
    assert "no decoupled_step" in message
    assert "choose rule from: cdni, dni" in message
    assert "\n" not in message


def test_a_rule_with_its_own_decoupled_step_trains_by_it(own):
    setting = own(
        DNI + "def decoupled_step(network, x, labels, mask):\n    CALLS.append(mask)\n", model="M"
    )
    found = harness_of(setting, setting.cell(decoupled="update"))
    before = found.program.weights.flat.clone()
    with setting.family.grad_mode():
        found.step(3)
    calls = registry.RULES.module("mine").CALLS
    assert len(calls) == 3
    assert all(len(layers) == 4 for mask in calls for layers in mask)
    assert torch.equal(found.program.weights.flat, before)  # DNI would have moved them


def test_the_diagnosis_of_m_uses_the_targets_of_the_rule(own):
    zero = "def targets(network, found):\n    return [0 * one for one in found.synthetic]\n"
    setting = own(DNI + zero, model="M")
    found = harness_of(setting)
    with setting.family.grad_mode():
        assert found.program.probe().sg_loss == [[0.0] * 3]  # M's last layer starts at zero
        found.randomise()
        assert min(found.program.probe().sg_loss[0]) > 0


def test_without_targets_there_is_no_loss_of_m_to_show(own):
    setting = own("from sgbench.bench.rules.dni import step\n", model="M")
    found = harness_of(setting)
    with setting.family.grad_mode():
        probe = found.program.probe()
    assert probe.sg_loss is None
    assert len(probe.sg_cosine[0]) == 3


def test_a_cycle_drives_no_optimiser_and_its_parts_are_moved_when_it_yields(own):
    setting = own(
        "from sgbench.bench.rules.no_feedback import cycle as right\n"
        "def cycle(network, digits, odd, threes):\n"
        "    for part in right(network, digits, odd, threes):\n"
        "        CALLS.append((part, network.weights.flat.clone()))\n"
        "        yield part\n",
        family="pair",
    )
    found = harness_of(setting)
    with setting.family.grad_mode():
        found.write(found.draw())
        calls = registry.RULES.module("mine").CALLS
        assert [part for part, _ in calls] == ["a", "a", "b"]
        assert all(torch.equal(flat, calls[0][1]) for _, flat in calls)
        calls.clear()
        found.step(1)
    (_, first), (_, second), (_, third) = calls
    a, b = found.network.parts["a"], found.network.parts["b"]
    assert not torch.equal(first[:, a], second[:, a])
    assert torch.equal(first[:, b], third[:, b])
    assert not torch.equal(third[:, b], found.program.weights.flat[:, b])


def test_what_setup_returns_is_kept(own):
    setting = own(
        BACKPROP + "def setup(network, draw):\n"
        "    return {'one': draw.normal('one', (2, 3), 1.0)}\n"
    )
    found = harness_of(setting, setting.cell(0), setting.cell(1))
    assert found.program.kept["one"].shape == (2, 2, 3)
    assert found.network.kept is found.program.kept
    assert found.program.state()["kept"] == found.program.kept


class TestHyperparameters:
    def test_a_name_that_every_cell_has_is_refused(self, own):
        field = NUMBERED.format("name='depth', doc='d', min=0")
        with pytest.raises(UsageError) as caught:
            own(BACKPROP + field).cell()
        assert "depth" in str(caught.value)
        assert "rename it" in str(caught.value)

    def test_they_are_fields_of_cells_and_in_their_ids(self, own):
        field = NUMBERED.format("name='strength', doc='how strong', min=0, max=9, default=1")
        cell = own(BACKPROP + field).cell()
        assert cell.value("strength") == 1
        assert cell.replace(strength=2).id("x") != cell.id("x")
        assert Cell.from_dict(cell.to_dict()) == cell
        for wrong, words in ((-1, "between 0 and 9"), ("a", "a number")):
            with pytest.raises(UsageError, match=words):
                cell.replace(strength=wrong)
        with pytest.raises(UsageError, match="strength=1 does not apply to rule=backprop"):
            cell.replace(rule="backprop", strength=1)
