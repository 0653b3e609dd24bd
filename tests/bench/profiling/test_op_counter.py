"""Counts of a step: against torch's counter, and against what the rules need, by hand."""

import itertools

import pytest
import torch
from reference.costs import PIXELS, B, H, K, M, feed_forward, pair, recurrent
from reference.programs import program_of, tiny_cell
from sgbench.bench.profiling import op_counter
from torch.utils.flop_counter import FlopCounterMode

FEED_FORWARD = [("no_bprop", None), ("backprop", None)]
FEED_FORWARD += [(rule, n) for rule in ("dni", "cdni", "bp_lambda") for n in range(3)]


def counted(program, steps=1):
    """The cost of steps of a warm program, and what torch counts."""
    with torch.no_grad():
        for _ in range(2):
            program.step()
        with FlopCounterMode(display=False) as counter:
            found = op_counter.count(program.step, steps)
    return found, counter.get_total_flops() / steps


def product(outputs, inputs, columns=B):
    return 2 * outputs * inputs * columns


def learning(layers, columns=B):
    """The products of the gradients of layers (outputs, inputs), and down to the first's input."""
    return sum(product(*layer, columns) * (1 + (n > 0)) for n, layer in enumerate(layers))


def forward(layers, columns=B):
    return sum(product(*layer, columns) for layer in layers)


def m_layers(sg_layers, inputs=H, outputs=H):
    sizes = [inputs] + [M] * sg_layers + [outputs]
    return [(b, a) for a, b in itertools.pairwise(sizes)]


def needed(rule, sg_layers, hidden=3):
    """The FLOPs that an update of a fully connected network needs."""
    layers = [(H, PIXELS)] + [(H, H)] * (hidden - 1)
    total = forward(layers) + 2 * product(K, H)
    if rule == "no_bprop":
        return total
    total += product(K, H) + learning(layers)
    if sg_layers is not None:
        models = m_layers(sg_layers, H + (K if rule == "cdni" else 0))
        total += hidden * (forward(models) + learning(models))
    return total


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(("rule", "sg_layers"), FEED_FORWARD)
def test_a_fully_connected_step_has_the_products_it_needs(rule, sg_layers, replicas):
    found, torchs = counted(feed_forward(rule, sg_layers, replicas=replicas))
    assert found.flops == torchs == replicas * needed(rule, sg_layers)


def needed_beyond(rule, hidden=3):
    """The same of rules beyond the paper; `similar`: of how alike two examples of a batch are."""
    layers = [(H, PIXELS)] + [(H, H)] * (hidden - 1)
    local, top, head = 2 * forward(layers), 2 * product(K, H), hidden * 3 * product(K, H)
    similar = hidden * (3 * product(H, H) + 2 * product(B, H)) + product(B, K)
    return {
        "fa": needed("backprop", None, hidden),
        "dfa": local + top + hidden * product(H, K),
        "drtp": local + top + hidden * product(H, K),
        "local_pred": local + top + head,
        "local_sim": local + top + similar,
        "local_predsim": local + top + head + similar,
        "deep_supervision": needed("backprop", None, hidden) + head,
        "mono_forward": local + head,
        "forward_forward": 2 * local,
    }[rule]


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(
    "rule",
    [
        *("fa", "dfa", "drtp", "local_pred", "local_sim", "local_predsim"),
        *("deep_supervision", "mono_forward", "forward_forward"),
    ],
)
def test_a_step_beyond_the_paper_has_the_products_it_needs(rule, replicas):
    found, torchs = counted(feed_forward(rule, None, replicas=replicas, dropout=0.2))
    assert found.flops == torchs == replicas * needed_beyond(rule)


def convolution(outputs, inputs, side):
    return product(outputs, inputs * 9, B * side * side)


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(("rule", "sg_layers"), FEED_FORWARD)
def test_a_convolutional_step_has_the_products_it_needs(rule, sg_layers, replicas):
    found, torchs = counted(feed_forward(rule, sg_layers, "cnn", replicas))
    filters, sides = 4, (5, 3, 2)
    total = 2 * product(K, filters)  # one position is left
    for i, side in enumerate(sides):
        one = convolution(filters, filters if i else 2, side)
        total += one if rule == "no_bprop" else one * (3 if i else 2)
        if sg_layers is not None:
            for n, (o, a) in enumerate(m_layers(sg_layers, filters, filters)):
                more = K if rule == "cdni" and n == 0 else 0
                after = (side + 1) // 2
                total += convolution(o, a + more, after) * (3 if n else 2)
    total += 0 if rule == "no_bprop" else product(K, filters)
    assert found.flops == replicas * total
    if replicas == 1:  # torch counts each group's weights for all groups
        assert found.flops == torchs


@pytest.mark.parametrize("mask", [*itertools.product([False, True], repeat=4)])
@pytest.mark.parametrize("decoupled", ["update", "both"])
def test_what_is_busy_costs_nothing(decoupled, mask):
    changes = {"decoupled": decoupled, "p_update": 0.5}
    if decoupled == "both":
        changes |= {"si_layers": 1, "si_units": 5}
    program = feed_forward("dni", 2, **changes)
    images, labels = program.batches.take(program.batches.next())
    x = program.network.architecture.pack(images)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        found = op_counter.count(lambda: program.update(x, labels, [mask]))
    models, inputs, total = m_layers(2), [(5, PIXELS), (H, 5)], 0
    for i in range(3):
        layer, active, above = (H, H if i else PIXELS), mask[i], mask[i + 1]
        total += product(*layer) * (decoupled == "update" or active)
        total += product(*layer) * (1 + (i > 0)) * active  # the second is M's target, below
        total += forward(models) * (active or above) + learning(models) * above
        if decoupled == "both":
            total += forward(inputs) * (active or above) + learning(inputs) * active
    total += 3 * product(K, H) * mask[3]
    assert found.flops == counter.get_total_flops() == total


def needed_unroll(program, rule):
    """The FLOPs that an update of an LSTM needs."""
    T, stream = program.T, program.stream
    features, columns = 1 + stream.symbols + H, T * B
    core, back, readout = product(4 * H, features), product(H, 4 * H), (stream.classes, H)
    models = m_layers(program.cells[0].sg_layers or 0, H, 2 * H)
    total = T * 2 * core + 3 * product(*readout, columns)
    if rule == "bptt":
        return total + (T - 1) * back
    total += 2 * T * back + 2 * forward(models) + learning(models)
    if rule == "dni_aux":
        total += forward(models, columns) + 3 * product(2 * H, H, columns)
        total += T * core + (T - 1) * back
    return total


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("rule", ["bptt", "dni", "dni_aux"])
def test_an_unroll_has_the_products_it_needs(rule, replicas):
    program = recurrent(rule, replicas)
    found, torchs = counted(program)
    assert found.flops == torchs == replicas * needed_unroll(program, rule)


def needed_cycle(program, rule):
    """The FLOPs that a cycle of two networks needs; its LSTMs begin at states of no gradient."""
    T, square = program.network.T, product(H, H)
    gates = 4 * square
    step = 2 * product(H, program.streams.pixels) + 3 * square + 3 * gates + 2 * gates
    starts = 1 if rule == "end_to_end" else T
    a = T * T * (step + gates) - starts * gates
    a += T * 3 * product(T + 1, H) + T * (1 if rule == "no_feedback" else 3) * square
    b = T * 2 * gates * 3 - gates - (T * gates if rule == "no_feedback" else 0)
    b += 3 * product(T * T + 1, H)
    if rule != "dni":
        return a + b
    models = m_layers(program.cells[0].sg_layers)
    # M runs twice on a message, with the same weights: first to say, then to learn.
    return a + b + T * (2 * forward(models) + learning(models))


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("rule", ["end_to_end", "no_feedback", "dni"])
def test_a_cycle_of_two_networks_has_the_products_it_needs(rule, replicas):
    program = pair(rule, replicas)
    found, torchs = counted(program)
    assert found.flops == torchs == replicas * needed_cycle(program, rule)


def test_with_coins_the_cost_is_the_mean_over_steps():
    changes = {"decoupled": "update", "p_update": 0.5}
    one, other = (feed_forward("dni", 1, **changes) for _ in range(2))
    found, torchs = counted(one, steps=20)
    with torch.no_grad():
        for _ in range(2):
            other.step()
        singles = [op_counter.count(other.step) for _ in range(20)]
    assert found.flops == torchs == sum(single.flops for single in singles) / 20
    assert found.bytes == sum(single.bytes for single in singles) / 20
    assert len({single.flops for single in singles}) > 2
    assert len(found.steps) == 20


def test_adam_reads_and_writes_what_is_trained():
    for rule, trained in (("backprop", "all"), ("no_bprop", "classifier")):
        program = feed_forward(rule, None)
        weights = program.network.weights
        count = weights.flat.shape[1]
        if trained == "classifier":
            count = weights.spans["classifier.bias"][1] - weights.spans["classifier.weight"][0]
        assert counted(program)[0].adam_bytes == 7 * 8 * count


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        (lambda x, i: x + 1, 2 * 48),
        (lambda x, i: x.add_(1), 2 * 48),
        (lambda x, i: x.zero_(), 48),
        (lambda x, i: x[:1].copy_(x[1:2]), 2 * 16),
        (lambda x, i: x.mT, 0),
        (lambda x, i: torch.empty(5), 0),
        (lambda x, i: torch.zeros(5), 20),
        (lambda x, i: x @ x.mT, 2 * 48 + 36),
        (lambda x, i: torch.mm(x, x.mT, out=torch.empty(3, 3)), 2 * 48 + 36),
        (lambda x, i: x.index_select(0, i), 16 + 2 * 32),
        (lambda x, i: x.scatter_(1, i[:, None], 1.0), 16 + 8),
        (lambda x, i: x + torch.ones(()).expand(3, 4), 4 + 4 + 2 * 48),
        (lambda x, i: x.sum(), 48 + 4),
    ],
)
def test_bytes_of_an_operation(do, expected):
    x, index = torch.ones(3, 4), torch.tensor([0, 2])
    assert op_counter.count(lambda: do(x, index)).bytes == expected


def test_the_peak_is_of_what_is_held_at_a_time():
    x = torch.ones(1000)

    def step():
        for _ in range(5):  # each is let go before the next but one is made
            y = x + 1
        return y

    assert op_counter.count(step).peak_bytes == 2 * 4000
    assert op_counter.count(lambda: x.add_(1)).peak_bytes <= 4000


def test_what_a_program_keeps_is_counted_once():
    class Program:
        def __init__(self):
            self.flat = torch.zeros(100)
            self.views = {"a": self.flat[:10], "b": [self.flat[10:]]}
            self.moments = torch.zeros(50, dtype=torch.float64)
            self.step = lambda: None

    assert op_counter.resident(Program()) == 400 + 400
    program = program_of(tiny_cell("backprop"))
    least = 4 * program.network.weights.flat.numel() * 8  # weights, gradients, moments
    images = 2 * 60 * PIXELS
    assert least + images < op_counter.resident(program) < least + images + 60_000


def test_products_are_counted_where_autograd_is_off():
    """There `@` comes as one operation, and not as what it is made of."""
    a = torch.rand(2, 5, 3)
    with torch.inference_mode():
        found = op_counter.count(lambda: a.mT @ a)
        functional = op_counter.count(lambda: torch.nn.functional.linear(a[0], a[1]))
    assert found.flops == 2 * 2 * 3 * 5 * 3
    assert [call.operation for call in found.steps[0]] == [torch.ops.aten.bmm]
    assert functional.flops == 2 * 5 * 3 * 5
