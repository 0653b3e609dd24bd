"""Slowed builds: a step that repeats a share of its own products, so that it does real extra work.

`python -m benchmarks.slowed BACK_END yes|not DOUBLED` answers what `bench.sampler` is asked, as
one process of a pair. A benchmark is called by a program's name and the slow-down of its step, in
the process that slows; DOUBLED says how much longer a step takes if every product is done twice.
"""

import json
import sys
import time

import torch
from benchmarks.cases import CPU, data, quick_cell
from benchmarks.unrolls import quick_unroll
from sgbench.bench.datasets import load as load_data
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn import products
from sgbench.bench.profiling.sampler import WIRE_VERSION
from sgbench.reproductions.exhibits.exhibit import expand, load
from torch.nn import functional

aten = torch.ops.aten


class Repeats:
    """The products of this process, some of which are done twice.

    Each kind and size of product has an account of its own, so that the extra work is of the same
    mix as the step's. Matrix products are repeated whole; of a convolution, of which a turn has
    few, as many examples as are due.
    """

    def __init__(self):
        self.share, self.owed = 0.0, {}
        self.plain = (torch.mm, torch.addmm, functional.conv2d, aten.convolution_backward)

    def slow_down(self, share):
        """Repeat `share` of the products from now on; 0 leaves torch as it was."""
        self.share, patched = share, self.plain
        if share:
            mm, addmm, conv2d, backward = self.plain
            patched = (self._whole(mm), self._whole(addmm), self._part(conv2d, 1))
            patched += (self._part(backward, 2),)
        torch.mm, torch.addmm, functional.conv2d, aten.convolution_backward = patched

    def _whole(self, product):
        def called(*args, out=None):
            for _ in range(self._due(product, args, 1)):
                product(*args)
            return product(*args) if out is None else product(*args, out=out)

        return called

    def _part(self, product, tensors):
        """`tensors`: how many of the first arguments have the batch as their first axis."""

        def called(*args, **kwargs):
            batch, rest = args[:tensors], args[tensors:]
            due = self._due(product, args, len(args[0]))
            while due:
                now = min(due, len(args[0]))
                product(*(x[:now] for x in batch), *rest, **kwargs)
                due -= now
            return product(*args, **kwargs)

        return called

    def _due(self, product, args, units):
        """Return how many of the call's units of work are to be done once more."""
        key = (product, *(x.shape for x in args if isinstance(x, torch.Tensor)))
        owed = self.owed.get(key, 0.0) + self.share * units
        self.owed[key] = owed % 1
        return int(owed)


def cells():
    """Return {name: cell}: a small FCN of the demo, and of `quick` an FCN, a CNN and an LSTM."""
    (small,) = (
        cell
        for cell in expand(load("table1"), "demo", seeds=1)
        if (cell.network, cell.depth, cell.rule) == ("fcn", 4, "backprop")
    )
    return {
        "fcn-small": small,
        "fcn-cdni": quick_cell("fcn", 4, "cdni", 0),
        "cnn-backprop": quick_cell("cnn", 3, "backprop", None, batch_size=4),
        "lstm-dni": quick_unroll("dni", 4, batch_size=64),
    }


def build(cell):
    """Return the program of a cell, on random images where it is of MNIST's."""
    if cell.T is not None:
        return RecurrentProgram([cell], load_data(cell.dataset), CPU)
    images = data(8192, 1024) if cell.dataset == "mnist" else load_data(cell.dataset)
    return FeedForwardProgram([cell], images, CPU)


def main():
    back_end, slows, doubled = sys.argv[1:]
    doubled = json.loads(doubled)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    products.use(back_end)
    built, repeats = {name: build(cell) for name, cell in cells().items()}, Repeats()
    for program in built.values():
        for _ in range(3):  # first touches
            program.step()
    print(json.dumps({"protocol": WIRE_VERSION}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "build":  # it is
            print(json.dumps({"ok": True}), flush=True)
            continue
        program, slowdown = asked["name"].split()
        slower = float(slowdown) / doubled[program] if slows == "yes" else 0.0
        repeats.slow_down(slower)
        step, steps = built[program].step, asked["steps"]
        start = time.process_time()
        for _ in range(steps):
            step()
        print(json.dumps({"seconds": (time.process_time() - start) / steps}), flush=True)


if __name__ == "__main__":
    main()
