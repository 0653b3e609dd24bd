"""Values of fields as text: names and labels, numbers, lists, and what does not apply."""

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.field_text import check_field, format_value, parse_value


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("rule", "backprop", "backprop"),
        ("rule", "bprop", "backprop"),
        ("rule", "cDNI", "cdni"),
        ("rule", "DNI", "dni"),
        ("rule", "dni+aux", "dni_aux"),
        ("rule", "No-Bprop", "no_bprop"),
        ("dataset", "MNIST", "mnist"),
        ("dataset", "cifar-10", "cifar10"),
        ("dataset", "penn treebank", "ptb"),
        ("depth", "4", 4),
        ("depth", "4.0", 4),
        ("learning_rate", "1e-3", 0.001),
        ("sg_layers", "none", None),
        ("sg_layers", "None", None),
        ("drops", "0.6:0.8", (0.6, 0.8)),
        ("drops", "none", ()),
        ("evaluate_at", "none", None),
        ("bp_lambda", "0.5", 0.5),
    ],
)
def test_a_text_is_a_value(field, text, value):
    assert parse_value("--set", field, text) == value
    assert parse_value("--set", field, format_value(field, value)) == value


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("rule", "dnni", "did you mean 'dni'?"),
        ("rule", "my_rule", "--rule-file"),
        ("dataset", "fashion", "--dataset-file"),
        ("network", "FCN", "did you mean 'fcn'?"),
        ("depth", "four", "must be an integer"),
        ("depth", "", "a value is missing"),
        ("drops", "0.6:", "must be a number"),
    ],
)
def test_what_is_no_value_is_told_with_option_field_and_remedy(field, text, words):
    with pytest.raises(UsageError) as caught:
        parse_value("--set", field, text)
    assert str(caught.value).startswith(f"--set {field}={text}")
    assert words in str(caught.value)


def test_an_unknown_field_is_told_with_the_nearest():
    with pytest.raises(UsageError, match=r"--where: .* did you mean 'depth'"):
        check_field("--where", "dept")


def test_none_is_a_choice_where_a_field_has_it_and_leaves_the_others_out():
    assert parse_value("--set", "norm", "none") == "none"
    assert parse_value("--set", "norm", "batch") is None  # the default
    assert (format_value("norm", "none"), format_value("norm", None)) == ("none", "batch")
    for field in ("flip", "input_norm", "zero_init"):
        assert parse_value("--set", field, "none") is None  # the default
        assert format_value(field, None) == "none"
    assert parse_value("--set", "activation", "none") is None
    for field in ("norm", "flip", "activation", "split", "sg_layers"):
        assert parse_value("--set", field, format_value(field, None)) is None
