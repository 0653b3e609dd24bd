"""The fields of valid cells, a dictionary a kind of cell, and the range of some fields."""

from hypothesis import strategies as st

DNI = {
    "dataset": "mnist",
    "network": "fcn",
    "depth": 4,
    "rule": "dni",
    "sg_layers": 2,
    "seed": 0,
    "split": "test",
    "iterations": 1000,
    "batch_size": 256,
    "learning_rate": 1e-3,
    "drops": [0.6, 0.8],
    "drop_factor": 0.1,
    "evaluate_every": 200,
    "hidden_units": 256,
    "filters": None,
    "kernel_size": None,
    "sg_units": 1024,
    "sg_scale": 32.0,
    "precision": "float32",
}
BACKPROP = {**DNI, "rule": "backprop", "sg_layers": None, "sg_units": None, "sg_scale": None}
CNN = {**BACKPROP, "network": "cnn", "hidden_units": None, "filters": 8, "kernel_size": 3}
LSTM = {**DNI, "network": "lstm", "depth": None, "T": 4, "hidden_units": 32, "sg_factor": 0.1}
EPISODES = {"dataset": "copy", "split": None, "solve_bits": 0.15, "solve_window": 100}
COPY = {**LSTM, **EPISODES}
AUX = {**COPY, "rule": "dni_aux", "aux_weight": 1.0}
NO_MODEL = dict.fromkeys(("sg_layers", "sg_units", "sg_scale", "sg_factor"))
BPTT = {**COPY, "rule": "bptt", **NO_MODEL}
PTB = {**LSTM, "dataset": "ptb", "patience": 1}
UPDATE = {**DNI, "decoupled": "update", "p_update": 0.5}
BOTH = {**DNI, "decoupled": "both", "p_update": 0.5, "si_layers": 1, "si_units": 8}
CNN_UPDATE = {
    **UPDATE,
    "network": "cnn",
    "hidden_units": None,
    "filters": 8,
    "kernel_size": 3,
    "sg_units": 8,
}
LOCKED = {**BACKPROP, "stages": 2, "schedule": "locked", "delay": 3.0, "straggler": 1.0}
UNLOCKED = {**DNI, "stages": 2, "schedule": "unlocked", "delay": 3.0, "straggler": 1.0}
NO_INPUTS = {**UNLOCKED, "schedule": "completely_unlocked", "si_layers": 1, "si_units": 8}
FORWARD = {**BACKPROP, "rule": "forward_forward"}
MIXED = {**DNI, "rule": "bp_lambda", "bp_lambda": 0.25}

NUMBERS = {
    "depth": st.integers(2, 1000),
    "sg_layers": st.integers(1, 8),
    "seed": st.integers(0, 2**53),
    "iterations": st.integers(1, 10**9),
    "batch_size": st.integers(2, 10**6),
    "learning_rate": st.floats(1e-12, 10),
    "drop_factor": st.floats(1e-6, 1),
    "sg_scale": st.floats(1e-6, 1e12),
    "drops": st.lists(st.floats(0, 1), max_size=4).map(sorted),
}
