"""Generators: a seed and a purpose give one stream, on every machine."""

import torch
from sgbench.bench.nn.seeding import Sources, generator


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


def test_replicas_of_a_seed_see_the_same_and_it_is_drawn_once():
    calls = []

    def one(source):
        calls.append(source)
        return torch.rand(5, generator=source)

    sources = Sources([3, 1, 3, 3], "order")
    for _ in range(2):
        drawn = sources.draw(one)
    assert len(calls) == 4
    alone = [Sources([seed], "order") for seed in (3, 1, 3, 3)]
    wanted = [[source.draw(one) for _ in range(2)][1][0] for source in alone]
    assert torch.equal(drawn, torch.stack(wanted))


def test_sources_go_on_where_their_state_was_taken_in_another_order_too():
    sources = Sources([3, 1, 3], "order")
    sources.draw(lambda source: torch.rand(4, generator=source))
    state = sources.state()
    after = sources.draw(lambda source: torch.rand(4, generator=source))
    other = Sources([1, 3], "order")
    other.restore(state[[1, 2]])
    found = other.draw(lambda source: torch.rand(4, generator=source))
    assert torch.equal(found, after[[1, 2]])
