"""Does precision=bf16 cost test error on MNIST? Paired seeds, Table 1's scale `quick`.

    cd tests && python -m benchmarks.bf16_errors --data-dir DATA          all rules
    cd tests && python -m benchmarks.bf16_errors --data-dir DATA --rule dni

Trains each seed of the FCN of depth 4 with float32 and with bf16: same initial weights, same order
of examples. Prints the mean difference of the test error and its 90 % interval. The two are called
equivalent where the interval lies within the margin, either way: the two one-sided tests at 5 %.
Margin and seeds were set before the first run of them: the margin is that of Table 1's verdicts.
DNI's first ten seeds, 0 to 9, did not decide: their differences deviate by 0.6 points. So forty
others were declared, which decide alone: enough, at that deviation, where the mean is within 0.1.
"""

import argparse
import dataclasses

from benchmarks.cases import label, quick_cell
from benchmarks.equivalence import error_of, interval
from sgbench.bench import hardware, processor

MARGIN = 0.3  # points of test error
RULES = {"backprop": None, "cdni": 0, "dni": 2}
"""Hidden layers of M by rule."""
SEEDS = {"backprop": range(20), "cdni": range(20), "dni": range(10, 50)}


def main():
    """Train and print, a line per rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with MNIST's files")
    parser.add_argument("--rule", choices=RULES, help="of this rule only")
    parser.add_argument("--seeds", type=int, help=f"how many (default: the declared {SEEDS})")
    parser.add_argument("--first", type=int, help="the first of them (default: the declared one)")
    asked = parser.parse_args()
    print(f"{hardware.device_model('cpu')}, bfloat16 by {processor.bfloat16() or 'emulation'}")
    for rule in [asked.rule] if asked.rule else RULES:
        cell, errors = quick_cell("fcn", 4, rule, RULES[rule]), []
        first = SEEDS[rule].start if asked.first is None else asked.first
        for seed in range(first, first + (asked.seeds or len(SEEDS[rule]))):
            both = [dataclasses.replace(cell, seed=seed, precision=p) for p in ("float32", "bf16")]
            errors.append([error_of(one, asked.data_dir) for one in both])
            print(
                f"  seed {seed}: float32 {errors[-1][0]:.2f} %, bf16 {errors[-1][1]:.2f} %",
                flush=True,
            )
        print(f"{label(cell)}: {interval(*zip(*errors, strict=True), MARGIN)}", flush=True)


if __name__ == "__main__":
    main()
