"""What joins stages: two neighbours that make a link each."""

import math
import os

import torch
from sgbench.bench.pipeline.messages.links import DOWN, UP, LinkSpec
from sgbench.bench.pipeline.messages.wires import SharedWires, slots_for


class MemoryStore:
    def __init__(self):
        self.values = {}

    def set(self, key, value):
        self.values[key] = value

    def get(self, key):
        return self.values[key].encode()


def test_neighbours_meet_in_memory_that_no_file_is_left_of(tmp_path):
    store, (up_read, up_write), (down_read, down_write) = MemoryStore(), os.pipe(), os.pipe()
    low = SharedWires(0, 2, folder=tmp_path, pipes={1: (down_read, up_write)}, store=store)
    high = SharedWires(1, 2, folder=tmp_path, pipes={0: (up_read, down_write)}, store=store)
    for shape in ((1, 2, 4), (1, 3, 4)):  # one link after another
        below = low.link(
            LinkSpec(1, UP, shape, torch.float64, delay=0.01, limit=2, update_seconds=0.001)
        )
        above = high.link(LinkSpec(0, DOWN, shape, torch.float64))
        assert list(tmp_path.iterdir()) == []
        below.send(1, torch.ones(shape, dtype=torch.float64))
        assert above.inbox.take(5).tensor.shape == shape
        assert below._out.slots == above.inbox._ring.slots == 2 + slots_for(0.01, 0.001)
    for end in (up_read, up_write, down_read, down_write):
        os.close(end)


def test_a_ring_has_room_for_what_is_on_its_way():
    assert slots_for(0.0, 0.002) == 16
    assert slots_for(0.1, 0.002) == 16 + 100  # 50 updates in the delay, and twice as many
    assert slots_for(0.1, math.inf) == 16
