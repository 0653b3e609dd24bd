"""Blueprints of recurrent layers: the running layers are made of them, and do as much."""

import torch
from sgbench.bench.nn import recurrent_blueprint as plans
from sgbench.bench.nn.batch_norm_lstm import BatchNormLSTM, Message
from sgbench.bench.nn.lstm import LSTM
from sgbench.bench.profiling import op_counter

STREAMS = 3


def bound(layer):
    plan = layer.blueprint
    weights = {name: torch.rand(1, *shape) for name, shape in plan.shapes.items()}
    grads = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    layer.bind(weights, grads, {n: torch.ones(1, *s) for n, s in plan.statistics.items()})
    return layer


def flops(step):
    with torch.no_grad():
        return op_counter.count(step).flops


def test_a_core():
    plan = plans.LSTMSpec(symbols=7, units=5)
    core = bound(LSTM(plan))
    tape, state = core.tape(2, STREAMS), torch.zeros(1, plan.state_size, STREAMS)
    codes = torch.zeros(1, 2, STREAMS, dtype=torch.int64)
    done = flops(lambda: core.forward(tape, codes, state))
    assert done == 2 * 2 * STREAMS * plan.multiplications((7,))
    assert tape.state(2).shape[1] == plan.state_size == 2 * plan.output((7,))[0]


def test_a_core_with_batch_norm():
    plan = plans.BatchNormLSTMSpec(units=5, steps=4)
    core, zero = bound(BatchNormLSTM(plan)), torch.zeros(1, 5, STREAMS)
    x = torch.rand(1, 5, STREAMS)
    done = flops(lambda: core.step(x, (zero, zero), 3, "train"))
    assert done == 2 * STREAMS * plan.multiplications((5,))
    assert set(plan.statistics.values()) == {(4, 20)}


def test_a_message():
    plan = plans.MessageSpec(units=5)
    layer, x = bound(Message(plan)), torch.rand(1, 5, STREAMS)
    assert flops(lambda: layer(x, "train")) == 2 * STREAMS * plan.multiplications((5,))
    assert layer(x, "train").shape[1:-1] == plan.output((5,))
