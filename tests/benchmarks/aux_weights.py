"""What it changes by whose weights DNI+Aux pulls its auxiliary losses back.

    cd tests && python -m benchmarks.aux_weights                      256 units, batch 256
    cd tests && python -m benchmarks.aux_weights --units 32 --batch-size 32

The auxiliary losses of an unroll are known one unroll later. sgbench pulls them back through the
unroll as it was, by the weights of the core that are there now; its gradient would be that of the
losses at one set of weights if those of its own time were kept. For Copy at T = 4 and several
rates, this prints how far the two lie apart in the early updates, where Adam's steps matter most.
"""

import argparse
import dataclasses

import torch
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.reproductions.exhibits.exhibit import pick_cells

RATES = (7e-5, 7e-4, 1e-3, 1e-2)
"""Of the scales `paper`, `tenth`, `quick`, and a higher one."""


def differences(cell, updates):
    """Return the relative difference of the auxiliary gradient of the core's weight, by update.

    It is |by today's weights - by those of the unroll's time| over the length of the latter.
    """
    found = []
    with torch.inference_mode():
        program = RecurrentProgram([cell], load(cell.dataset), torch.device("cpu"))
        network, core = program.network, program.network.core
        weight = network.weights.named["core.weight"]
        gradient = network.weights.views(network.weights.grads)["core.weight"]
        pull, then = core.pull, weight.clone()

        def both(tape, deltas, end, need_start=True):
            if need_start:  # not the auxiliary losses
                return pull(tape, deltas, end, need_start)
            now, by = weight.clone(), []
            for used in (then, now):
                weight.copy_(used)
                pull(tape, deltas, end, need_start)
                core.learn(tape)
                by.append(gradient.clone())
            found.append(float((by[1] - by[0]).norm() / by[0].norm()))
            return None

        core.pull = both
        while program.iteration < updates:
            before = weight.clone()
            program.step()
            then = before
    return found[1:]  # M says zero in the first


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=256, help="of the core and M (default: 256)")
    parser.add_argument("--batch-size", type=int, default=256, help="streams (default: 256)")
    parser.add_argument("--updates", type=int, default=40, help="at each rate (default: 40)")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    like, *_ = pick_cells("table2", "quick", where=["dataset=copy,rule=dni_aux,T=4"])
    sizes = {"hidden_units": asked.units, "sg_units": asked.units, "batch_size": asked.batch_size}
    for rate in RATES:
        scale = asked.batch_size * rate / 7e-5
        cell = dataclasses.replace(like, **sizes, learning_rate=rate, sg_scale=scale)
        found = sorted(differences(cell, asked.updates))
        median = found[len(found) // 2]
        print(f"rate {rate:.0e}: median {median:.2%}, largest {found[-1]:.2%}", flush=True)


if __name__ == "__main__":
    main()
