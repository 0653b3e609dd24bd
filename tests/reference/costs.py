"""Tiny programs of every kind, whose products can be counted by hand."""

import dataclasses

from reference.programs import CPU, random_data, tiny_cell
from sgbench.bench.datasets import load
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.families.pair.program import PairProgram
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.reproductions.exhibits import exhibit

B, PIXELS, K = 9, 2 * 5 * 5, 10
H, M = 6, 7  # units of a layer, of M


def feed_forward(rule, sg_layers, network="fcn", replicas=1, **changes):
    """A warm program of tiny feed-forward cells."""
    if sg_layers is not None:
        changes |= {"sg_units": M if sg_layers else None, "sg_scale": 3.0}
    if rule == "bp_lambda":
        changes |= {"bp_lambda": 0.5}
    cell = tiny_cell("dni" if rule == "bp_lambda" else rule, network, sg_layers=sg_layers or 0)
    cell = cell.replace(rule=rule, sg_layers=sg_layers, **changes)
    cells = [dataclasses.replace(cell, seed=seed) for seed in range(replicas)]
    return FeedForwardProgram(cells, random_data(), CPU)


def recurrent(rule, replicas=1, **changes):
    """A program of tiny LSTMs on Copy, T = 3."""
    sizes = {"hidden_units": H, "batch_size": B, "precision": "float32", **changes}
    sizes |= {} if rule == "bptt" else {"sg_units": M}
    cells = exhibit.expand(exhibit.load("table2"), "demo", sizes, seeds=replicas)
    some = [c for c in cells if (c.dataset, c.rule) == ("copy", rule)][:replicas]
    return RecurrentProgram([dataclasses.replace(c, T=3) for c in some], load("copy"), CPU)


def pair(rule, replicas=1):
    """A program of two tiny networks, T = 3."""
    sizes = {"hidden_units": H, "batch_size": B} | ({"sg_units": M} if rule == "dni" else {})
    cells = exhibit.expand(exhibit.load("two_networks"), "demo", sizes, seeds=replicas)
    some = [c for c in cells if c.rule == rule][:replicas]
    return PairProgram([dataclasses.replace(c, T=3) for c in some], random_data(), CPU)
