"""Cells: values that are refused, what must fit together, and identity."""

import dataclasses
import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.cell_values import (
    AUX,
    BACKPROP,
    BOTH,
    BPTT,
    CNN,
    CNN_UPDATE,
    COPY,
    DNI,
    FORWARD,
    LOCKED,
    MIXED,
    NO_INPUTS,
    NUMBERS,
    PTB,
    UNLOCKED,
    UPDATE,
)
from sgbench.bench.cell import Cell, canonical_json
from sgbench.bench.configuration import FIELDS, field_names, field_of
from sgbench.bench.errors import UsageError

CHANGES = st.fixed_dictionaries({}, optional=NUMBERS)


def dni(**changes):
    return Cell.from_dict({**DNI, **changes})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("depth", 0, "depth=0 must be between 2"),
        ("depth", 1, "depth=1 must be between 2"),
        ("depth", True, "depth=True must be an integer"),
        ("depth", 3.5, "depth=3.5 must be an integer"),
        ("depth", "4", "depth='4' must be an integer"),
        ("depth", None, "depth is needed for rule=dni, network=fcn"),
        ("iterations", None, "iterations must be given: updates"),
        ("batch_size", 0, "batch_size=0 must be between 2"),
        ("batch_size", 1, "batch_size=1 must be between 2"),
        ("iterations", 0, "iterations=0 must be between 1"),
        ("iterations", 10**30, "iterations=1" + "0" * 30 + " must be between"),
        ("iterations", float("inf"), "iterations=inf must be an integer"),
        ("evaluate_every", 0, "evaluate_every=0 must be between 1"),
        ("seed", -1, "seed=-1 must be between 0"),
        ("learning_rate", float("nan"), "learning_rate=nan must be a finite number"),
        ("learning_rate", float("inf"), "learning_rate=inf must be a finite number"),
        ("learning_rate", 10**400, "learning_rate=inf must be a finite number"),
        ("learning_rate", 0.0, "learning_rate=0.0 must be above 0"),
        ("learning_rate", -1e-3, "learning_rate=-0.001 must be above 0"),
        ("learning_rate", 11, "must be between 0 and 10"),
        ("learning_rate", "fast", "learning_rate='fast' must be a number"),
        ("learning_rate", False, "learning_rate=False must be a number"),
        ("drop_factor", 0, "drop_factor=0.0 must be above 0"),
        ("drops", 0.6, "drops=0.6 must be a list"),
        ("drops", [0.8, 0.6], "must ascend"),
        ("drops", [0.6, 1.5], "drops=1.5 must be between 0 and 1"),
        ("drops", [float("nan")], "drops=nan must be a finite number"),
        ("drops", None, "drops must be given"),
        ("sg_scale", 0, "sg_scale=0.0 must be above 0"),
        ("sg_layers", -1, "sg_layers=-1 must be between 0"),
        ("dataset", "mnits", "did you mean 'mnist'"),
        ("rule", "cdnni", "did you mean 'cdni'"),
        ("network", "fnc", "did you mean 'fcn'"),
        ("split", "train", "unknown split 'train'"),
        ("precision", "bfloat16", "unknown precision 'bfloat16'"),
        ("precision", 32, "precision=32 must be a string"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_field(field, value, message):
    with pytest.raises(UsageError) as caught:
        dni(**{field: value})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "field", "value", "message"),
    [
        (DNI, "sg_layers", None, "sg_layers is needed for rule=dni"),
        (DNI, "sg_units", None, "sg_units is needed"),
        (DNI, "sg_scale", None, "sg_scale is needed"),
        (DNI, "hidden_units", None, "hidden_units is needed for rule=dni, network=fcn"),
        (DNI, "filters", 8, "filters does not apply"),
        (DNI, "sg_layers", 0, "sg_units does not apply"),
        (BACKPROP, "sg_layers", 0, "sg_layers does not apply to rule=backprop"),
        (BACKPROP, "sg_scale", 1.0, "sg_scale does not apply to rule=backprop"),
        (CNN, "hidden_units", 8, "hidden_units does not apply"),
        (CNN, "filters", None, "filters is needed"),
        (CNN, "kernel_size", 4, "kernel_size=4 must be odd"),
        (DNI, "T", 4, "T does not apply to rule=dni, network=fcn, dataset=mnist"),
        (UPDATE, "patience", 1, "patience does not apply"),
        (LOCKED, "patience", 1, "patience does not apply"),
        (DNI, "patience", 0, "patience=0 never ends training; leave it out, or give 1 or more"),
        (COPY, "T", None, "T is needed for rule=dni, network=lstm"),
        (COPY, "depth", 4, "depth does not apply to rule=dni, network=lstm, dataset=copy"),
        (COPY, "T", 0, "T=0 must be between 1"),
        (COPY, "split", "test", "split does not apply"),
        (COPY, "solve_bits", None, "solve_bits is needed"),
        (COPY, "corpus", "a.txt", "corpus does not apply .*dataset=copy"),
        (COPY, "patience", 1, "patience does not apply .*dataset=copy"),
        (COPY, "sg_factor", None, "sg_factor is needed for rule=dni, network=lstm"),
        (COPY, "aux_weight", 1.0, "aux_weight=1.0 does not apply to rule=dni"),
        (AUX, "aux_weight", None, "aux_weight is needed for rule=dni_aux"),
        (BPTT, "sg_factor", 0.1, "sg_factor does not apply to rule=bptt"),
        (PTB, "split", None, "split is needed"),
        (PTB, "patience", None, "patience is needed"),
        (PTB, "solve_window", 100, "solve_window does not apply .*dataset=ptb"),
        (BACKPROP, "rule", "bptt", "rule=bptt does not train network=fcn; choose from: backprop"),
        (BPTT, "rule", "backprop", "rule=backprop does not train network=lstm; .* bptt, dni"),
        (BACKPROP, "dataset", "copy", "dataset=copy is not for network=fcn"),
        (PTB, "dataset", "mnist", "dataset=mnist is not for network=lstm"),
        (UPDATE, "p_update", None, "p_update is needed for rule=dni, network=fcn, decoupled=up"),
        (UPDATE, "p_update", 0, "p_update=0.0 must be above 0"),
        (UPDATE, "p_update", 1.01, "p_update=1.01 must be between 0 and 1"),
        (UPDATE, "decoupled", "forward", "unknown decoupled 'forward'; choose from: update, both"),
        (UPDATE, "decoupled", None, "p_update does not apply"),
        (UPDATE, "decoupled", "both", "si_layers is needed for .*, decoupled=both"),
        (UPDATE, "si_layers", 1, "si_layers does not apply"),
        (UPDATE, "depth", 2, "depth=2 is too shallow .*; give depth=3 or more"),
        (BOTH, "si_layers", 0, "si_units does not apply"),
        (MIXED, "bp_lambda", -0.1, "bp_lambda=-0.1 must be between 0 and 1"),
        (MIXED, "bp_lambda", 1.1, "bp_lambda=1.1 must be between 0 and 1"),
        (MIXED, "bp_lambda", None, "bp_lambda is needed for rule=bp_lambda"),
        (MIXED, "depth", 2, "depth=2 is too shallow"),
        (MIXED, "decoupled", "update", "decoupled=update does not apply to rule=bp_lambda"),
        (DNI, "bp_lambda", 0.5, "bp_lambda=0.5 does not apply to rule=dni"),
        (DNI, "evaluate_at", [0.5, 0.1], "evaluate_at=.* must ascend"),
        (DNI, "evaluate_at", [0.0], "evaluate_at=0.0 must be"),
        (COPY, "evaluate_at", [0.5], "evaluate_at does not apply"),
        (CNN_UPDATE, "decoupled", "both", "decoupled=both does not fit network=cnn"),
        (LOCKED, "schedule", None, "schedule is needed for rule=backprop, .*, stages=2"),
        (LOCKED, "delay", None, "delay is needed for .*, stages=2, schedule=locked"),
        (LOCKED, "straggler", None, "straggler is needed for"),
        (LOCKED, "stages", None, "schedule=locked is of a network that is cut into stages; give s"),
        (LOCKED, "stages", 65, "stages=65 must be between 1 and 64"),
        (LOCKED, "schedule", "pipelined", "unknown schedule 'pipelined'"),
        (LOCKED, "schedule", "lokced", "did you mean 'locked'"),
        (LOCKED, "delay", -1, "delay=-1.0 must be between 0"),
        (LOCKED, "straggler", 0.5, "straggler=0.5 must be between 1"),
        (LOCKED, "si_layers", 1, "si_layers does not apply to rule=backprop, .*schedule=locked"),
        (UNLOCKED, "si_layers", 1, "si_layers does not apply to rule=dni"),
        (NO_INPUTS, "si_layers", None, "si_layers is needed for .*, schedule=completely_unlocked"),
        (NO_INPUTS, "si_layers", 0, "si_units does not apply"),
    ],
)
def test_fields_must_fit_each_other(base, field, value, message):
    Cell.from_dict(base)  # valid as it is: the change alone is at fault
    with pytest.raises(UsageError, match=message):
        Cell.from_dict({**base, field: value})


def test_from_dict_refuses_unknown_and_missing_fields():
    with pytest.raises(UsageError, match="unknown field 'dept'; did you mean 'depth'"):
        Cell.from_dict({**DNI, "dept": 4})
    with pytest.raises(UsageError, match="lacks seed"):
        Cell.from_dict({name: value for name, value in DNI.items() if name != "seed"})


def test_a_text_may_do_without_a_corpus_and_has_another_id_with_one():
    plain, other = Cell.from_dict(PTB), Cell.from_dict({**PTB, "corpus": "a.txt"})
    assert (plain.corpus, other.corpus) == (None, "a.txt")
    assert plain.id("d") != other.id("d")


@given(CHANGES)
def test_dict_and_json_round_trip(changes):
    cell = dni(**changes)
    again = Cell.from_dict(json.loads(json.dumps(cell.to_dict())))
    assert again == cell
    assert again.key == cell.key
    assert again.id("a" * 16) == cell.id("a" * 16)


@pytest.mark.parametrize("base", [COPY, AUX, BPTT, PTB])
def test_a_recurrent_cell_comes_back_from_json(base):
    cell = Cell.from_dict(base)
    assert Cell.from_dict(json.loads(json.dumps(cell.to_dict()))) == cell
    # what a version without the other cells' fields wrote is the same cell
    written = {name: value for name, value in cell.to_dict().items() if value is not None}
    assert Cell.from_dict(written).id("d") == cell.id("d")


@given(CHANGES, st.randoms())
def test_identity_is_independent_of_the_order_of_fields(changes, order: random.Random):
    items = list({**DNI, **changes}.items())
    order.shuffle(items)
    assert Cell.from_dict(dict(items)).id("d") == dni(**changes).id("d")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"learning_rate": 1}, {"learning_rate": 1.0}),
        ({"learning_rate": 1e-3}, {"learning_rate": 0.001}),
        ({"sg_scale": 100}, {"sg_scale": 1e2}),
        ({"iterations": 1000}, {"iterations": 1e3}),
        ({"drops": [0, 1]}, {"drops": (0.0, 1.0)}),
        ({"drops": [-0.0]}, {"drops": [0.0]}),
    ],
)
def test_identity_is_independent_of_how_a_number_is_written(left, right):
    assert dni(**left) == dni(**right)
    assert dni(**left).key == dni(**right).key


@given(CHANGES, CHANGES)
def test_two_cells_have_one_id_only_if_they_are_equal(left, right):
    assert (dni(**left).id("d") == dni(**right).id("d")) == (dni(**left) == dni(**right))


def test_every_field_is_part_of_the_id():
    changed = {
        "dataset": "digits",
        "depth": 5,
        "rule": "cdni",
        "sg_layers": 1,
        "seed": 1,
        "split": "validation",
        "iterations": 999,
        "batch_size": 255,
        "learning_rate": 2e-3,
        "drops": [],
        "drop_factor": 0.5,
        "evaluate_every": 199,
        "hidden_units": 255,
        "sg_units": 1023,
        "sg_scale": 31.0,
        "precision": "float64",
        "evaluate_at": [0.5],
        "frozen_below": 1,
        "activation": "tanh",
        "norm": "none",
        "dropout": 0.5,
        "jitter": 2,
        "flip": "horizontal",
        "input_norm": "standard",
        "optimizer": "rmsprop",
        "loss_function": "sigmoid",
        "last_batch": "smaller",
        "zero_init": "all",
    }
    unlocked = {
        "decoupled": (UPDATE, "both"),
        "p_update": (UPDATE, 0.25),
        "si_layers": (BOTH, 2),
        "si_units": (BOTH, 9),
        "bp_lambda": (MIXED, 0.5),
        "stages": (LOCKED, 3),
        "schedule": (LOCKED, "1f1b"),
        "delay": (LOCKED, 0.0),
        "straggler": (LOCKED, 2.0),
        "sg_at": (UNLOCKED, "stages"),
    }
    of_rules = {
        "sim_weight": ({**BACKPROP, "rule": "local_predsim"}, 0.5),
        "top_weight": ({**BACKPROP, "rule": "deep_supervision"}, 0.5),
        "ff_threshold": (FORWARD, 2.0),
        "mf_sum": ({**BACKPROP, "rule": "mono_forward"}, 1),
    }
    recurrent = {
        "dataset": (COPY, "repeat_copy"),
        "T": (COPY, 5),
        "sg_factor": (COPY, 0.2),
        "aux_weight": (AUX, 2.0),
        "solve_bits": (COPY, 0.2),
        "solve_window": (COPY, 101),
        "corpus": (PTB, "a.txt"),
        "patience": (PTB, 2),
    }
    others = {"network", "filters", "kernel_size"}
    tried = {*changed, *recurrent, *unlocked, *of_rules}
    assert set(field_names()) - tried == others
    del unlocked["decoupled"]  # another of it needs other fields
    recurrent |= unlocked | of_rules
    ids = [dni(**{field: value}).id("d") for field, value in changed.items()]
    ids += [Cell.from_dict({**base, n: value}).id("d") for n, (base, value) in recurrent.items()]
    ids += [
        Cell.from_dict(base).id("d") for base in (COPY, AUX, BPTT, PTB, UPDATE, BOTH, MIXED, LOCKED)
    ]
    cnn = [CNN, {**CNN, "filters": 9}, {**CNN, "kernel_size": 5}, BACKPROP]
    ids += [Cell.from_dict(values).id("d") for values in cnn] + [dni().id("d"), dni().id("e")]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", [name for name in FIELDS if field_of(name).default is not None])
def test_a_default_that_is_written_out_is_no_other_cell(name):
    plain, written = dni(), dni(**{name: field_of(name).default})
    assert written == plain
    assert written.id("d") == plain.id("d")
    assert written.value(name) is None
    assert written.chosen(name) == field_of(name).default


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dropout": 1}, "dropout=1.0 must be between 0 and 0.99"),
        ({"dropout": -0.1}, "dropout=-0.1 must be between 0"),
        ({"activation": "foo"}, "unknown activation 'foo'"),
        ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"norm": "layer"}, "unknown norm 'layer'"),
        ({"jitter": -1}, "jitter=-1 must be between 0"),
        ({"jitter": 1.5}, "jitter=1.5 must be an integer"),
        ({"flip": "vertical"}, "unknown flip 'vertical'"),
        ({"flip": True}, "flip=True must be a string"),
        ({"input_norm": "standart"}, "did you mean 'standard'"),
        ({"optimizer": "sgd"}, "unknown optimizer 'sgd'"),
        ({"loss_function": "hinge"}, "unknown loss_function 'hinge'"),
        ({"last_batch": "larger"}, "unknown last_batch 'larger'"),
        ({"zero_init": "hidden"}, "unknown zero_init 'hidden'"),
    ],
)
def test_values_that_no_field_of_a_protocol_has(change, words):
    with pytest.raises(UsageError) as caught:
        dni(**change)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({**COPY, "loss_function": "sigmoid"}, ("loss_function", "network=lstm")),
        ({**COPY, "optimizer": "rmsprop"}, ("optimizer", "network=lstm")),
        ({**CNN, "dropout": 0.1}, ("dropout", "network=cnn")),
        ({**CNN, "activation": "tanh"}, ("activation", "network=cnn")),
        ({**LOCKED, "last_batch": "smaller"}, ("last_batch", "schedule=locked")),
        ({**UPDATE, "optimizer": "rmsprop"}, ("optimizer", "decoupled")),
        ({**BACKPROP, "rule": "dfa", "decoupled": "update"}, ("decoupled=update", "rule=dfa")),
        ({**CNN, "rule": "mono_forward"}, ("mono_forward", "network=cnn", "fcn")),
        ({**CNN, "rule": "forward_forward"}, ("forward_forward", "network=cnn", "fcn")),
        ({**COPY, "rule": "drtp"}, ("drtp", "network=lstm")),
    ],
)
def test_fields_and_rules_that_a_cell_cannot_have(values, words):
    with pytest.raises(UsageError) as caught:
        Cell.from_dict(values)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_versions_are_part_of_the_id_and_not_of_the_key(monkeypatch):
    before = dni()
    key, identity = before.key, before.id("d")
    monkeypatch.setattr("sgbench.bench.families.feedforward.TRAINING_VERSION", 10**6)
    assert dni().key == key
    assert dni().id("d") != identity
    copy = Cell.from_dict(COPY)
    before = copy.id("d")
    assert copy.versions()["protocol"] != 10**6  # recurrent cells have a version of their own
    monkeypatch.setattr("sgbench.bench.families.recurrent.TRAINING_VERSION", 10**6)
    assert copy.id("d") != before


def test_convolutional_cells_have_a_version_of_their_own_beside_the_others(monkeypatch):
    plain = Cell.from_dict(CNN)
    before, flat = plain.versions(), dni().versions()
    monkeypatch.setattr("sgbench.bench.families.feedforward.CONVOLUTIONS_CHANGED", 99)
    assert plain.versions()["protocol"] != before["protocol"]
    assert dni().versions() == flat
    changed = plain.versions()
    monkeypatch.setattr("sgbench.bench.families.feedforward.TRAINING_VERSION", 10**6)
    assert plain.versions()["protocol"] != changed["protocol"]


def test_ids_are_the_same_in_every_process():
    code = (
        "import json, sys; from sgbench.bench.cell import Cell;"
        "cell = Cell.from_dict(json.loads(sys.argv[1]));"
        "print(cell.key, cell.id('d'), 'torch' in sys.modules)"
    )
    for seed in ("0", "1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", code, json.dumps(DNI)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == [dni().key, dni().id("d"), "False"]


def test_frozen_layers_apply_to_feed_forward_networks_and_leave_one_that_learns():
    assert dni(frozen_below=2).value("frozen_below") == 2
    for values, message in (
        ({**DNI, "frozen_below": 3}, "frozen_below=3 freezes all 3 hidden layers of depth=4; give"),
        ({**DNI, "frozen_below": -1}, "frozen_below=-1 must be between 0"),
        ({**UPDATE, "frozen_below": 1}, "frozen_below=1 does not go with decoupled=update; leave"),
        ({**COPY, "frozen_below": 1}, "frozen_below=1 does not apply to rule=dni, network=lstm; l"),
        ({**BACKPROP, "frozen_below": 1}, "frozen_below=1 does not apply to rule=backprop; leave"),
    ):
        with pytest.raises(UsageError) as caught:
            Cell.from_dict(values)
        assert str(caught.value).startswith(message)


def test_the_key_is_the_one_that_stored_records_have():
    """A change of this text makes every stored record stale: raise a version instead."""
    assert canonical_json({"b": 1.0, "a": [0.001, None]}) == '{"a":[0.001,null],"b":1.0}'
    assert dni().key == "1c287a854c47a115"


def test_a_cell_has_fields_where_it_has_all_their_values():
    cell = dni()
    assert cell.has({"dataset": cell.dataset, "learning_rate": cell.learning_rate})
    assert cell.has({"T": None})  # it does not apply
    assert not cell.has({"dataset": cell.dataset, "rule": "backprop"})


@pytest.mark.parametrize("values", [BACKPROP, DNI, BOTH, CNN, COPY, PTB, LOCKED, UNLOCKED])
def test_another_seed_is_all_that_changes(values):
    cell = Cell.from_dict(values)
    other = cell.with_seed(7)
    assert other == cell.replace(seed=7) == dataclasses.replace(cell, seed=7)
    assert other.to_dict() == {**cell.to_dict(), "seed": 7}
    assert hash(other) == hash(cell.replace(seed=7))
    with pytest.raises(UsageError, match="seed=-1 must be between 0"):
        cell.with_seed(-1)
