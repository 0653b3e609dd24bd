"""Links between neighbours: inboxes, and messages over a pair of processes' stand-ins."""

import queue
import threading
import time

import pytest
import torch
from sgbench.bench.pipeline.messages import links
from sgbench.bench.pipeline.messages.links import (
    DOWN,
    UP,
    Inbox,
    LateError,
    Link,
    LinkSpec,
    LostError,
    Message,
)


def message(batch):
    return Message(batch, torch.zeros(1))


def test_an_inbox_gives_the_oldest_first_and_then_says_that_nothing_more_comes():
    inbox = Inbox()
    for batch in (3, 4):
        inbox.put(message(batch))
    inbox.close()
    assert [inbox.take(1).batch, inbox.poll().batch] == [3, 4]
    assert inbox.take(1) is None
    assert inbox.poll() is None
    assert inbox.closed


def test_a_full_inbox_loses_its_oldest_message_and_counts_it():
    inbox = Inbox(limit=2)
    for batch in range(5):
        inbox.put(message(batch))
    assert [inbox.poll().batch, inbox.poll().batch] == [3, 4]
    assert inbox.dropped == 3


def test_a_message_is_waited_for_so_long_and_no_longer():
    inbox = Inbox()
    with pytest.raises(LateError):
        inbox.take(0.01)
    threading.Timer(0.05, inbox.put, [message(7)]).start()
    assert inbox.take(5).batch == 7


def test_a_neighbour_that_has_gone_is_told_from_one_that_has_ended():
    inbox = Inbox()
    inbox.put(message(1))
    inbox.close(RuntimeError("connection reset"))
    assert inbox.take(1).batch == 1  # what came before is read
    with pytest.raises(LostError):
        inbox.take(1)


class Wire:
    """Stands in for torch.distributed: what is sent with a tag is received with it."""

    def __init__(self):
        self.queues = {UP: queue.SimpleQueue(), DOWN: queue.SimpleQueue()}

    def send(self, buffer, peer, tag):
        self.queues[tag].put(buffer.clone())

    def recv(self, buffer, peer, tag):
        found = self.queues[tag].get()
        if found is None:
            raise RuntimeError("connection closed by peer")
        buffer.copy_(found)


@pytest.fixture
def wire(monkeypatch):
    """A wire that nobody listens to any more when the next test has its own."""
    found, before = Wire(), set(threading.enumerate())
    monkeypatch.setattr(links, "dist", found)
    yield found
    for one in found.queues.values():
        one.put(None)
    for thread in set(threading.enumerate()) - before:
        if "_receive" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensor_and_number_arrive_as_they_were_sent(wire, dtype):
    low, high = Link(LinkSpec(1, UP, (1, 3, 2), dtype)), Link(LinkSpec(0, DOWN, (1, 3, 2), dtype))
    sent = torch.arange(6, dtype=dtype).view(1, 3, 2)
    low.send(2**30 + 1, sent)
    sent.zero_()  # a message is a copy
    found = high.inbox.take(5)
    assert found.batch == 2**30 + 1
    assert found.tensor.flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert low.sent == 6 * dtype.itemsize
    high.send(5, torch.ones(1, 3, 2, dtype=dtype))
    assert low.inbox.take(5).tensor.sum() == 6
    for link in (low, high):
        threading.Thread(target=link.end, args=(5,)).start()
    assert low.inbox.take(5) is None
    assert high.inbox.take(5) is None


def test_what_comes_back_may_have_another_shape(wire):
    low = Link(LinkSpec(1, UP, (1, 3, 2), torch.float32, back=(1, 2, 2)))
    high = Link(LinkSpec(0, DOWN, (1, 2, 2), torch.float32, back=(1, 3, 2)))
    low.send(1, torch.full((1, 3, 2), 3.0))
    high.send(2, torch.full((1, 2, 2), 4.0))
    assert high.inbox.take(5).tensor.tolist() == [[[3.0] * 2] * 3]
    assert low.inbox.take(5).tensor.tolist() == [[[4.0] * 2] * 2]
    assert (low.sent, high.sent) == (24, 16)


def test_messages_are_held_for_the_delay_and_overlap(wire):
    low, high = (
        Link(LinkSpec(1, UP, (1,), torch.float32, delay=0.2)),
        Link(LinkSpec(0, DOWN, (1,), torch.float32)),
    )
    start = time.perf_counter()
    for batch in range(20):
        low.send(batch, torch.zeros(1))
    batches = [high.inbox.take(5).batch for _ in range(20)]
    assert batches == list(range(20))
    assert 0.2 <= time.perf_counter() - start < 2  # twenty in turn would be 4 s


def test_the_end_is_waited_for(wire):
    low = Link(LinkSpec(1, UP, (1,), torch.float32))
    with pytest.raises(LateError):
        low.end(0.05)


def test_a_connection_that_breaks_closes_the_inbox(wire):
    low = Link(LinkSpec(1, UP, (1,), torch.float32))
    wire.queues[DOWN].put(None)
    with pytest.raises(LostError):
        low.inbox.take(5)
