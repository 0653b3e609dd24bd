"""A made-up exhibit of populations over p_update."""

import dataclasses

from sgbench.reproductions.exhibits.exhibit import expand

P = [0.02, 0.04, 0.07, 0.1, 0.13, 0.17, 0.2, 0.25, 0.31, 0.36, 0.4, 0.46, 0.53, 0.6, 0.66]
P += [0.73, 0.79, 0.85, 0.91, 0.96, 1]


EXHIBIT = f"""
title = "Figures 5 and 6"
source = "made up"

[protocol]
split = "test"
depth = 4
batch_size = 256
drops = [0.6, 0.8]
drop_factor = 0.1
precision = "float32"
hidden_units = 256
sg_layers = 1
sg_units = 1024
si_layers = 1
si_units = 1024
evaluate_at = [0.01, 0.05, 0.5]

[[grid]]
network = ["fcn"]
rule = ["dni", "cdni"]
decoupled = ["update", "both"]
p_update = {P}

[scales.demo]
description = "digits"
seeds = 2
axes = {{ dataset = ["digits"], p_update = [0.05, 0.2, 0.5, 1] }}
protocol = {{ iterations = 400, learning_rate = 3e-3, evaluate_every = 50 }}

[scales.quick]
description = "short"
seeds = 1
axes = {{ dataset = ["mnist"] }}
protocol = {{ iterations = 1000, learning_rate = 1e-3, evaluate_every = 100 }}

[scales.paper]
description = "the paper's"
seeds = 2
axes = {{ dataset = ["mnist"] }}
protocol = {{ iterations = 500_000, learning_rate = 3e-5, evaluate_every = 5000 }}

[[fixed]]
dataset = "mnist"
network = "fcn"
grade = "R"
sg_layers = {{ dni = 1, cdni = 1 }}

[[fixed]]
dataset = "digits"
network = "fcn"
grade = "O"
sg_layers = {{ dni = 1, cdni = 1 }}

[margins.mnist]
points = 0.3

[layout]
rows = ["p_update"]
columns = ["decoupled", "rule"]

[labels]
network = {{ fcn = "FCN" }}
decoupled = {{ update = "update decoupled", both = "forwards and update decoupled" }}

[[medians]]
grade = "F"
dataset = "mnist"
network = "fcn"
rule = "dni"
decoupled = "update"
edges = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
rows = [
  [1.0, 3.8, 2.9, 2.5, 2.3, 2.2, 2.15, 2.2, 2.2],
  [0.5, nan, 3.9, 3.2, 3.1, 3.0, 3.2, 3.0, 3.1],
]

[[medians]]
grade = "F"
dataset = "mnist"
network = "fcn"
rule = "cdni"
decoupled = "both"
edges = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
rows = [
  [1.0, 2.1, 2.1, 2.2, 2.2, 2.2, 2.2, 2.3, 2.4],
  [0.01, nan, nan, 4.9, 4.2, 3.9, 3.4, 3.1, 2.9],
]

[[claims]]
name = "trains-at-a-fifth"
text = "at p_update = 0.2 the error is at most that of p_update = 1 plus the margin"
source = "text"
kind = "below"
each = ["dataset", "decoupled", "rule"]
left = {{ p_update = 0.2 }}
right = {{ p_update = 1 }}
margin = {{ mnist = 0.5 }}

[[claims]]
name = "unlocked-reaches"
text = "completely unlocked cDNI reaches about 2 %"
source = "text"
kind = "reaches"
each = ["dataset"]
where = {{ rule = "cdni", decoupled = "both" }}
left = {{ p_update = 0.2 }}
level = {{ mnist = 2.5 }}

[[figures]]
name = "population"
kind = "population"
title = "Test error by p_update"
source = "Figures 5 and 6"
x = "p_update"
y = "error"
panels = "rule"
lines = "iteration"

[[figures]]
name = "updates"
kind = "curves"
title = "Test error against the updates of a layer"
source = "not in the paper"
x = "updates"
y = "error"
panels = "rule"
lines = "p_update"

[[figures]]
name = "seconds"
kind = "curves"
title = "Test error against the time of training"
source = "not in the paper"
x = "seconds"
y = "error"
panels = "rule"
lines = "p_update"
"""


def population(make, exhibit, scale, keep=lambda cell: True):
    return [make.network(cell, scale=scale) for cell in expand(exhibit, scale) if keep(cell)]


UPDATE, BOTH = "update decoupled", "forwards and update decoupled"


def first_half(record):
    """The record as a run that paused in the middle of its schedule leaves it."""
    half = record.iterations // 2
    curve = [point for point in record.curve if point["iteration"] <= half]
    return dataclasses.replace(
        record, status="partial", test_error=None, iterations_done=half, curve=curve
    )
