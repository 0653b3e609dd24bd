"""Epochs as a unit of schedules: what is read, and how many updates it is."""

import pytest
import torch
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.families.images import training_and_heldout
from sgbench.reproductions.exhibits.epochs import (
    Epochs,
    coerce_schedule,
    in_updates,
    parse,
    updates_per_epoch,
)
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse as parse_exhibit
from sgbench.reproductions.exhibits.sets import parse_set
from small_files.exhibit import SMALL

MNIST = {"dataset": "mnist", "split": "test", "batch_size": 128}


@pytest.mark.parametrize("text", ["100 epochs", "1 epoch", " 2 epochs "])
def test_epochs_are_read_and_written(text):
    found = parse("iterations", text)
    assert found == Epochs(int(text.split()[0]))
    assert parse("evaluate_every", str(found)) == found
    assert str(found) == text.strip()


def test_other_fields_and_other_values_are_as_they_were():
    assert parse("iterations", "1e3") is None
    assert parse("batch_size", "2 epochs") is None
    assert coerce_schedule("iterations", 1e3) == 1000
    assert coerce_schedule("iterations", "3 epochs") == Epochs(3)
    with pytest.raises(UsageError, match="batch_size='2 epochs' must be an integer"):
        coerce_schedule("batch_size", "2 epochs")


@pytest.mark.parametrize(
    "text", ["0 epochs", "1.5 epochs", "-1 epochs", "epochs", "2 epoch s", "2 Epochs", "1e2 epochs"]
)
def test_what_is_no_number_of_epochs_is_refused_in_one_line(text):
    with pytest.raises(UsageError, match=r"as in '100 epochs', or of updates$") as error:
        parse_set([f"iterations={text}"])
    assert str(error.value).startswith(f"--set iterations={text}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("more", "updates"),
    [
        ({}, 468),
        ({"last_batch": "dropped"}, 468),
        ({"last_batch": "smaller"}, 469),  # the published code's
        ({"split": "validation"}, 390),  # 50,000 examples
        ({"split": "validation", "last_batch": "smaller"}, 391),
        ({"batch_size": 60_000, "last_batch": "smaller"}, 1),
        ({"batch_size": 64, "last_batch": "smaller"}, 938),
        ({"dataset": "digits", "batch_size": 64}, 22),
        ({"dataset": "digits", "split": "validation", "last_batch": "smaller"}, 10),
    ],
)
def test_the_updates_of_an_epoch(more, updates):
    values = {**MNIST, **more}
    assert updates_per_epoch(values, "iterations=1 epoch") == updates
    asked = {**values, "iterations": Epochs(100), "evaluate_every": Epochs(1)}
    wanted = {**values, "iterations": 100 * updates, "evaluate_every": updates}
    assert in_updates(asked) == wanted
    assert in_updates(wanted) == wanted


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_training_examples_are_those_that_a_cell_trains_on(split):
    (cell, *_) = expand(load("table1"), "demo", {"split": split, "batch_size": 7}, seeds=1)
    (images, _), _ = training_and_heldout(cell, datasets.load("digits"))
    assert updates_per_epoch(cell.to_dict(), "") == len(images) // 7


@pytest.mark.parametrize("last_batch", ["dropped", "smaller"])
@pytest.mark.parametrize("size", [64, 500, 479, 1437])  # 479: three batches are all there is
def test_an_epoch_is_what_training_walks_before_it_shuffles_again(size, last_batch):
    sets = {"batch_size": size, "last_batch": last_batch, "iterations": "1 epoch"}
    (cell, *_) = expand(load("dfa"), "demo", sets, seeds=1)
    batches = Batches([cell], datasets.load("digits"), torch.device("cpu"))
    walked = torch.cat([batches.next()[0] for _ in range(cell.iterations)])
    assert len(walked.unique()) == len(walked)
    assert len(walked) == (1437 if last_batch == "smaller" else 1437 // size * size)
    assert len(torch.cat([walked, batches.next()[0]]).unique()) < len(walked) + size


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"dataset": "ptb"}, "ptb is not trained on in passes over examples; give a number of"),
        ({"dataset": "counting"}, "counting is not trained on in passes"),
        ({"batch_size": 60_001}, "more than the 60,000 training examples of mnist; give at most"),
        ({"batch_size": None}, "batch_size is missing; give it, or a number of updates"),
    ],
)
def test_data_without_epochs_is_refused(more, words):
    with pytest.raises(UsageError, match=f"iterations=2 epochs: .*{words}"):
        in_updates({**MNIST, **more, "iterations": Epochs(2)})


def test_a_file_and_set_have_epochs_which_follow_batch_and_split():
    text = SMALL.replace("iterations = 10", 'iterations = "3 epochs"')
    exhibit = parse_exhibit(
        "mine", text.replace("evaluate_every = 5", 'evaluate_every = "1 epoch"')
    )
    (cell, *_) = expand(exhibit, "demo", seeds=1)
    assert (cell.iterations, cell.evaluate_every) == (3 * (1437 // 8), 1437 // 8)
    (cell, *_) = expand(exhibit, "demo", {"batch_size": 32, "split": "validation"}, seeds=1)
    assert (cell.iterations, cell.evaluate_every) == (3 * (1198 // 32), 1198 // 32)
    found = expand(exhibit, "demo", parse_set(["iterations=1 epoch,2 epochs"]), seeds=1)
    assert [cell.iterations for cell in found] == [179, 179, 358, 358]
    (cell, *_) = expand(exhibit, "demo", {"iterations": 7}, seeds=1)
    assert cell.iterations == 7


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("iterations = 10", 'iterations = "3 rounds"', r"protocol\.iterations: .*'3 rounds' must"),
        ("iterations = 10", 'iterations = "0 epochs"', r"protocol\.iterations: .*=0 epochs: write"),
        ("batch_size = 8", 'batch_size = "1 epoch"', r"protocol\.batch_size: .*'1 epoch' must"),
        ("depth = [3, 4]", 'iterations = ["1 epoch"]', r"grid\[0\]\.iterations: .*'1 epoch' must"),
    ],
)
def test_a_file_that_writes_them_wrongly_is_refused_with_its_key(old, new, words):
    assert old in SMALL
    with pytest.raises(UsageError, match=r"^mine\.toml: " + words):
        parse_exhibit("mine", SMALL.replace(old, new))
