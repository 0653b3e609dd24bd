"""The engine: how long operations take, which messages are read, and what is recorded."""

import itertools

from sgbench.bench.pipeline.simulation.engine import (
    COMMUNICATING,
    MODEL,
    UPDATE,
    WAITING,
    AllReduce,
    Channel,
    Compute,
    Engine,
    Poll,
    Receive,
    Send,
    Span,
    Wait,
)


def work(batch, seconds, age=None):
    return Compute(UPDATE, batch, seconds, age)


def sender(batches, gap):
    """Send a message every `gap` seconds, then rest."""
    for batch in range(batches):
        yield work(batch, gap)
        yield Send(1, batch)
    while True:
        yield work(-1, 1000.0)


def run(programs, channels, until):
    """Run until a time; return the engine."""
    engine = Engine(programs, channels)
    engine.recording = True
    for _ in engine.updates():
        if engine.now >= until:
            break
    engine.close()
    return engine


def receiver(received, engine_of, *, first=0.0, each=0.0, poll=False):
    """Note what is received and when."""
    yield work(-1, first)
    for number in itertools.count():
        got = yield Poll(0) if poll else Receive(0, number)
        received.append((got, engine_of().now))
        yield work(number, each)


def exchange(channel, until=100.0, batches=3, gap=1.0, **how):
    received, engines = [], []
    programs = [sender(batches, gap), receiver(received, lambda: engines[0], **how)]
    engines.append(Engine(programs, {(0, 1): channel}))
    engines[0].recording = True
    for _ in engines[0].updates():
        if engines[0].now >= until:
            break
    engines[0].close()
    return received, engines[0]


def test_a_message_takes_its_transfer_and_the_delay():
    received, _ = exchange(Channel(transfer=0.25, delay=5.0))
    assert received == [(0, 6.25), (1, 7.25), (2, 8.25)]


def test_handling_keeps_both_ends_busy():
    received, engine = exchange(Channel(transfer=0.25, sending=0.5, reading=0.5))
    # the sender's second batch is done half a second later than without
    assert received == [(0, 2.25), (1, 3.75), (2, 5.25)]
    assert engine.spans[0][:3] == [
        Span(0, UPDATE, 0, 0.0, 1.0),
        Span(0, COMMUNICATING, 0, 1.0, 1.5),
        Span(0, UPDATE, 1, 1.5, 2.5),
    ]
    assert engine.spans[1][:2] == [
        Span(1, WAITING, 0, 0.0, 1.75),
        Span(1, COMMUNICATING, 0, 1.75, 2.25),
    ]


def test_a_message_that_has_arrived_is_read_at_once():
    received, _ = exchange(Channel(transfer=0.25, delay=2.0), first=10.0)
    assert received == [(0, 10.0), (1, 10.0), (2, 10.0)]


def test_a_full_inbox_drops_the_oldest():
    received, engine = exchange(Channel(transfer=0.0, limit=2), batches=5, first=10.0)
    assert [batch for batch, _ in received] == [3, 4]
    assert engine.dropped() == [0, 3]


def test_without_a_limit_nothing_is_dropped():
    received, engine = exchange(Channel(transfer=0.0), batches=5, first=10.0)
    assert [batch for batch, _ in received] == [0, 1, 2, 3, 4]
    assert engine.dropped() == [0, 0]


def test_who_polls_does_not_wait():
    how = {"each": 0.75, "poll": True}
    received, engine = exchange(Channel(transfer=0.0), until=3.0, batches=2, **how)
    assert received[:4] == [(None, 0.0), (None, 0.75), (0, 1.5), (1, 2.25)]
    assert {span.kind for span in engine.spans[1]} == {UPDATE}


def test_either_of_two_neighbours_ends_a_wait_and_what_is_there_needs_none():
    received, engines = [], []

    def between():
        while True:
            yield Wait((0, 2), 7)
            for source in (0, 2):
                got = yield Poll(source)
                received.append((source, got, engines[0].now))

    programs = [sender(2, 1.0), between(), sender(1, 1.5)]
    channels = {(0, 1): Channel(transfer=0.0), (2, 1): Channel(transfer=0.0, reading=1.0)}
    engines.append(Engine(programs, channels))
    engines[0].recording = True
    for _ in engines[0].updates():
        if engines[0].now >= 5.0:
            break
    engines[0].close()
    there = [one for one in received if one[1] is not None]
    assert there == [(0, 0, 1.0), (2, 0, 2.5), (0, 1, 2.5)]
    assert engines[0].spans[1] == [
        *(Span(1, WAITING, 7, 0.0, 1.0), Span(1, WAITING, 7, 1.0, 1.5)),
        *(Span(1, COMMUNICATING, 0, 1.5, 2.5), Span(1, WAITING, 7, 2.5, engines[0].now)),
    ]


def test_an_all_reduce_starts_with_the_last_one():
    def program(seconds):
        yield work(0, seconds)
        yield AllReduce(1, 0.5)
        while True:
            yield work(1, 1.0)

    engine = run([program(1.0), program(3.0), program(2.0)], {}, 4.0)
    waits = [[span for span in spans if span.kind == WAITING] for spans in engine.spans]
    assert waits == [
        [Span(0, WAITING, 1, 1.0, 3.5)],
        [Span(1, WAITING, 1, 3.0, 3.5)],
        [Span(2, WAITING, 1, 2.0, 3.5)],
    ]
    starts = [[span.start for span in spans if span.kind == UPDATE] for spans in engine.spans]
    assert [one[1] for one in starts] == [3.5] * 3


def test_updates_are_told_one_by_one_and_ages_kept():
    def program():
        yield Compute(MODEL, 0, 1.0, 7)
        yield work(0, 1.0)
        yield Compute(MODEL, 1, 1.0)
        yield work(1, 1.0)
        while True:
            yield work(2, 1000.0)

    engine = Engine([program()], {})
    told = [(stage, engine.now) for stage in itertools.islice(engine.updates(), 2)]
    assert told == [(0, 2.0), (0, 4.0)]
    assert engine.ages == [[7]]


def test_a_stage_that_waits_at_the_end_is_shown_as_waiting():
    _, engine = exchange(Channel(transfer=0.0), until=500.0, batches=1)
    assert engine.spans[1] == [
        Span(1, WAITING, 0, 0.0, 1.0),
        Span(1, WAITING, 1, 1.0, engine.now),
    ]


def test_before_recording_only_the_latest_span_is_kept():
    def program():
        for batch in itertools.count():
            yield work(batch, 1.0)

    engine = Engine([program()], {})
    for _ in engine.updates():
        assert len(engine.spans[0]) == 1
        if engine.now >= 10.0:
            break


def test_what_arrives_as_a_stage_polls_is_read():
    received, _ = exchange(Channel(transfer=1.0), until=8.0, batches=1, each=2.0, poll=True)
    assert received[:2] == [(None, 0.0), (0, 2.0)]


def computing(*batches):
    """A program that computes, a second each, and then waits for ever."""
    for batch in batches:
        yield Compute(UPDATE, batch, 1.0)
    yield Receive(0, -1)


def test_stages_that_compute_at_the_same_time_slow_one_another():
    """Alone 1 s, all three together 2 s, two of them 1.5 s."""
    programs = [computing(0), computing(0, 1), computing(0, 1, 2)]
    channels = {(0, n): Channel(transfer=0.0) for n in range(3)}
    engine = Engine(programs, channels, together=2.0)
    engine.recording = True
    ends = [(stage, engine.now) for stage in engine.updates()]
    assert ends == [(0, 2.0), (1, 2.0), (2, 2.0), (1, 3.5), (2, 3.5), (2, 4.5)]
    assert [span.end - span.start for span in engine.spans[2]] == [2.0, 1.5, 1.0]


def test_a_stage_that_starts_later_slows_what_has_begun():
    def late():
        yield Receive(0, 0)
        yield Compute(UPDATE, 0, 1.0)
        yield Receive(0, -1)

    def early():
        yield Compute(UPDATE, 0, 1.0)
        yield Send(1, 0)
        yield Compute(UPDATE, 1, 1.0)
        yield Receive(1, -1)

    channels = {way: Channel(transfer=0.25) for way in ((0, 1), (1, 0))}
    engine = Engine([early(), late()], channels, together=2.0)
    # from 1.25 s on both compute: 0.75 s of the first are left, and take 1.5
    assert [(stage, engine.now) for stage in engine.updates()] == [(0, 1.0), (0, 2.75), (1, 3.0)]
