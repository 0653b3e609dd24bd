"""Decoupled layers of the package against their NumPy reference, by masks given to the program."""

import itertools

import numpy as np
import pytest
from reference.decoupled import block, step
from reference.programs import batches, everything, moved, tiny_cell
from reference.side_by_side import assert_steps_agree, program_of

DEPTH = 4
HIDDEN = DEPTH - 1

every_rule = pytest.mark.parametrize("rule", ["dni", "cdni"])
every_m = pytest.mark.parametrize("sg_layers", range(3))
every_pattern = pytest.mark.parametrize(
    "pattern",
    list(itertools.product([False, True], repeat=DEPTH)),
    ids=lambda mask: "".join(".x"[bit] for bit in mask),
)
kinds = pytest.mark.parametrize(
    ("network", "decoupled"), [("fcn", "update"), ("cnn", "update"), ("fcn", "both")]
)


def cell_of(rule, network, decoupled, si_layers=1, **changes):
    if decoupled == "both":
        changes |= {"si_layers": si_layers, "si_units": 8 if si_layers else None}
    return tiny_cell(rule, network, **({"decoupled": decoupled, "p_update": 0.5} | changes))


def orders(replicas, count, depth=DEPTH):
    """`count` different patterns of masks in an order a replica, [update][replica]."""
    patterns, rng = list(itertools.product([False, True], repeat=depth)), np.random.default_rng(3)
    rows = [rng.permutation(patterns)[:count].tolist() for _ in range(replicas)]
    return list(zip(*rows, strict=True))


def assert_agrees(*cells, mask):
    """Do an update for each of `mask` (the replicas' patterns), beside the reference."""
    program = program_of(*cells)

    def train(n, x, labels):
        program.update(x, labels, [list(pattern) for pattern in mask[n]])

    def follow(n, replica, *state):
        cell = cells[replica]
        return step(
            *state,
            mask[n][replica],
            decoupled=cell.decoupled,
            conditioned=cell.rule == "cdni",
            S=cell.sg_scale,
        )

    assert_steps_agree(program, len(mask), train, follow)


@every_pattern
@kinds
def test_two_steps_of_every_pattern(network, decoupled, pattern):
    assert_agrees(cell_of("cdni", network, decoupled), mask=[[pattern]] * 2)


@every_m
@kinds
@every_rule
def test_a_run_of_changing_patterns(rule, network, decoupled, sg_layers):
    assert_agrees(cell_of(rule, network, decoupled, sg_layers=sg_layers), mask=orders(1, 8))


@pytest.mark.parametrize("si_layers", [0, 2])
@every_rule
def test_other_models_of_the_input(rule, si_layers):
    assert_agrees(cell_of(rule, "fcn", "both", si_layers), mask=orders(1, 8))


@pytest.mark.parametrize("depth", [3, 6])
@kinds
def test_other_depths(network, decoupled, depth):
    assert_agrees(cell_of("cdni", network, decoupled, depth=depth), mask=orders(1, 4, depth))


@kinds
@every_rule
@pytest.mark.parametrize("sg_layers", [0, 2])
def test_replicas_with_masks_a_scale_and_a_rate_each(sg_layers, rule, network, decoupled):
    cells = [
        cell_of(
            rule,
            network,
            decoupled,
            sg_layers=sg_layers,
            seed=seed,
            p_update=p_update,
            sg_scale=scale,
            learning_rate=rate,
        )
        for seed, p_update, scale, rate in ((3, 0.2, 3.0, 0.02), (1, 0.9, 40.0, 0.005))
    ]
    assert_agrees(*cells, mask=orders(2, 8))


@kinds
def test_a_replica_that_is_active_beside_one_that_is_idle(network, decoupled):
    cells = [cell_of("cdni", network, decoupled, seed=seed) for seed in (1, 2)]
    active, idle = [True] * DEPTH, [False] * DEPTH
    assert_agrees(*cells, mask=[[active, idle], [idle, active], [idle, idle], [active, active]])


@every_pattern
@kinds
def test_a_block_without_an_update_stays_to_the_bit(network, decoupled, pattern):
    # After a step of all layers, so that moments alone would move what has no gradient now.
    program = program_of(cell_of("cdni", network, decoupled))
    images, labels = program.batches.take(next(batches(program, 1)))
    x = program.network.architecture.pack(images)
    program.update(x, labels, [[True] * DEPTH])
    before = everything(program)
    program.update(x, labels, [list(pattern)])
    after = everything(program)

    names = [*(f"hidden{i}" for i in range(HIDDEN)), "classifier"]
    active = {name for name, bit in zip(names, pattern, strict=True) if bit}
    active |= {f"sg{i}" for i in range(HIDDEN) if pattern[i + 1]}
    active |= {f"si{i}" for i in range(HIDDEN) if pattern[i] and decoupled == "both"}
    assert {block(name) for name in moved(before, after)} == active
    for (kind, name), value in before.items():
        if kind != "statistic" and block(name) not in active:
            assert np.array_equal(after[kind, name], value), (kind, name)
        if kind == "statistic" and name.startswith("hidden"):
            runs = decoupled == "update" or block(name) in active
            assert np.array_equal(after[kind, name], value) != runs, (kind, name)
