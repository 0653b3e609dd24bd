"""Links through shared memory: what arrives, when, and what of a neighbour that has gone."""

import contextlib
import os
import threading
import time

import pytest
import torch
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline.messages.links import DOWN, LAST, UP, LateError, LinkSpec, LostError
from sgbench.bench.pipeline.messages.shared_memory import SharedLink

SHAPE = (1, 3, 2)


@pytest.fixture
def pair(tmp_path):
    """Make the two links of neighbours; their pipes are closed at the end."""
    ends = []

    def make(slots=16, dtype=torch.float32, delay=0.0, limit=None, error=SHAPE):
        (up_read, up_write), (down_read, down_write) = os.pipe(), os.pipe()
        ends.extend([up_read, up_write, down_read, down_write])
        up = LinkSpec(1, UP, SHAPE, dtype, delay=delay, limit=limit, back=error)
        down = LinkSpec(0, DOWN, error, dtype, limit=limit, back=SHAPE)
        file = SharedLink.make(tmp_path, up, slots)
        low = SharedLink(up, file, (down_read, up_write), slots)
        high = SharedLink(down, file, (up_read, down_write), slots)
        return low, high

    yield make
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def filled(value, dtype=torch.float32):
    return torch.full(SHAPE, float(value), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_messages_go_both_ways_as_copies(pair, dtype):
    low, high = pair(dtype=dtype)
    sent = filled(3, dtype)
    low.send(2**40, sent)
    sent.zero_()
    high.send(5, filled(7, dtype))
    found = high.inbox.take(5)
    assert (found.batch, found.tensor.unique().tolist()) == (2**40, [3.0])
    assert low.inbox.take(5).tensor.unique().tolist() == [7.0]
    assert low.sent == 6 * dtype.itemsize
    assert low.inbox.poll() is None


def test_what_comes_back_may_have_another_shape_and_lies_apart(pair):
    low, high = pair(slots=4, error=(1, 2, 5))
    for batch in range(10):
        low.send(batch, filled(batch))
        high.send(batch, torch.full((1, 2, 5), -float(batch)))
        up, down = high.inbox.poll(), low.inbox.poll()
        assert (up.tensor.shape, up.tensor.unique().tolist()) == (SHAPE, [batch])
        assert (down.tensor.shape, down.tensor.unique().tolist()) == ((1, 2, 5), [-batch])
    assert (low.sent, high.sent) == (10 * 24, 10 * 40)


def test_many_messages_go_round_the_ring_in_order(pair):
    low, high = pair(slots=4)
    for batch in range(50):
        low.send(batch, filled(batch))
        if batch % 3 == 2:
            for expected in range(batch - 2, batch + 1):
                found = high.inbox.poll()
                assert (found.batch, found.tensor[0, 0, 0]) == (expected, expected)


def test_a_full_inbox_loses_its_oldest_messages_but_not_the_end(pair):
    low, high = pair(limit=2)
    for batch in range(6):
        low.send(batch, filled(batch))
    assert [high.inbox.poll().batch, high.inbox.poll().batch] == [4, 5]
    assert high.inbox.dropped == 4
    for batch in range(6, 9):
        low.send(batch, filled(batch))
    low.send(LAST, torch.empty(0))
    assert [high.inbox.poll().batch, high.inbox.poll().batch] == [7, 8]
    assert high.inbox.take(5) is None
    assert (high.inbox.closed, high.inbox.dropped) == (True, 5)
    assert high.inbox.poll() is None


def test_a_message_is_not_there_before_it_is_due_and_delays_overlap(pair):
    low, high = pair(delay=0.2, slots=32)
    start = time.perf_counter()
    for batch in range(20):
        low.send(batch, filled(batch))
    early = high.inbox.poll()
    assert early is None or time.perf_counter() - start >= 0.2
    left = 20 if early is None else 19
    assert [high.inbox.take(5).batch for _ in range(left)] == list(range(20 - left, 20))
    assert 0.2 <= time.perf_counter() - start < 2  # twenty in turn would be 4 s


def test_a_message_is_waited_for_so_long_and_no_longer(pair):
    low, high = pair()
    with pytest.raises(LateError):
        high.inbox.take(0.02)
    threading.Timer(0.05, low.send, [4, filled(4)]).start()
    assert high.inbox.take(5).batch == 4


def test_links_end_together(pair):
    low, high = pair(delay=0.02)
    low.send(0, filled(0))
    other = threading.Thread(target=high.end, args=(5,))
    other.start()
    low.end(5)
    other.join(5)
    assert not other.is_alive()
    assert low.inbox.closed
    assert high.inbox.closed  # and what it had not read is gone


def test_the_end_of_a_neighbour_is_waited_for(pair):
    low, _ = pair()
    with pytest.raises(LateError):
        low.end(0.02)


def test_a_neighbour_that_has_gone_is_noticed_when_all_is_read(pair):
    low, high = pair()
    low.send(0, filled(0))
    os.close(low._wake)
    assert high.inbox.take(5).batch == 0
    with pytest.raises(LostError):
        high.inbox.take(5)
    with pytest.raises(LostError):
        high.inbox.poll()


def test_a_reader_that_was_overtaken_goes_on_with_what_is_left(pair):
    low, high = pair(slots=8, delay=0.05, limit=2)
    for batch in range(30):
        low.send(batch, filled(batch))
    found = [high.inbox.take(5) for _ in range(2)]
    assert all(one.tensor[0, 0, 0] == one.batch for one in found)
    assert found[0].batch >= 23
    assert high.inbox.dropped >= 23


def test_memory_that_is_not_there_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    def full(handle, start, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(UsageError, match=r"has no room for 2 MiB of messages \(No space"):
        SharedLink.make(tmp_path, LinkSpec(1, UP, (256, 256), torch.float32), 4)


def test_a_neighbour_that_never_reads_is_late(pair):
    low, _ = pair()
    os.set_blocking(low._wake, False)

    def send_many():
        for batch in range(10**6):
            low.send(batch, filled(batch))

    with pytest.raises(LateError):
        send_many()


def test_a_message_that_is_written_over_while_it_is_read_is_lost_and_no_other(pair):
    low, high = pair(slots=8, limit=2)
    read, sent = high.inbox._ring.read, list(range(3))
    for batch in sent:
        low.send(batch, filled(batch))

    def slow(number):
        while len(sent) < 15:
            sent.append(len(sent))
            low.send(sent[-1], filled(sent[-1]))
        return read(number)

    high.inbox._ring.read = slow
    found = [high.inbox.take(5) for _ in range(2)]
    assert [one.batch for one in found] == [13, 14]
    assert all(one.tensor[0, 0, 0] == one.batch for one in found)
    assert high.inbox.dropped == 13
