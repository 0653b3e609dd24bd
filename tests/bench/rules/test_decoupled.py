"""Decoupled layers: the limits, what a mask decides, and what an idle layer keeps."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from reference.programs import CPU, everything, random_data, tiny_cell
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.families.feedforward.update_mask import UpdateMask, block_mask

LAYERS = 4
ALL = (True,) * LAYERS
modes = pytest.mark.parametrize("decoupled", ["update", "both"])
rules = pytest.mark.parametrize("rule", ["dni", "cdni"])
patterns = pytest.mark.parametrize("active", list(itertools.product((False, True), repeat=LAYERS)))


def cell(rule="dni", network="fcn", **changes):
    if changes.get("decoupled") == "both":
        changes = {"si_layers": 1, "si_units": 5, **changes}
    if changes.get("decoupled"):
        changes = {"p_update": 0.5, **changes}
    return tiny_cell(rule, network, **changes)


def program_of(*cells):
    """A program of random weights: M's last layer and I's included."""
    program = FeedForwardProgram(cells, random_data(), CPU)
    for replica, one in enumerate(cells):
        source = torch.Generator().manual_seed(one.seed)
        for name, view in sorted(program.network.weights.named.items()):
            drawn = torch.rand(view.shape[1:], generator=source, dtype=torch.float64)
            view[replica] = drawn - (0.0 if name.endswith("gamma") else 0.5)
    return program


def batch_of(program, seed=7):
    """Packed inputs and labels of a random batch."""
    rng = np.random.default_rng(seed)
    size = program.cells[0].batch_size
    rows = [rng.permutation(60)[:size] for _ in program.cells]
    images, labels = program.batches.take(torch.as_tensor(np.stack(rows)))
    return program.network.architecture.pack(images), labels


def owner(name):
    """The block that a weight or statistic is of: hidden1, classifier, sg0, si2."""
    return name.partition(".")[0]


def changed(program, update):
    """The blocks and kinds of what an update changes."""
    before = everything(program)
    update()
    after = everything(program)
    return {
        (kind, owner(name))
        for (kind, name), value in after.items()
        if not np.array_equal(value, before[kind, name])
    }


def blocks_of(program):
    return [block.parts[0][0].partition(".")[0] for block in program.network.blocks()]


# Limits.


@pytest.mark.parametrize(
    ("network", "decoupled"), [("fcn", "update"), ("cnn", "update"), ("fcn", "both")]
)
@rules
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_always_active_is_the_plain_rule_bit_for_bit(rule, network, decoupled, precision):
    plain = FeedForwardProgram([cell(rule, network, precision=precision)], random_data(), CPU)
    mask = cell(rule, network, decoupled=decoupled, p_update=1, precision=precision)
    active = FeedForwardProgram([mask], random_data(), CPU)
    for _ in range(9):
        plain.step()
        active.step()
    got, want = everything(active), everything(plain)
    for what in want:
        assert np.array_equal(got[what], want[what]), what
    assert active.evaluate("held") == plain.evaluate("held")
    assert active.updates() == [[9] * LAYERS]
    assert plain.updates() is None


@modes
def test_never_active_leaves_every_weight(decoupled):
    program = program_of(cell(decoupled=decoupled, p_update=1e-12))
    seen = changed(program, lambda: [program.step() for _ in range(20)])
    # forward passes go on where only updates are decoupled
    statistics = {("statistic", f"hidden{i}") for i in range(3)}
    assert seen == (statistics if decoupled == "update" else set())
    assert program.updates() == [[0] * LAYERS]
    assert program.iteration == 20


# What the masks decide.


@modes
@patterns
def test_active_layers_are_updated_and_all_else_stays(decoupled, active):
    program = program_of(cell(decoupled=decoupled))
    x, labels = batch_of(program)
    seen = changed(program, lambda: program.update(x, labels, [active]))
    both = decoupled == "both"
    layers = {name for name, yes in zip(blocks_of(program), active, strict=False) if yes}
    models = {f"sg{i}" for i in range(3) if active[i + 1]}
    inputs = {f"si{i}" for i in range(3) if both and active[i]}
    for kind in ("weight", "first moment", "second moment"):
        assert {name for what, name in seen if what == kind} == layers | models | inputs
    needed = {i for i in range(3) if active[i] or active[i + 1]}
    assert {name for what, name in seen if what == "statistic"} == {
        *(f"hidden{i}" for i in range(3) if active[i] or not both),
        *(f"sg{i}" for i in needed),
        *(f"si{i}" for i in needed if both),
    }
    expected = [*active, *active[1:], *(active[:-1] if both else ())]
    assert program.adam.steps.tolist() == [[float(yes) for yes in expected]]
    assert block_mask(program.network, [active]) == [list(expected)]


@modes
def test_a_block_counts_its_own_updates_as_adam_does_with_it_alone(decoupled):
    """Two updates of a layer with a pause between them are two updates of it, nothing more."""
    paused, straight = (program_of(cell(decoupled=decoupled)) for _ in range(2))
    x, labels = batch_of(paused)
    top = (False, False, False, True)
    for program, sequence in (
        (paused, [top, (False,) * LAYERS, (False,) * LAYERS, top]),
        (straight, [top, top]),
    ):
        for active in sequence:
            program.update(x, labels, [active])
    for name in ("classifier.weight", "classifier.bias", "sg2.output.weight"):
        if decoupled == "both" or name != "sg2.output.weight":
            one, other = (p.network.weights.named[name] for p in (paused, straight))
            assert torch.equal(one, other), name


def test_what_a_layer_above_takes_is_the_true_output_where_it_is_there():
    """I's answer reaches the layer above only where the layer that it stands for is idle."""
    for below, differs in ((True, False), (False, True)):
        found = []
        for shift in (0.0, 1.0):
            program = program_of(cell(decoupled="both"))
            program.network.weights.named["si0.last.bias"].add_(shift)
            program.network.weights.named["si0.last.weight"].mul_(1 + shift)
            x, labels = batch_of(program)
            program.update(x, labels, [(below, True, False, False)])
            views = program.network.weights.views(program.network.weights.grads)
            found.append(views["hidden1.weight"].clone())
        assert torch.equal(*found) != differs


@patterns
def test_i_learns_from_its_layer_alone(active):
    """Neither labels nor the layers above, nor M, have any part in what I learns."""
    found = []
    for other in (False, True):
        program = program_of(cell("cdni", decoupled="both"))
        x, labels = batch_of(program)
        if other:
            labels = (labels + 1) % 10
            for name, view in program.network.weights.named.items():
                if owner(name) in ("hidden2", "classifier", "sg0", "sg1", "sg2"):
                    view.mul_(1.5)
        program.update(x, labels, [active])
        views = program.network.weights.views(program.network.weights.grads)
        found.append({n: v.clone() for n, v in views.items() if owner(n) in ("si0", "si1")})
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    learnt = {owner(name) for name, grad in found[0].items() if grad.any()}
    assert learnt == {f"si{i}" for i in range(2) if active[i]}


def test_what_m_and_i_learn_moves_no_layer():
    """A layer's gradient is the same whatever the models above it have still to learn."""
    found = []
    for shift in (0.0, 0.5):
        program = program_of(cell(decoupled="both"))
        named = program.network.weights.named
        named["sg1.output.bias"].add_(shift)  # M_1's error, not what hidden0 is updated with
        named["si0.last.bias"].add_(shift)  # I's error
        x, labels = batch_of(program)
        program.update(x, labels, [(True, False, True, False)])
        views = program.network.weights.views(program.network.weights.grads)
        found.append({n: v.clone() for n, v in views.items()})
    assert torch.equal(found[0]["hidden0.weight"], found[1]["hidden0.weight"])
    assert not torch.equal(found[0]["sg1.output.bias"], found[1]["sg1.output.bias"])
    assert not torch.equal(found[0]["si0.last.bias"], found[1]["si0.last.bias"])


# Replicas.


@modes
@pytest.mark.parametrize("network", ["fcn", "cnn"])
@rules
def test_a_network_of_a_population_equals_the_same_alone(rule, network, decoupled):
    if network == "cnn" and decoupled == "both":
        pytest.skip("synthetic inputs are of fully connected networks")
    cells = [
        cell(rule, network, decoupled=decoupled, p_update=p, seed=seed, learning_rate=rate)
        for p, seed, rate in ((0.2, 3, 0.02), (0.6, 1, 0.005), (1.0, 2, 0.02), (0.2, 4, 0.02))
    ]
    together = program_of(*cells)
    for _ in range(8):
        together.step()
    for replica, one in enumerate(cells):
        alone = program_of(one)
        for _ in range(8):
            alone.step()
        got, want = everything(together, replica), everything(alone)
        for what in want:
            np.testing.assert_allclose(got[what], want[what], rtol=1e-10, atol=1e-10, err_msg=what)
        assert together.updates()[replica] == alone.updates()[0]


# Resuming.


@modes
def test_a_resumed_program_goes_on_bit_for_bit(decoupled, monkeypatch):
    monkeypatch.setattr(UpdateMask, "BLOCK", 8)
    made = [cell(decoupled=decoupled, p_update=p, seed=s) for p, s in ((0.3, 0), (0.7, 1))]
    straight, first = program_of(*made), program_of(*made)
    for _ in range(30):  # past the masks that are drawn at once, several times
        straight.step()
    for _ in range(19):
        first.step()
    second = program_of(*made)
    second.restore(first.state())
    for _ in range(11):
        second.step()
    for replica in range(2):
        got, want = everything(second, replica), everything(straight, replica)
        assert all(np.array_equal(got[what], want[what]) for what in want)
    assert second.updates() == straight.updates()


# Cost.


def spied(program, monkeypatch):
    """The names of the blocks that run, in their order, as they do."""
    ran = []
    for name, block in zip(blocks_of(program), program.network.blocks(), strict=True):
        (first, layer), *others = block.parts

        def call(x, track, layer=layer, name=name):
            ran.append(name)
            return layer(x, track)

        monkeypatch.setattr(block, "parts", ((first, call), *others))
    return ran


@patterns
@modes
def test_what_nobody_needs_is_not_computed(decoupled, active, monkeypatch):
    program = program_of(cell(decoupled=decoupled))
    x, labels = batch_of(program)
    ran = spied(program, monkeypatch)
    monkeypatch.setattr(program.adam, "step", lambda *_: None)
    program.network.weights.grads.fill_(torch.nan)
    program.update(x, labels, [active])
    both, needed = decoupled == "both", [i for i in range(3) if active[i] or active[i + 1]]
    expected = [f"hidden{i}" for i in range(3) if active[i] or not both]
    expected += [f"sg{i}" for i in needed] + ["classifier"] * active[3]
    expected += [f"si{i}" for i in needed if both]
    assert sorted(ran) == sorted(expected)
    views = program.network.weights.views(program.network.weights.grads)
    written = {owner(name) for name, view in views.items() if not view.isnan().any()}
    assert written == {
        *(name for name, yes in zip(blocks_of(program), active, strict=False) if yes),
        *(f"sg{i}" for i in range(3) if active[i + 1]),
        *(f"si{i}" for i in range(3) if both and active[i]),
    }


def test_a_map_learns_where_its_own_layer_does():
    network = SimpleNamespace(input_models=[], heads=[], maps=[None] * 3)
    assert block_mask(network, [(True, False, True, False)]) == [
        [*(True, False, True, False), *(False, True, False), *(True, False, True)]
    ]
