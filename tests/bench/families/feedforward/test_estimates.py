"""Memory and work of feed-forward cells, held against what a program takes and does."""

import dataclasses

import pytest
import torch
from reference.programs import CPU, tiny_cell
from sgbench.bench.datasets import load
from sgbench.bench.families.estimates import bytes_of
from sgbench.bench.families.feedforward import FAMILY, estimates
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.profiling import op_counter
from sgbench.bench.registry import RULES

WIDE = {"hidden_units": 200, "batch_size": 300, "precision": "float32"}
SMALL = {"hidden_units": 30, "batch_size": 20, "precision": "float32"}
FCN_ONLY = ("mono_forward", "forward_forward")
BEYOND = ("deep_supervision", "fa", "dfa", "drtp", "local_pred", "local_sim", "local_predsim")
MAPS = {"filters": 16, "kernel_size": 5, "batch_size": 60, "precision": "float32"}
UNLOCKED = {"decoupled": "both", "p_update": 1.0, "si_layers": 2, "si_units": 100}
CELLS = {
    "backprop": tiny_cell("backprop", **WIDE),
    "no_bprop": tiny_cell("no_bprop", **WIDE),
    "cdni": tiny_cell("cdni", sg_units=150, sg_layers=2, **WIDE),
    "linear": tiny_cell("dni", sg_layers=0, **WIDE),
    "update": tiny_cell("dni", sg_units=150, decoupled="update", p_update=1.0, **WIDE),
    "both": tiny_cell("dni", sg_units=150, sg_layers=2, **WIDE, **UNLOCKED),
    "backprop cnn": tiny_cell("backprop", "cnn", **MAPS),
    "no_bprop cnn": tiny_cell("no_bprop", "cnn", **MAPS),
    "cdni cnn": tiny_cell("cdni", "cnn", sg_units=20, sg_layers=2, **MAPS),
    **{rule: tiny_cell(rule, **WIDE) for rule in (*BEYOND, *FCN_ONLY)},
    **{f"{rule} cnn": tiny_cell(rule, "cnn", **MAPS) for rule in BEYOND},
    "pairs": tiny_cell("local_sim", **WIDE | {"hidden_units": 20, "batch_size": 1000}),
    "heads": tiny_cell("deep_supervision", **WIDE | {"hidden_units": 50}),
    "dropout": tiny_cell("backprop", dropout=0.1, **WIDE),
    "dropout, no norm": tiny_cell("fa", dropout=0.1, norm="none", activation="tanh", **WIDE),
    "dropout, two images": tiny_cell("forward_forward", dropout=0.1, **WIDE),
    "dropout, sim": tiny_cell("local_predsim", dropout=0.1, activation="leaky_relu", **WIDE),
    "dropout, cdni": tiny_cell("cdni", sg_units=150, sg_layers=2, dropout=0.1, **WIDE),
    "altered": tiny_cell("backprop", jitter=2, flip="horizontal", last_batch="smaller", **WIDE),
}

SHALLOW = {"sg_layers": 0}
WAITING = {
    **{rule: tiny_cell(rule, **SMALL) for rule in ("backprop", "top_only", *BEYOND, *FCN_ONLY)},
    **{rule: tiny_cell(rule, **SMALL, **SHALLOW) for rule in ("dni", "cdni")},
    **{f"{rule} cnn": tiny_cell(rule, "cnn", **MAPS) for rule in ("backprop", *BEYOND)},
    "no norm": tiny_cell("dfa", norm="none", activation="tanh", **SMALL),
    "dropout": tiny_cell("backprop", dropout=0.25, **SMALL),
    "local dropout": tiny_cell("local_pred", dropout=0.25, **{**SMALL, "hidden_units": 70}),
    "no_bprop": tiny_cell("no_bprop", **SMALL),
}


def program_of(cell):
    with FAMILY.grad_mode():
        program = FeedForwardProgram([cell], load("digits"), CPU)
        program.step()
    return program


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_weights_are_counted_as_they_are(cell):
    weights = program_of(cell).weights.flat.numel()
    assert estimates.weights(cell) == pytest.approx(4 * weights, rel=0.03)  # they are aligned


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_memory_is_near_what_is_held_at_once(cell):
    """And not below it: what is said to fit does."""
    program = program_of(cell)
    with FAMILY.grad_mode(), op_counter.Recorder() as recorder:
        program.evaluate_all()
        program.results()
    with FAMILY.grad_mode(), op_counter.Recorder() as of_a_step:
        program.step()
    held = 4 * program.weights.flat.nbytes + max(recorder.peak, of_a_step.peak)
    held += sum(tensor.nbytes for tensor in program.kept.values())
    assert 1.0 < FAMILY.memory(cell, 1) / held < 1.8


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_work_is_near_the_multiplications_of_a_step(cell):
    program = program_of(cell)
    with FAMILY.grad_mode():
        multiplications = op_counter.count(program.step, 2).flops / 2
    assert 0.96 < FAMILY.work(cell) / cell.iterations / multiplications < 1.03


def test_matrices_that_a_rule_keeps_are_in_what_it_takes():
    """They are as many as the weights where a network is wide: one part in six."""
    wide = WIDE | {"hidden_units": 2000, "batch_size": 10}
    cells = [tiny_cell(rule, **wide) for rule in ("fa", "backprop")]
    more = FAMILY.memory(cells[0], 1) - FAMILY.memory(cells[1], 1)
    feedback = 4 * (2 * 2000 * 2000 + 2000 * 10)
    assert feedback < more < 1.1 * feedback


def test_idle_layers_work_less():
    for name, share in (("update", (0.3, 0.4)), ("both", (0.24, 0.26))):
        idle = dataclasses.replace(CELLS[name], p_update=0.25)
        low, high = share
        assert low < FAMILY.work(idle) / FAMILY.work(CELLS[name]) < high


def test_what_it_grows_with():
    cell = CELLS["cdni"]
    assert FAMILY.memory(cell, 3) == 3 * FAMILY.memory(cell, 1)
    double = dataclasses.replace(cell, precision="float64")
    assert FAMILY.memory(double, 1) == 2 * FAMILY.memory(cell, 1)
    longer = dataclasses.replace(cell, iterations=2 * cell.iterations)
    assert FAMILY.work(longer) == 2 * FAMILY.work(cell)


@pytest.mark.parametrize("cell", WAITING.values(), ids=list(WAITING))
def test_what_is_kept_is_what_pullbacks_hold_until_their_layer_learns(cell):
    program = program_of(cell)
    network, timeline = program.network, []
    network.hidden = [watched(layer, timeline) for layer in network.hidden]
    if RULES.declared(cell.rule).locking != "forward" and cell.network == "cnn":
        network.classify = watched(network.classify, timeline)  # reads what the top layer made
    with FAMILY.grad_mode():
        program.step()
    lasting = [program.weights.flat, *program.weights.statistics.values()]
    lasting = {tensor.untyped_storage().data_ptr() for tensor in lasting}
    assert estimates.kept(cell) == most_waiting(timeline, lasting)


def test_what_waits_for_an_error_keeps_all_layers():
    """And what waits for its input one, whatever the depth; what does not learn keeps nothing."""
    kept = {
        (rule, depth): estimates.kept(tiny_cell(rule, depth=depth, **SMALL))
        for rule in ("backprop", "dfa", "local_pred", "no_bprop", "top_only")
        for depth in (4, 6)
    }
    layer = kept["backprop", 6] - kept["backprop", 4]
    assert layer == 2 * 4 * (3 * 20 * 30 + 2 * 30)  # three numbers a unit and example, two a unit
    assert kept["dfa", 6] == kept["backprop", 6]
    assert kept["local_pred", 6] == kept["local_pred", 4] < kept["backprop", 4]
    assert kept["no_bprop", 6] == 0
    assert 0 < kept["top_only", 6] == kept["top_only", 4]


def watched(layer, timeline):
    """A layer that notes when it runs, with what its pullback holds, and when it learns."""

    def call(x):
        h, pullback = layer(x)
        number = len(timeline)
        timeline.append((number, list(held(pullback))))

        def pull(*given, **options):
            timeline.append((number, None))
            return pullback(*given, **options)

        return h, pull

    return call


def held(thing):
    """The tensors in the closures of a pullback."""
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, list | tuple):
        for one in thing:
            yield from held(one)
    elif callable(thing) and getattr(thing, "__closure__", None):
        for cell in thing.__closure__:
            yield from held(cell.cell_contents)


def most_waiting(timeline, lasting):
    """The most bytes that pullbacks which learn later hold at a time, beside what is lasting."""
    learning = {number for number, tensors in timeline if tensors is None}
    waiting, most = {}, 0
    for number, tensors in timeline:
        if tensors is None:
            waiting.pop(number, None)
        elif number in learning:
            waiting[number] = tensors
        storages = [t.untyped_storage() for some in waiting.values() for t in some]
        sizes = {s.data_ptr(): s.nbytes() for s in storages}
        most = max(most, sum(size for at, size in sizes.items() if at not in lasting))
    return most


def test_stages_take_the_weights_of_every_evaluation_and_what_waits_for_its_error():
    staged = {"stages": 3, "delay": 0, "straggler": 1, "iterations": 100, "evaluate_every": 10}
    plain = tiny_cell("backprop", iterations=100, evaluate_every=10)
    locked = tiny_cell("backprop", schedule="locked", **staged)
    copies = 10 * estimates.weights(plain) // estimates.COPIES
    beside = bytes_of(plain, copies, 1)
    assert estimates.memory(locked, 1) == estimates.memory(plain, 1) + beside
    parallel = tiny_cell("backprop", schedule="data_parallel", **staged)
    further = bytes_of(plain, 2 * estimates.weights(plain), 1)
    assert estimates.memory(parallel, 1) == estimates.memory(locked, 1) + further
    waiting = tiny_cell("dfa", schedule="unlocked", **staged)
    whole = tiny_cell("dfa", iterations=100, evaluate_every=10)
    held = 64 * estimates.kept(waiting)
    assert estimates.memory(waiting, 1) == estimates.memory(whole, 1) + beside + held
