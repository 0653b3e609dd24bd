"""A stage's part of a network: its weights, its shapes, what it trains."""

import pytest
import torch
from reference.programs import random_data
from reference.stages import CPU, staged_cell
from sgbench.bench.families.feedforward.network import FeedForwardReplicas
from sgbench.bench.pipeline.part import Part


def part_of(cell, first, last):
    data = random_data()
    return Part(cell, data.train_images.shape[1:], data.classes, first, last)


@pytest.mark.parametrize(
    ("rule", "schedule"),
    [
        ("backprop", "locked"),
        ("cdni", "unlocked"),
        ("dfa", "unlocked"),
        ("local_pred", "unlocked"),
    ],
)
def test_parts_begin_with_the_weights_of_the_whole_network(rule, schedule):
    cell = staged_cell(rule, schedule)
    data = random_data()
    whole = FeedForwardReplicas([cell], data.train_images.shape[1:], data.classes, CPU)
    found, kept = {}, []
    for first, last in ((0, 1), (1, 3), (3, 4)):
        part = part_of(cell, first, last)
        found |= part.weights.named
        kept += part.feedback
    assert len(kept) == len(whole.kept)
    assert all(torch.equal(one, whole.kept[f"feedback{i}"]) for i, one in enumerate(kept))
    assert found.keys() == whole.weights.named.keys()
    assert all(torch.equal(view, whole.weights.named[name]) for name, view in found.items())


def test_shapes_of_what_goes_in_and_out():
    cell = staged_cell()
    low, middle, high = (part_of(cell, *span) for span in ((0, 1), (1, 3), (3, 4)))
    assert low.image_shape(9) == low.input_shape
    assert low.output_shape == middle.input_shape == middle.output_shape == (1, 6, 9)
    assert high.output_shape == (1, 10, 9)
    assert [part.bottom for part in (low, middle, high)] == [True, False, False]
    assert [part.top for part in (low, middle, high)] == [False, False, True]


@pytest.mark.parametrize(
    ("rule", "schedule", "span", "counts"),
    [
        ("backprop", "locked", (0, 2), [1.0]),
        ("dni", "unlocked", (0, 2), [1.0, 0.0]),  # its topmost M waits for a target
        ("dni", "unlocked", (2, 4), [1.0]),  # the top stage's does not
        ("dni", "completely_unlocked", (1, 2), [1.0, 0.0, 0.0]),  # M, and I
    ],
)
def test_what_learns_by_itself_has_a_count_of_its_own(rule, schedule, span, counts):
    part = part_of(staged_cell(rule, schedule), *span)
    part.weights.grads.fill_(1.0)
    before = part.weights.flat.clone()
    part.update(target=False, inputs=False)
    assert part.adam.steps.tolist() == [counts]
    moved = (part.weights.flat != before).squeeze(0)
    assert moved[part._parts()[0]].any()
    for idle in part._parts()[1:]:
        assert not moved[idle].any()


def test_errors_come_down_in_a_shape_of_their_own():
    parts = [part_of(staged_cell("dfa", "unlocked"), *span) for span in ((0, 2), (2, 4))]
    assert {part.error_shape for part in parts} == {(1, 10, 9)}
    assert [part.learns_from for part in parts] == ["errors", "errors"]
    for rule, schedule in (("local_pred", "unlocked"), ("dni", "unlocked"), ("backprop", "stale")):
        part = part_of(staged_cell(rule, schedule), 0, 2)
        assert part.error_shape is None
        assert part.feedback == []
        assert len(part.heads) == (2 if rule == "local_pred" else 0)


def test_a_snapshot_is_taken_up_again():
    part = part_of(staged_cell(), 0, 2)
    kept = part.snapshot()
    part.weights.flat.add_(1)
    for one in part.weights.statistics.values():
        one.add_(1)
    part.restore(kept)
    fresh = part_of(staged_cell(), 0, 2)
    assert torch.equal(part.weights.flat, fresh.weights.flat)
    for name, one in part.weights.statistics.items():
        assert torch.equal(one, fresh.weights.statistics[name])


def test_the_model_of_its_input_is_of_the_layer_below():
    part = part_of(staged_cell("cdni", "completely_unlocked"), 2, 4)
    assert part.input_model is not None
    assert {name for name in part.weights.named if name.startswith("si")} == {
        "si1.last.weight",
        "si1.last.bias",
    }
    assert part_of(staged_cell("cdni", "completely_unlocked"), 0, 2).input_model is None
