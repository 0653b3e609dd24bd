"""The text of a small exhibit, what may be added to it, and what makes a place of a cell."""

SMALL = """
title = "A small exhibit"
source = "nowhere"

[protocol]
split = "test"
precision = "float32"
batch_size = 8
iterations = 10
learning_rate = 3e-4
drops = []
drop_factor = 1
evaluate_every = 5

[[overrides]]
when = { network = "fcn" }
protocol = { hidden_units = 4 }

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3, 4]
rule = ["backprop"]

[scales.demo]
description = "tiny"
seeds = 2
"""
OWN = """
[scales.quick]
description = "its own grid"
seeds = 1

[[scales.quick.grid]]
dataset = ["mnist", "digits"]
network = ["fcn"]
depth = [5]
rule = ["backprop", "no_bprop"]
"""
ABOVE = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "above"
each = ["dataset", "T"]
left = { rule = "dni" }
right = { rule = "bptt" }
factor = 2.5
margin = { copy = 1, ptb = 0.01 }
datasets = ["copy", "ptb"]
"""


def place(values):
    names = ("dataset", "network", "depth", "T", "rule", "sg_layers")
    return {name: values[name] for name in names}
