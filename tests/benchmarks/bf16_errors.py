"""Does precision=bf16 cost test error on MNIST? Paired seeds, Table 1's scale `quick`.

    cd tests && python -m benchmarks.bf16_errors --data-dir DATA          all rules
    cd tests && python -m benchmarks.bf16_errors --data-dir DATA --rule dni

Trains each seed of the FCN of depth 4 with float32 and with bf16: same initial weights, same order
of examples. Prints the mean difference of the test error and its 90 % interval. The two are called
equivalent where the interval lies within the margin, either way: the two one-sided tests at 5 %.
Margin and seeds were set before the first run of a rule: the margin is that of Table 1's verdicts;
ten seeds find equivalence in eight of ten cases where differences deviate by 0.3 points.
"""

import argparse
import dataclasses

from benchmarks.cases import label, quick_cell
from benchmarks.equivalence import error_of, interval
from sgbench.bench import hardware, processor

MARGIN = 0.3  # points of test error
RULES = {"backprop": None, "cdni": 0, "dni": 2}
"""Hidden layers of M by rule."""
SEEDS = {"backprop": 20, "cdni": 20, "dni": 10}


def main():
    """Train and print, a line a rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with MNIST's files")
    parser.add_argument("--rule", choices=RULES, help="of this rule only")
    parser.add_argument("--seeds", type=int, help=f"how many (default: {SEEDS})")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default: 0)")
    asked = parser.parse_args()
    print(f"{hardware.device_model('cpu')}, bfloat16 by {processor.bfloat16() or 'emulation'}")
    for rule in [asked.rule] if asked.rule else RULES:
        cell, errors = quick_cell("fcn", 4, rule, RULES[rule]), []
        for seed in range(asked.first, asked.first + (asked.seeds or SEEDS[rule])):
            both = [dataclasses.replace(cell, seed=seed, precision=p) for p in ("float32", "bf16")]
            errors.append([error_of(one, asked.data_dir) for one in both])
            print(
                f"  seed {seed}: float32 {errors[-1][0]:.2f} %, bf16 {errors[-1][1]:.2f} %",
                flush=True,
            )
        print(f"{label(cell)}: {interval(*zip(*errors, strict=True), MARGIN)}", flush=True)


if __name__ == "__main__":
    main()
