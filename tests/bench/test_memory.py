"""What a program takes of memory, told before it is begun."""

import dataclasses

import pytest
from reference.sequences import tiny_recurrent
from sgbench.bench import memory
from sgbench.bench.datasets import load
from sgbench.bench.errors import UsageError
from sgbench.bench.lstm import Tape
from sgbench.bench.sequence_program import SequenceProgram
from sgbench.reproductions.outlook import outlook
from sgbench.reproductions.run import Request, run
from sgbench.results.store import Store
from torch import Tensor, device

BIG = {"hidden_units": 512, "batch_size": 64, "T": 10, "precision": "float32"}


def held(tape):
    """The bytes of a tape's tensors, views left out."""
    whole = [value for value in vars(tape).values() if isinstance(value, Tensor)]
    return sum(v.nbytes for v in whole if v.untyped_storage().nbytes() == v.nbytes)


@pytest.mark.parametrize("rule", ["bptt", "dni_aux"])
def test_the_estimate_is_near_what_the_tapes_hold(rule):
    cell = tiny_recurrent(rule, **BIG)
    if rule != "bptt":
        cell = dataclasses.replace(cell, sg_units=512)
    program = SequenceProgram([cell], load("copy"), device("cpu"))
    program.step()
    program.step()
    tapes = program.network._tapes
    assert all(isinstance(tape, Tape) for tape in tapes)
    assert len(tapes) == (2 if rule == "dni_aux" else 1)
    # The rest is what is made of an unroll on the way: its outputs, their gradients, the logits.
    assert 0.6 < sum(map(held, tapes)) / memory.needed(cell) < 1.0


def test_it_grows_with_the_unroll_and_the_precision():
    cell = tiny_recurrent("bptt", **BIG)
    longer = dataclasses.replace(cell, T=21)
    assert memory.needed(longer) == 2 * memory.needed(cell)
    assert memory.needed(dataclasses.replace(cell, precision="float64")) == 2 * memory.needed(cell)


class Nothing:
    """Hears of no program."""

    def __getattr__(self, name):
        raise AssertionError(f"{name}: a program was begun")


@pytest.mark.parametrize(
    "action", [lambda r: run(r, Nothing()), lambda r: outlook(r, measure=True)]
)
def test_an_unroll_that_does_not_fit_is_refused_before_it_is_begun(tmp_path, action):
    request = Request(
        exhibit="table2",
        where=("dataset=copy,T=4,rule=bptt",),
        set=("T=1000000",),
        store=Store(tmp_path),
        jobs=1,
        device="cpu",
    )
    with pytest.raises(UsageError, match=r"T=1000000 .* GiB are free: T of about [\d,]+ would fit"):
        action(request)
    assert list(request.store.scan()) == []
