"""What it costs to read a held-out text at many places at once, in bits per character.

    cd tests && python -m benchmarks.warm_up --data-dir DATA          BPTT at T = 20, 256 units
    cd tests && python -m benchmarks.warm_up --data-dir DATA --rule dni -T 8

Trains a cell of Table 2 at scale `quick` on Penn Treebank, then reads the test text as sgbench does
(256 places, 100 characters before each that do not count), after longer warm-ups, and in one
stream, where nothing restarts. One stream is the truth that the others are held against. A core
that remembers further could lose more: `--set` trains another, for example `--set iterations=4000`.
"""

import argparse
import time

import torch
from sgbench.bench import hardware
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.bits_per_character import bits_per_character
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.reproductions.exhibits.exhibit import pick_cells

READINGS = (  # places, warm-up
    (256, 10),
    (256, 30),
    (256, 100),
    (256, 300),
    (256, 1000),
    (1, 100),
)


def main():
    """Train, read, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with ptb.train.txt and the others")
    parser.add_argument("--rule", default="bptt", help="learning rule (default: bptt)")
    parser.add_argument("-T", type=int, default=20, help="steps of an unroll (default: 20)")
    parser.add_argument("--set", action="append", default=[], help="FIELD=VALUE of the cell")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    where = [f"dataset=ptb,rule={asked.rule},T={asked.T}"]
    cell, *_ = pick_cells("table2", "quick", where=where, sets=asked.set)
    text, began = load("ptb", asked.data_dir), time.monotonic()
    with torch.inference_mode():
        program = RecurrentProgram([cell], text, torch.device("cpu"))
        while program.iteration < cell.iterations:
            program.step()
        print(
            f"{asked.rule}, T = {asked.T}: {cell.iterations} updates of {cell.hidden_units} units"
        )
        print(f"{hardware.device_model('cpu')}, {time.monotonic() - began:.0f} s")
        found = {}
        for places, warm_up in READINGS:
            (found[places, warm_up],) = bits_per_character(
                program.network, text.test, places=places, warm_up=warm_up
            )
        for (places, warm_up), bits in found.items():
            more = bits - found[1, 100]
            print(f"{places:4} places, warm-up {warm_up:5}: {bits:.5f} bits, {more:+.5f}")


if __name__ == "__main__":
    main()
