"""Generators: a seed and a purpose give one stream, on every machine."""

import torch
from sgbench.bench.nn.seeding import generator


def drawn(seed, purpose):
    return torch.rand(8, generator=generator(seed, purpose)).tolist()


def test_a_stream_depends_on_seed_and_purpose_alone():
    assert drawn(0, "order") == drawn(0, "order")
    assert drawn(0, "order") != drawn(1, "order")
    assert drawn(0, "order") != drawn(0, "probe")
    assert drawn(2**53, "order") != drawn(0, "order")


def test_the_seeds_are_those_of_stored_records():
    """A change here makes every published record one of another stream."""
    assert generator(0, "order").initial_seed() == 5231958647509549229
    assert generator(7, "weights/hidden0.weight").initial_seed() == 6429019629672337066
