"""What a recurrent program reads: the same for a seed, whatever reads it and however it is cut."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.sequences import tiny_recurrent
from sgbench.bench.datasets import Text, load
from sgbench.bench.errors import UsageError
from sgbench.bench.families.recurrent.streams import EpisodeStream, TextStream

CPU = torch.device("cpu")
BLANK, STOP = 2, 3
TASKS = ["copy", "repeat_copy"]


def counting_text(characters=30):
    """A text in which a character tells its place."""
    codes = np.arange(characters, dtype=np.uint8)
    return Text(train=codes, valid=codes, test=codes, alphabet="".join(map(chr, codes + 48)))


def stream_of(*seeds, dataset="copy", streams=6, level=0):
    cells = [tiny_recurrent("bptt", dataset=dataset, seed=s, batch_size=streams) for s in seeds]
    stream = EpisodeStream(cells, load(dataset), CPU)
    for replica in range(len(seeds)):
        for _ in range(level):
            stream.raise_level(replica)
    return stream


def text_stream(*seeds, streams=6, text=None):
    fields = {"dataset": "descriptions", "batch_size": streams}
    cells = [tiny_recurrent("bptt", seed=seed, **fields) for seed in seeds]
    return TextStream(cells, text or counting_text(), CPU)


def read(stream, steps, piece=None, streams=6):
    """Advance by `steps`, `piece` at a time; codes and targets [R, steps, streams] as arrays."""
    found = []
    for _ in range(steps // (piece or steps)):
        found.append(stream.peek(piece or steps, streams))
        stream.advance(piece or steps)
    return [torch.cat(parts, 1).numpy() for parts in zip(*found, strict=True)]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


MAKERS = [
    lambda *seeds: stream_of(*seeds, level=3),
    lambda *seeds: stream_of(*seeds, dataset="repeat_copy", level=2),
    text_stream,
]
each_kind = pytest.mark.parametrize("make", MAKERS, ids=["copy", "repeat_copy", "text"])


@each_kind
@pytest.mark.parametrize("piece", [1, 2, 3, 8])
def test_the_same_steps_come_however_long_an_unroll_is(make, piece):
    whole = read(make(3), 96)
    assert same(read(make(3), 96, piece), whole)
    assert len(np.unique(whole[0])) > 2


@each_kind
def test_a_look_ahead_moves_nothing_and_may_be_of_some_streams(make):
    stream, other = make(3), make(3)
    stream.advance(10)
    other.advance(10)
    codes, targets = stream.peek(64, 2)
    for _ in range(3):
        stream.peek(64, 2)
    whole = read(stream, 64)
    assert same(whole, read(other, 64))
    assert same([codes.numpy(), targets.numpy()], [part[:, :, :2] for part in whole])


@each_kind
def test_a_seed_reads_the_same_whoever_shares_the_program(make):
    together = read(make(3, 8), 60)
    for replica, seed in enumerate((3, 8)):
        alone = read(make(seed), 60)
        assert same(alone, [part[replica : replica + 1] for part in together])
    assert not np.array_equal(together[0][0], together[0][1])


@each_kind
@settings(max_examples=20, deadline=None)
@given(before=st.integers(0, 40), replicas=st.integers(1, 2))
def test_a_stream_goes_on_in_the_middle(make, before, replicas):
    stream, resumed = make(*range(replicas)), make(*range(replicas))
    stream.advance(before)
    resumed.restore(stream.state())
    assert same(read(stream, 40), read(resumed, 40))


@pytest.mark.parametrize("dataset", TASKS)
def test_a_level_goes_on_from_where_it_was_in_another_process(dataset):
    """Levels and their beginnings are restored too, each replica's own."""
    stream = stream_of(0, 1, dataset=dataset)
    stream.advance(17)
    stream.raise_level(1)
    stream.advance(5)
    stream.raise_level(1)
    stream.raise_level(0)
    stream.advance(3)
    resumed = stream_of(0, 1, dataset=dataset)
    resumed.restore(stream.state())
    assert same(read(stream, 50), read(resumed, 50))


def test_a_saved_state_does_not_move_with_the_stream():
    stream = stream_of(0)
    state = stream.state()
    stream.advance(5)
    stream.raise_level(0)
    assert state == {"time": 0, "level": [0], "began": [0]}


# --- episodes


@pytest.mark.parametrize(("dataset", "level"), [("copy", 0), ("copy", 4), ("repeat_copy", 3)])
def test_what_is_read_is_what_is_wanted_later(dataset, level):
    """Every episode of every stream: its symbols, the announcement, and then them as targets."""
    streams, stream = 5, stream_of(1, dataset=dataset, streams=5, level=level)
    task = load(dataset).levels[level]
    length, n = len(task.source), task.copied
    (codes,), (targets,) = read(stream, 6 * length, streams=streams)
    seen = []
    for place in range(streams):
        delay = place * length // streams
        assert (codes[:delay, place] == BLANK).all()
        assert (targets[:delay, place] == -1).all()
        for start in range(delay, 5 * length + 1, length):
            episode = codes[start : start + length, place]
            wanted = targets[start : start + length, place]
            symbols = episode[:n]
            assert set(symbols) <= {0, 1}
            answers = n * task.repeats
            assert (episode[-answers:] == BLANK).all()
            assert episode[-answers - 1] == STOP
            assert (wanted[:-answers] == -1).all()
            assert np.array_equal(wanted[-answers:], np.tile(symbols, task.repeats))
            seen.append(tuple(symbols))
    assert len(set(seen)) > 1  # each is drawn anew


def test_copy_wants_the_symbol_read_one_more_than_n_steps_before():
    level = 5
    n = load("copy").levels[level].copied
    (codes,), (targets,) = read(stream_of(2, level=level), 120)
    for step, place in np.argwhere(targets >= 0):
        assert targets[step, place] == codes[step - n - 1, place]
    counted = (targets[3 * n :] >= 0).mean()
    assert counted == pytest.approx(n / (2 * n + 1), abs=0.02)


def test_repeat_copy_announces_how_often():
    for level in (0, 3, 5):
        stream = stream_of(0, dataset="repeat_copy", level=level)
        (codes,), _ = read(stream, 90)
        announced = {int(code) for code in codes.flat if code > STOP}
        assert announced == {STOP + load("repeat_copy").levels[level].repeats}


def test_symbols_are_drawn_evenly_and_count_as_often_as_the_level_says():
    n, streams = 4, 64
    (codes,), (targets,) = read(stream_of(0, streams=streams, level=n - 1), 900, streams=streams)
    classes = np.bincount(targets[targets >= 0])
    assert classes.sum() == pytest.approx(900 * streams * n / (2 * n + 1), rel=0.01)
    assert classes[0] / classes.sum() == pytest.approx(0.5, abs=0.01)
    symbols = codes[codes < BLANK]
    assert (symbols == 0).mean() == pytest.approx(0.5, abs=0.01)
    for other in (1, 2, 3):  # nor does a stream tell of its neighbour
        both = (targets >= 0) & (np.roll(targets, other, axis=1) >= 0)
        equal = (targets == np.roll(targets, other, axis=1))[both]
        assert equal.mean() == pytest.approx(0.5, abs=0.03)


def test_streams_are_at_all_places_of_an_episode_at_any_step():
    n, streams = 4, 9
    stream = stream_of(0, streams=streams, level=n - 1)
    length = len(load("copy").levels[n - 1].source)
    (codes,), (targets,) = read(stream, 5 * length, streams=streams)
    assert length == streams
    for step in range(2 * length, 5 * length):
        assert (codes[step] == STOP).sum() == 1
        assert (targets[step] >= 0).sum() == n


def test_a_raised_level_begins_anew_with_the_same_delays():
    stream = stream_of(0, 1)
    stream.advance(23)
    assert stream.raise_level(1)
    raised = read(stream, 60)
    fresh = read(stream_of(1, level=1), 60)
    unraised = stream_of(0)
    unraised.advance(23)
    stayed = read(unraised, 60)
    assert same([part[1:] for part in raised], fresh)
    assert same([part[:1] for part in raised], stayed)


def test_levels_have_symbols_of_their_own():
    """A level is no repetition of what was read at the level before."""
    first, second = (read(stream_of(0, streams=64, level=n), 60, streams=64)[0] for n in (6, 7))
    shared = (first < BLANK) & (second < BLANK)
    assert (first == second)[shared].mean() == pytest.approx(0.5, abs=0.05)


def test_there_is_no_level_above_the_last():
    stream, levels = stream_of(0), len(load("copy").levels)
    assert [stream.raise_level(0) for _ in range(levels)] == [True] * (levels - 1) + [False]
    whole = read(stream, 20)
    assert same(whole, read(stream_of(0, level=levels - 1), 20))


# --- texts


@pytest.mark.parametrize("characters", [30, 32])  # one that the streams divide, and one not
def test_a_text_is_read_whole_and_over_again(characters):
    streams, text = 6, counting_text(characters)
    (codes,), (targets,) = read(text_stream(4, streams=streams, text=text), 2 * characters)
    for place in range(streams):
        at = codes[0, 0] + place * (characters // streams) + np.arange(2 * characters)
        assert np.array_equal(codes[:, place], at % characters)
        assert np.array_equal(targets[:, place], (at + 1) % characters)


def test_seeds_begin_elsewhere():
    codes, _ = read(text_stream(0, 1, 2, text=load("descriptions")), 40)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(codes[one], codes[other])


def test_more_streams_than_characters_are_refused():
    text_stream(0, streams=30)
    with pytest.raises(UsageError, match="batch_size=31 is more than the 30 characters"):
        text_stream(0, streams=31)
