"""Records of older schemas: each reads as one of this schema, and is refused by field."""

import json

import pytest
from sgbench.results.files.schema import RecordError
from sgbench.results.record import Record


def _set(name, value):
    return lambda values: values.__setitem__(name, value)


def _in_point(name, value):
    return lambda values: values["curve"][1].__setitem__(name, value)


# What the first schema had, which knew feed-forward cells only, in its order.
FIRST = (
    "schema", "id", "key", "exhibit", "scale", "dataset", "network", "depth", "rule",
    "sg_layers", "seed", "split", "iterations", "batch_size", "learning_rate", "drops",
    "drop_factor", "evaluate_every", "hidden_units", "filters", "kernel_size", "sg_units",
    "sg_scale", "precision", "rule_version", "dataset_version", "protocol_version", "data_hash",
    "data_canonical", "status", "error", "iterations_done", "test_error", "test_loss",
    "validation_error", "validation_loss", "train_error", "train_loss", "curve",
    "train_seconds", "evaluation_seconds", "steps_per_second", "examples_per_second",
    "replicas", "device", "threads", "matmul", "matmul_error", "torch", "python", "numpy",
    "platform", "machine_class", "sgbench", "git_revision", "git_dirty", "finished",
)  # fmt: skip
FIRST_POINTS = ("iteration", "seconds", "error", "loss", "train_loss", "sg_loss", "sg_cosine")


def first_schema(record):
    """The record as the first version wrote it."""
    values = record.to_dict()
    points = [{name: point[name] for name in FIRST_POINTS} for point in values["curve"]]
    return {name: values[name] for name in FIRST} | {"schema": 1, "curve": points}


def test_a_record_of_the_first_schema_reads_as_one_of_this(make):
    plain = make.cell(rule="backprop", sg_layers=None, sg_units=None, sg_scale=None)
    for record in (make.record(), make.record(plain), make.record(make.cell(split="validation"))):
        old = json.loads(json.dumps(first_schema(record)))
        kept = json.dumps(old)
        assert Record.from_dict(old) == record
        assert json.dumps(old) == kept
        assert Record.from_dict(old).cell.id(record.data_hash) == record.id


# What later schemas added, spelled out: the test must not read it off the code.
ADDED_IN_3 = {"decoupled", "p_update", "evaluate_at", "si_layers", "si_units", "error_a", "error_b"}
POINTS_IN_3 = {"updates", "error_a", "error_b"}
POINTS_IN_5 = {"sg_weight_cosine", "sg_ridge_cosine"}
ADDED_IN_6 = ("processor", "instructions", "cuda", "cudnn")
ADDED_IN_7 = ("stages", "schedule", "delay", "straggler", "sg_at", "pipeline", "timeline")
ADDED_IN_8 = (
    *("activation", "norm", "dropout", "jitter", "flip", "input_norm", "optimizer"),
    *("loss_function", "last_batch", "zero_init"),
)
OF_STAGES_IN_8 = ("overhead_seconds", "target_seconds", "send_seconds", "read_seconds", "together")


def eighth_schema(record):
    """The record as the eighth version wrote it: no cosine of M on held-out examples."""
    values = record.to_dict()
    points = [{n: v for n, v in p.items() if n != "sg_held_cosine"} for p in values["curve"]]
    return values | {"schema": 8, "curve": points}


def test_a_record_of_the_eighth_schema_reads_as_one_of_this(make):
    for record in (make.record(), make.recurrent("copy")):
        old = json.loads(json.dumps(eighth_schema(record)))
        read = Record.from_dict(old)
        assert read == record
        assert read.schema == 9
        assert all(point["sg_held_cosine"] is None for point in read.curve)
        assert read.cell.id(record.data_hash) == record.id
        del old["curve"][0]["sg_cosine"]
        with pytest.raises(RecordError, match=r"missing field curve\.sg_cosine"):
            Record.from_dict(old)


def seventh_schema(record):
    """The record as the seventh version wrote it: one optimiser, less of what its stages take."""
    values = {name: v for name, v in eighth_schema(record).items() if name not in ADDED_IN_8}
    rows = [
        {name: value for name, value in row.items() if name not in OF_STAGES_IN_8}
        for row in values["pipeline"]
    ]
    return values | {"schema": 7, "pipeline": rows}


def test_a_record_of_the_seventh_schema_reads_as_one_of_this(make):
    for record in (make.staged(), make.record()):
        old = json.loads(json.dumps(seventh_schema(record)))
        read = Record.from_dict(old)
        assert read == record
        assert read.schema == 9
        assert all(getattr(read, name) is None for name in ADDED_IN_8)
        assert read.cell.id(record.data_hash) == record.id
    read = Record.from_dict(seventh_schema(make.staged()))
    assert all(row[name] is None for row in read.pipeline for name in OF_STAGES_IN_8)
    broken = seventh_schema(make.staged())
    del broken["pipeline"][0]["busy"]
    with pytest.raises(RecordError, match=r"missing field pipeline\.busy"):
        Record.from_dict(broken)


def sixth_schema(record):
    """The record as the sixth version wrote it: no network was cut into stages."""
    values = seventh_schema(record)
    return {n: value for n, value in values.items() if n not in ADDED_IN_7} | {"schema": 6}


def fifth_schema(record):
    """The record as the fifth version wrote it: less known of its machine."""
    kept = {name: value for name, value in sixth_schema(record).items() if name not in ADDED_IN_6}
    return kept | {"schema": 5}


def fourth_schema(record):
    """The record as the fourth version wrote it: one cosine of M."""
    values = fifth_schema(record)
    points = [{n: v for n, v in point.items() if n not in POINTS_IN_5} for point in values["curve"]]
    return values | {"schema": 4, "curve": points}


def test_a_record_of_the_sixth_schema_reads_as_one_of_this(make):
    for record in (make.record(), make.recurrent("copy")):
        old = json.loads(json.dumps(sixth_schema(record)))
        read = Record.from_dict(old)
        assert read == record
        assert [getattr(read, name) for name in ADDED_IN_7] == [None] * 5 + [[], []]
        assert read.cell.id(record.data_hash) == record.id


@pytest.mark.parametrize("older", [fourth_schema, fifth_schema])
def test_a_record_of_the_fourth_or_fifth_schema_reads_as_one_of_this(make, older):
    for record in (make.record(), make.recurrent("copy")):
        old = json.loads(json.dumps(older(record)))
        read = Record.from_dict(old)
        assert read == record
        assert [getattr(read, name) for name in ADDED_IN_6] == [None] * 4
        del old["hyperparameters"]
        with pytest.raises(RecordError, match="missing field hyperparameters"):
            Record.from_dict(old)


def third_schema(record):
    """The record as the third version wrote it: the hyperparameters were two fields."""
    values = fourth_schema(record)
    own = values.pop("hyperparameters")
    del values["rule_source"], values["dataset_source"]
    return values | {"schema": 3, "bp_lambda": None, "aux_weight": None} | own


def second_schema(record):
    """The record as the second version wrote it: no decoupled layers, no two networks."""
    values = third_schema(record)
    points = [{n: v for n, v in point.items() if n not in POINTS_IN_3} for point in values["curve"]]
    left_out = ADDED_IN_3 | {"bp_lambda"}
    kept = {name: value for name, value in values.items() if name not in left_out}
    return kept | {"schema": 2, "curve": points}


def test_a_record_of_the_second_schema_reads_as_one_of_this(make):
    for record in (make.record(), make.recurrent("copy"), make.recurrent("ptb")):
        old = json.loads(json.dumps(second_schema(record)))
        assert Record.from_dict(old) == record
        del old["longest"]
        with pytest.raises(RecordError, match="missing field longest"):
            Record.from_dict(old)


@pytest.mark.parametrize("rule", ["dni", "bp_lambda", "dni_aux"])
def test_hyperparameters_of_the_third_schema_become_one_field(make, rule):
    if rule == "dni_aux":
        record = make.recurrent()
    else:
        own = {"bp_lambda": 0.25} if rule == "bp_lambda" else {}
        record = make.record(make.cell(rule=rule, **own))
    old = third_schema(record)
    kept = json.dumps(old)
    read = Record.from_dict(old)
    assert read == record
    assert json.dumps(old) == kept
    wanted = {"dni": {}, "bp_lambda": {"bp_lambda": 0.25}, "dni_aux": {"aux_weight": 1.0}}
    assert read.hyperparameters == wanted[rule]
    assert read.rule_source is read.dataset_source is None
    assert read.cell.id(read.data_hash) == record.id


@pytest.mark.parametrize("name", ["bp_lambda", "aux_weight"])
def test_a_hyperparameter_of_the_third_schema_is_missed_by_name(make, name):
    values = third_schema(make.record())
    del values[name]
    with pytest.raises(RecordError, match=f"missing field {name}"):
        Record.from_dict(values)
    with pytest.raises(RecordError, match="hyperparameters"):
        Record.from_dict(third_schema(make.record()) | {name: "much"})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda values: values.pop("seed"), "missing field seed"),
        (lambda values: values.pop("curve"), "missing field curve"),
        (_set("test_eror", 1.0), "unknown field 'test_eror'"),
        (_set("depth", 4.0), "depth=4.0"),
        (_set("curve", [None]), "curve"),
        (_set("curve", None), "curve=None"),
        (_in_point("loss", 1), "curve.loss"),
        (lambda values: values["curve"][1].pop("loss"), "curve.loss"),
    ],
)
def test_a_record_that_is_not_of_the_first_schema_is_refused_by_field(make, change, named):
    values = first_schema(make.record())
    change(values)
    with pytest.raises(RecordError) as caught:
        Record.from_dict(values)
    assert named in str(caught.value)
