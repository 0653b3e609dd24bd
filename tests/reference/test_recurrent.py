"""The recurrent NumPy reference against central differences and torch's autograd, both float64."""

import numpy as np
import pytest
import torch
from reference.recurrent import Recurrent, random_weights
from torch.nn import functional

STREAMS, SYMBOLS, CLASSES, UNITS = 3, 4, 5, 4
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def model(rule, sg_layers=1, rate=0.0, **options):
    """A reference with a carried state, and the generator its data come from."""
    rng = np.random.default_rng(sg_layers)
    weights = random_weights(
        rng,
        rule,
        symbols=SYMBOLS,
        classes=CLASSES,
        units=UNITS,
        sg_layers=sg_layers,
        sg_units=6,
    )
    reference = Recurrent(rule, weights, rate, **options)
    reference.state = rng.normal(0, 0.5, (STREAMS, UNITS)), rng.normal(0, 1, (STREAMS, UNITS))
    return reference, rng


def sibling(reference, rule, **options):
    """Another rule on the same weights, those of them it has, from the same state."""
    unknown = {"bptt": ("sg.", "aux."), "dni": ("aux.",)}[rule]
    weights = {n: w for n, w in reference.weights.items() if not n.startswith(unknown)}
    other = Recurrent(rule, weights, reference.rate, **options)
    other.state = reference.state
    return other


def chunk(rng, length, masked=True):
    """Codes and classes; where masked, some of every step's streams and more are not counted."""
    inputs = rng.integers(0, SYMBOLS, (length, STREAMS))
    targets = rng.integers(0, CLASSES, (length, STREAMS))
    if masked:
        targets[np.arange(length), rng.integers(0, STREAMS, length)] = -1
    return inputs, targets


def leaves(arrays):
    return {n: torch.tensor(a, requires_grad=True) for n, a in arrays.items()}


def lstm(core, inputs, h, c):
    """Every step's (h, c), by torch's own cell, whose gates are in another order."""
    cell = torch.nn.LSTMCell(SYMBOLS, UNITS, dtype=torch.float64)
    i, f, o, g = core.chunk(4)
    rows = torch.cat([i, f, g, o])
    weights = {
        "weight_ih": rows[:, 1 : 1 + SYMBOLS],
        "weight_hh": rows[:, 1 + SYMBOLS :],
        "bias_ih": rows[:, 0],
        "bias_hh": torch.zeros(4 * UNITS, dtype=torch.float64),
    }
    states = []
    for codes in torch.tensor(inputs):
        x = functional.one_hot(codes, SYMBOLS).double()
        h, c = torch.func.functional_call(cell, weights, (x, (h, c)))
        states.append((h, c))
    return states


def loss_of(w, states, targets):
    loss = 0.0
    for (h, _), classes in zip(states, torch.tensor(targets), strict=True):
        logits = functional.linear(h, w["readout.weight"], w["readout.bias"])
        loss = loss + functional.cross_entropy(
            logits, classes, ignore_index=-1, reduction="sum"
        ) / len(classes)
    return loss


def m(w, h):
    for j in range(sum(n.startswith("sg.hidden") for n in w) // 2):
        h = functional.linear(h, w[f"sg.hidden{j}.weight"], w[f"sg.hidden{j}.bias"]).relu()
    return functional.linear(h, w["sg.output.weight"], w["sg.output.bias"])


def inner(delta, state):
    return (delta * torch.cat(state, 1)).sum()


def gradients(loss, w):
    """By name, zeros where the loss does not depend on a weight."""
    found = torch.autograd.grad(
        loss, list(w.values()), retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return {n: g.numpy() for n, g in zip(w, found, strict=True)}


def agree(mine, theirs, **tolerance):
    assert set(mine) == set(theirs)
    for name, expected in theirs.items():
        np.testing.assert_allclose(mine[name], expected, err_msg=name, **(tolerance or EXACT))


def slopes(array, value, epsilon=1e-6):
    """Central differences of `value()` in every entry."""
    found = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        old = array[place]
        array[place] = old + epsilon
        found[place] = value()
        array[place] = old - epsilon
        found[place] -= value()
        array[place] = old
    return found / (2 * epsilon)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_bptt_is_the_slope_of_the_loss(length):
    reference, rng = model("bptt")
    data = chunk(rng, length)
    found = reference.trace(*data).gradients
    expected = {
        n: slopes(w, lambda: reference.trace(*data).loss) for n, w in reference.weights.items()
    }
    agree(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_bptt_against_autograd(length):
    reference, rng = model("bptt")
    inputs, targets = chunk(rng, length)
    w = leaves(reference.weights)
    states = lstm(w["core.weight"], inputs, *map(torch.tensor, reference.state))
    loss = loss_of(w, states, targets)
    trace = reference.trace(inputs, targets)
    np.testing.assert_allclose(trace.loss, loss.item(), **EXACT)
    agree(trace.gradients, gradients(loss, w))
    for step, state in zip(trace.steps, states, strict=True):
        np.testing.assert_allclose(np.stack([step.h, step.c]), torch.stack(state).detach(), **EXACT)
    h = torch.stack([h for h, _ in states])
    logits = functional.linear(h, w["readout.weight"], w["readout.bias"]).detach()
    np.testing.assert_allclose(trace.logits, logits, **EXACT)
    np.testing.assert_allclose(trace.probabilities, logits.softmax(-1), **EXACT)
    assert (trace.target, trace.synthetic, trace.sg_loss, trace.aux_loss) == (None,) * 4


def test_streams_that_do_not_count():
    reference, rng = model("bptt")
    inputs, targets = chunk(rng, 2, masked=False)
    targets[:, 1] = -1
    trace = reference.trace(inputs, targets)
    log_p = np.log(trace.probabilities)
    told = [log_p[tau, b, targets[tau, b]] for tau in range(2) for b in (0, 2)]
    np.testing.assert_allclose(trace.loss, -sum(told) / STREAMS, **EXACT)
    inputs[:, 1] = (inputs[:, 1] + 1) % SYMBOLS
    changed = reference.trace(inputs, targets)
    assert (changed.logits[:, 1] != trace.logits[:, 1]).all()
    agree(changed.gradients, trace.gradients)
    silent = reference.trace(inputs, np.full_like(targets, -1))
    assert silent.loss == 0
    assert not any(g.any() for g in silent.gradients.values())


@pytest.mark.parametrize("sg_layers", [0, 1, 2])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_dni_against_autograd(length, sg_layers):
    reference, rng = model("dni", sg_layers, factor=0.3, sg_scale=5.0)
    inputs, targets = chunk(rng, length)
    w, start = leaves(reference.weights), leaves(dict(zip("hc", reference.state, strict=True)))
    states = lstm(w["core.weight"], inputs, start["h"], start["c"])
    loss = loss_of(w, states, targets)
    delta = m(w, states[-1][0]).detach() / 5.0
    expected = gradients(loss + 0.3 * inner(delta, states[-1]), w)
    at_start = gradients(loss + inner(delta, states[-1]), start)
    target = np.concatenate([at_start["h"], at_start["c"]], 1)
    error = m(w, start["h"].detach()) - 5.0 * torch.tensor(target)
    sg_loss = (error**2).sum(1).mean()
    of_m = gradients(sg_loss, w)
    expected |= {n: g for n, g in of_m.items() if n.startswith("sg.")}

    trace = reference.trace(inputs, targets)
    np.testing.assert_allclose(trace.loss, loss.item(), **EXACT)
    np.testing.assert_allclose(trace.synthetic, delta, **EXACT)
    np.testing.assert_allclose(trace.target, target, **EXACT)
    np.testing.assert_allclose(trace.sg_loss, sg_loss.item(), **EXACT)
    assert trace.aux_loss is None
    agree(trace.gradients, expected)
    assert all(g.any() for g in trace.gradients.values())


@pytest.mark.parametrize("length", [1, 3])
def test_target_is_the_slope_by_the_state(length):
    reference, rng = model("dni")
    data = chunk(rng, length)
    delta = rng.normal(size=(STREAMS, 2 * UNITS))
    reference.oracle = lambda h, c: delta
    trace = reference.trace(*data)
    assert trace.sg_loss is None
    assert not any(g.any() for n, g in trace.gradients.items() if n.startswith("sg."))

    def value():
        moved = reference.trace(*data)
        last = moved.steps[-1]
        return moved.loss + (delta * np.concatenate([last.h, last.c], 1)).sum()

    expected = np.concatenate([slopes(s, value) for s in reference.state], 1)
    np.testing.assert_allclose(trace.target, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("sg_layers", [0, 1, 2])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_dni_aux_against_autograd_over_two_unrolls(length, sg_layers):
    """Weights not moved, so that the graph over the unroll before is the true one."""
    options = {"factor": 0.3, "sg_scale": 5.0, "aux_weight": 0.7}
    reference, rng = model("dni_aux", sg_layers, **options)
    before, now = chunk(rng, length), chunk(rng, length)
    w = leaves(reference.weights)
    old = lstm(w["core.weight"], before[0], *map(torch.tensor, reference.state))
    plain = sibling(reference, "dni", **options)

    first = reference.step(*before)
    assert first.aux_loss is None
    expected = plain.step(*before).gradients
    agree(first.gradients, expected | {n: 0 * w[n].detach() for n in w if n.startswith("aux.")})

    new = lstm(w["core.weight"], now[0], *(s.detach() for s in old[-1]))
    aux_loss = ahead(w, [h for h, _ in old], [h for h, _ in new], scale=5.0)
    expected = gradients(0.7 * aux_loss, w)
    assert not any(g.any() for n, g in expected.items() if n.startswith(("sg.", "readout.")))
    for name, gradient in plain.step(*now).gradients.items():
        expected[name] = expected[name] + gradient
    second = reference.step(*now)
    np.testing.assert_allclose(second.aux_loss, aux_loss.item(), **EXACT)
    agree(second.gradients, expected)


def ahead(w, old, new, scale=1.0):
    """The auxiliary head on each old output against an example's synthetic gradient on the new."""
    loss = 0.0
    for h, later in zip(old, new, strict=True):
        prediction = functional.linear(h, w["aux.output.weight"], w["aux.output.bias"])
        loss = loss + ((prediction - STREAMS / scale * m(w, later).detach()) ** 2).sum(1).mean()
    return loss


@pytest.mark.parametrize("length", [1, 2, 3])
def test_dni_aux_goes_back_by_stored_activations_and_current_weights(length):
    """The weights move between the unrolls: autograd sees the stored values, the new weights."""
    reference, rng = model("dni_aux", rate=0.1)
    before, now = chunk(rng, length), chunk(rng, length)
    h, c = map(torch.tensor, reference.state)
    stored = reference.step(*before).steps
    trace = reference.trace(*now)
    w = leaves(reference.weights)
    outputs = []
    for codes, step in zip(torch.tensor(before[0]), stored, strict=True):
        x = functional.one_hot(codes, SYMBOLS).double()
        z = torch.cat([torch.ones(STREAMS, 1), x, h], 1) @ w["core.weight"].T
        i, f, o, g = step.gates
        raw = [np.log(i / (1 - i)), np.log(f / (1 - f)), np.log(o / (1 - o)), np.arctanh(g)]
        z = z - z.detach() + torch.tensor(np.concatenate(raw, 1))
        i, f, o, g = z.chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        np.testing.assert_allclose(h.detach(), step.h, **EXACT)
        outputs.append(h)
    aux_loss = ahead(w, outputs, [torch.tensor(step.h) for step in trace.steps])
    expected = gradients(aux_loss, w)

    np.testing.assert_allclose(trace.aux_loss, aux_loss.item(), **EXACT)
    reference.aux_weight = 0.0
    without = reference.trace(*now).gradients
    agree({n: g - without[n] for n, g in trace.gradients.items()}, expected)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("unrolls", [1, 2, 4])
def test_a_true_oracle_makes_unrolls_the_whole_sequence(length, unrolls):
    reference, rng = model("dni", factor=1.0)
    inputs, targets = chunk(rng, length * unrolls)
    w = leaves(reference.weights)
    states = lstm(w["core.weight"], inputs, *map(torch.tensor, reference.state))
    expected = gradients(loss_of(w, states, targets), w)
    plain = sibling(reference, "bptt")
    summed = dict.fromkeys(w, 0.0)
    truncated = np.zeros_like(expected["core.weight"])
    for end in range(length, length * unrolls + 1, length):

        def remaining(h, c, end=end):
            at = leaves({"h": h, "c": c})
            if end == len(inputs):
                return np.zeros((STREAMS, 2 * UNITS))
            states = lstm(
                torch.tensor(reference.weights["core.weight"]), inputs[end:], *at.values()
            )
            constant = {n: v.detach() for n, v in w.items()}
            found = gradients(loss_of(constant, states, targets[end:]), at)
            return np.concatenate([found["h"], found["c"]], 1)

        reference.oracle = remaining
        data = inputs[end - length : end], targets[end - length : end]
        trace = reference.step(*data)
        truncated += plain.step(*data).gradients["core.weight"]
        for name, gradient in trace.gradients.items():
            summed[name] = summed[name] + gradient
    agree(summed, expected, rtol=0, atol=1e-12)
    far = np.abs(truncated - expected["core.weight"]).max() > 1e-3
    assert far == (unrolls > 1)  # truncation is not the same thing


@pytest.mark.parametrize("rule", ["dni", "dni_aux"])
def test_a_zero_oracle_is_bptt_bit_for_bit(rule):
    reference, rng = model(rule, rate=0.1, aux_weight=0.0)
    reference.oracle = lambda h, c: np.zeros((STREAMS, 2 * UNITS))
    plain = sibling(reference, "bptt")
    for _ in range(3):
        data = chunk(rng, 2)
        trace, expected = reference.step(*data), plain.step(*data)
        assert trace.loss == expected.loss
        for name, gradient in expected.gradients.items():
            np.testing.assert_array_equal(trace.gradients[name], gradient)
            np.testing.assert_array_equal(reference.weights[name], plain.weights[name])


@pytest.mark.parametrize("rule", ["bptt", "dni", "dni_aux"])
def test_the_state_carried_is_one_long_forward(rule):
    reference, rng = model(rule)
    reference.state = None
    inputs, targets = chunk(rng, 6)
    zero = torch.zeros(STREAMS, UNITS, dtype=torch.float64)
    states = lstm(torch.tensor(reference.weights["core.weight"]), inputs, zero, zero)
    for start in range(0, 6, 2):
        reference.step(inputs[start : start + 2], targets[start : start + 2])
        np.testing.assert_allclose(
            np.stack(reference.state), torch.stack(states[start + 1]), **EXACT
        )


def test_the_state_carried_is_from_before_the_update():
    reference, rng = model("dni_aux", rate=0.1)
    for _ in range(2):
        data = chunk(rng, 2)
        core = torch.tensor(reference.weights["core.weight"])
        states = lstm(core, data[0], *map(torch.tensor, reference.state))
        reference.step(*data)
        np.testing.assert_allclose(np.stack(reference.state), torch.stack(states[-1]), **EXACT)


def test_trace_changes_nothing():
    reference, rng = model("dni_aux", rate=0.1)
    data = [chunk(rng, 2) for _ in range(3)]
    other, _ = model("dni_aux", rate=0.1)
    for one in data:
        for elsewhere in data:
            reference.trace(*elsewhere)
        mine, theirs = reference.step(*one), other.step(*one)
        assert mine.aux_loss == theirs.aux_loss
        for name, weight in reference.weights.items():
            np.testing.assert_array_equal(weight, other.weights[name])


def test_adam_against_torch():
    reference, rng = model("dni_aux", rate=1e-2)
    weights = leaves(reference.weights)
    optimiser = torch.optim.Adam(weights.values(), lr=1e-2)
    for _ in range(3):
        for name, gradient in reference.step(*chunk(rng, 2)).gradients.items():
            weights[name].grad = torch.tensor(gradient)
        optimiser.step()
        for name, weight in weights.items():
            np.testing.assert_allclose(
                reference.weights[name], weight.detach().numpy(), rtol=0, atol=1e-14
            )
