"""Fields of a record that do not apply to its cell, or whose rule is unknown here."""

from sgbench.results.applicable_fields import not_applying

OF_IMAGES = {"train_error", "train_loss", "test_error", "test_loss"}
OF_IMAGES |= {"validation_error", "validation_loss"}
OF_LAYERS = {
    "depth",
    "evaluate_at",
    "examples_per_second",
    "filters",
    "frozen_below",
    "kernel_size",
}
OF_TWO = {"error_a", "error_b"}
UNCOUPLED = {"p_update", "si_layers", "si_units", "bp_lambda"}
BEYOND = {"sim_weight", "mf_sum", "ff_threshold", "top_weight"}
PROTOCOL = {"activation", "norm", "dropout", "jitter", "flip", "input_norm"}
PROTOCOL |= {"optimizer", "loss_function", "last_batch", "zero_init"}
OF_STAGES = {"schedule", "delay", "straggler", "sg_at", "pipeline", "timeline"}


def test_what_does_not_apply_is_null_and_of_other_cells(make):
    images, copy, text = make.record(), make.recurrent("copy"), make.recurrent("ptb")
    for record in (images, copy, text):
        assert all(record.value(name) in (None, []) for name in not_applying(record))
    recurrent = {"T", "corpus", "sg_factor", "aux_weight", "solve_bits", "solve_window", "patience"}
    recurrent |= {"longest", "progression", "validation_bits", "test_bits", "tokens_per_second"}
    assert not_applying(images) == {
        *(recurrent | OF_TWO | UNCOUPLED | BEYOND | OF_STAGES),
        *("filters", "kernel_size", "error", "validation_error", "validation_loss"),
    }
    never = OF_IMAGES | OF_LAYERS | OF_TWO | UNCOUPLED | OF_STAGES
    never |= {"decoupled", "error", "stages", *BEYOND, *PROTOCOL}
    assert not_applying(copy) == {
        *never, "split", "corpus", "patience", "validation_bits", "test_bits"
    }  # fmt: skip
    assert not_applying(text) == {
        *never, "solve_bits", "solve_window", "longest", "progression"
    }  # fmt: skip


def test_stages_are_of_a_network_that_is_cut(make):
    staged = not_applying(make.staged())
    assert not (OF_STAGES | {"stages"}) & staged
    assert staged >= PROTOCOL


def test_a_result_that_a_failure_took_does_apply(make):
    failed = make.record(outcome=make.outcome(status="failed", error="it broke", error_rate=None))
    assert failed.test_error is None
    assert not_applying(make.record()) - not_applying(failed) == {"error"}
    held = make.record(make.cell(split="validation"))
    assert {"test_error", "test_loss"} <= not_applying(held)
    assert not_applying(held).isdisjoint({"validation_error", "validation_loss"})


def test_of_an_unregistered_rule_what_is_null_does_not_apply(make, own_rule):
    with own_rule() as rule:
        record = make.record(make.own_cell(rule, strength=2.0))
        registered = not_applying(record)
    gone = not_applying(record)
    assert registered <= gone
    assert {"test_error", "strength", "depth"}.isdisjoint(gone)
