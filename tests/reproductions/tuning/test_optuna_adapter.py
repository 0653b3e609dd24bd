"""Optuna asked and told: every sampler and pruner, and the untuned protocol first."""

import dataclasses
from math import log10

import pytest
from reference.studies import SMALL, states
from sgbench.bench.errors import UsageError
from sgbench.reproductions.tuning.optuna_adapter import STARTUP, Optimizer, pruning_iterations
from sgbench.reproductions.tuning.study_options import arms_of_study, declare
from sgbench.reproductions.tuning.trials import Trial


def test_rungs_are_evaluations_three_times_apart(asked):
    (arm,) = arms_of_study(declare(asked())[0])
    assert pruning_iterations(arm.cell, "hyperband") == (2, 6)
    assert pruning_iterations(
        dataclasses.replace(arm.cell, iterations=400, evaluate_every=50), "halving"
    ) == (
        50,
        150,
    )
    quick = dataclasses.replace(arm.cell, iterations=1000, evaluate_every=200)
    assert pruning_iterations(quick, "median") == (200, 600)
    assert pruning_iterations(quick, "none") == ()
    assert pruning_iterations(dataclasses.replace(arm.cell, iterations=2), "hyperband") == ()


@pytest.mark.parametrize(
    "sampler", ["tpe", *(pytest.param(name, marks=pytest.mark.slow) for name in ("random", "gp"))]
)
def test_every_sampler_goes_on_where_it_stopped(tuned, sampler):
    small = {"seeds": 1, "fresh": 1, "sampler": sampler, "where": ("rule=dni,network=fcn,depth=3",)}
    want, _, _ = tuned("whole", trials=12, **small)
    tuned("parts", trials=10, **small)
    study, _, _ = tuned("parts", trials=12, **small)
    assert study.asked == want.asked
    rates = {params["learning_rate"] for params in study.asked["dni"]}
    assert len(rates) > STARTUP  # a sampler may come back to an end of the range


@pytest.mark.parametrize("pruner", ["halving", "median", "none"])
def test_every_pruner(tuned, pruner):
    learning = ("iterations=54", "evaluate_every=3", "hidden_units=32", "batch_size=64")
    _, _, heard = tuned(trials=10, seeds=1, fresh=1, pruner=pruner, set=learning,
                        space=("learning_rate=1e-5:0.1:log",),
                        where=("rule=backprop,network=fcn,depth=3",))  # fmt: skip
    assert set(states(heard)) <= {"complete", "pruned"}
    assert ("pruned" in states(heard)) == (pruner != "none")


def test_tpe_learns_from_what_it_is_told(asked):
    """On a made-up objective its later trials are better than chance."""
    study = declare(asked(space=("learning_rate=1e-5:0.1:log",), trials=60, pruner="none",
                          where=("rule=dni,network=fcn,depth=3,sg_layers=0",)))[0]  # fmt: skip

    from sgbench.reproductions.tuning.trials import Trial

    (arm,) = arms_of_study(study)
    optimizer, values = Optimizer(study, arm), []
    for number in range(60):
        params = optimizer.ask(number)
        values.append(abs(log10(params["learning_rate"]) + 2.5))
        blank = {"points": (), "iterations": 0, "seconds": 0.0, "records": ()}
        optimizer.tell(
            Trial(number=number, params=params, state="complete", value=values[-1], **blank)
        )
    late = sorted(values[30:])
    assert late[len(late) // 2] < 0.5  # of chance it is about 1


def trial(number, params, value):
    return Trial(
        number=number, params=params, state="complete", value=value,
        points=((2, value), (6, value)), iterations=0, seconds=0.0, records=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "space",
    [
        ("learning_rate=1e-4:0.1:log", "sg_units=4,128"),
        ("learning_rate=1e-4:1e-3:log", "sg_units=4,8"),
    ],
    ids=["inside the space", "outside the space"],
)
@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_the_first_trial_is_the_protocol_as_it_is(asked, space, sampler):
    """Also where Optuna could not choose it; it goes on as it would have, told or made anew."""
    where = ("rule=dni,network=fcn,depth=3,sg_layers=2",)
    study, _ = declare(asked(space=space, sampler=sampler, where=where))
    (arm,) = arms_of_study(study)
    live, told = Optimizer(study, arm), []
    for number in range(12):
        told.append(trial(number, live.ask(number), 1.0 + number))
        live.tell(told[-1])
    assert told[0].params == {"learning_rate": 3e-3, "sg_units": 128}
    for later in told[1:]:
        assert all(d.contains(later.params[d.field]) for d in arm.space)
    again = Optimizer(study, arm)
    for before in told:
        again.replay(before)
    assert again.ask(12) == live.ask(12)


def test_the_protocol_as_it_is_is_never_given_up(asked):
    where, space = ("rule=backprop,network=fcn,depth=3",), ("learning_rate=1e-4:0.1:log",)
    study, _ = declare(asked(pruner="median", space=space, where=where))
    (arm,) = arms_of_study(study)
    optimizer = Optimizer(study, arm)
    asked_for = [optimizer.ask(number) for number in range(10)]
    for number in range(1, 9):
        optimizer.prune(trial(number, asked_for[number], 1.0), 6)
        optimizer.tell(trial(number, asked_for[number], 1.0))
    assert optimizer.prune(trial(9, asked_for[9], 99.0), 6)
    assert not optimizer.prune(trial(0, asked_for[0], 99.0), 6)


def test_batches_of_several_sizes_have_no_common_judgement_by_epochs(asked):
    changes = ("iterations=9 epochs", "evaluate_every=1 epoch", SMALL[2])
    space = ("batch_size=16,32", "learning_rate=1e-3:1e-2:log")
    study, _ = declare(asked(set=changes, space=space))
    with pytest.raises(UsageError, match=r"^--space batch_size: .* give --pruner none, or"):
        Optimizer(study, arms_of_study(study)[0])
    study, _ = declare(asked(set=changes, space=space, pruner="none"))
    assert Optimizer(study, arms_of_study(study)[0]).pruning_iterations == ()
