"""Dry runs: every program of every exhibit, on a GPU that is simulated (`simulated_gpu`).

In a step's work on the device no tensor is anywhere else, nothing waits for a value, nothing is
sent, and how many kernels that takes does not depend on how many replicas there are. Nothing here
says how fast a GPU is.
"""

import pytest
import torch
from reference.device_programs import KINDS, device_of, device_program
from reference.simulated_gpu import DEVICE, SimulatedGPU
from sgbench.bench import datasets
from sgbench.bench.configuration import replica_axes
from sgbench.bench.families.family import family_for
from sgbench.reproductions.exhibits.exhibit import expand, load, names
from sgbench.reproductions.running.plan import shape

STEPS = 9
SMALLER = ("depth", "T")
"""Fields of which the smallest value tells: a step repeats more of the same."""
SMALL = {"batch_size": 8, "hidden_units": 8, "filters": 4, "sg_units": 8, "si_units": 8}


def programs(*left_out):
    """A cell of each kind of program of the exhibits at scale demo, but for staged networks.

    Cells that differ in replica axes, or fields that are `left_out`, are of one kind.
    """
    found = {}
    for name in names():
        for cell in expand(load(name), "demo"):
            if cell.stages is None and family_for(cell).name != "pair":
                given = {k: v for k, v in SMALL.items() if cell.value(k) is not None}
                few = cell.replace(**given)
                key = shape(few, (*replica_axes(), *left_out, "iterations", "evaluate_every"))
                found.setdefault(key, few)
    return [pytest.param(cell, id=f"{cell.rule}-{n}") for n, cell in enumerate(found.values())]


def watched(gpu, program):
    """What the GPU is asked for in a step's work: of the third step, and of its inputs."""
    for _ in range(2):
        program.step()
    program.set_rates()
    with gpu.watching() as fetching:
        inputs = program.inputs()
    with gpu.watching() as learning:
        program.learn(*inputs)
    program.advance()
    return fetching, learning


def stack(cell, replicas):
    """A program of so many seeds of a cell on the simulated GPU."""
    cells = [cell.replace(seed=seed) for seed in range(replicas)]
    data = datasets.load(cell.dataset, corpus=cell.corpus)
    return family_for(cell).program(cells, data, DEVICE)


def dry_run(cell):
    kernels = []
    with SimulatedGPU() as gpu, torch.no_grad():
        for replicas in (2, 5):
            program = stack(cell, replicas)
            fetching, learning = watched(gpu, program)
            assert (fetching.waits, learning.waits) == ([], [])
            assert learning.uploads == [] or program.draws  # random numbers are the host's
            kernels.append(len(learning.kernels))
    assert kernels[0] == kernels[1]


@pytest.mark.parametrize("cell", programs(*SMALLER))
def test_a_step_asks_the_host_for_nothing(cell):
    dry_run(cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", programs())
def test_a_step_of_every_size_asks_the_host_for_nothing(cell):
    dry_run(cell)


@pytest.mark.parametrize("kind", KINDS)
def test_kernels_do_not_depend_on_replicas_where_rates_and_masks_differ(kind):
    with SimulatedGPU(device_of(kind)) as gpu, torch.no_grad():
        few, many = (
            watched(gpu, device_program(kind, device_of(kind), replicas)) for replicas in (2, 6)
        )
    assert len(few[1].kernels) == len(many[1].kernels)
    assert few[1].waits == many[1].waits == few[1].uploads == many[1].uploads == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_computes_what_a_cpu_does(kind):
    """By masks, rates and counts that are tensors in place of the host's numbers."""
    with SimulatedGPU(device_of(kind)), torch.no_grad():
        there = device_program(kind, device_of(kind))
        for _ in range(STEPS):
            there.step()
        found = {
            name: tensor.cpu()
            for name, tensor in {**there.weights.named, **there.weights.statistics}.items()
        }
    with torch.no_grad():
        here = device_program(kind, torch.device("cpu"))
        here.on_host = True
        for _ in range(STEPS):
            here.step()
    for name, tensor in {**here.weights.named, **here.weights.statistics}.items():
        torch.testing.assert_close(
            found[name],
            tensor,
            rtol=1e-6,
            atol=1e-8,
            msg=lambda words, name=name: f"{name}: {words}",
        )


def test_rows_of_matrices_begin_on_sixteen_bytes():
    with SimulatedGPU(), torch.no_grad():
        weights = device_program("dni copy", DEVICE).weights
        for name, weight in weights.named.items():
            assert weight.dim() < 3 or weight.stride(1) * weight.element_size() % 16 == 0, name
        assert weights.named["core.weight"].shape[2] % 4  # what lies there does not


def test_evaluation_and_state_come_back_to_the_host():
    with SimulatedGPU() as gpu, torch.no_grad():
        program = device_program("cdni fcn", DEVICE)
        program.step()
        with gpu.watching() as seen:
            points = program.evaluate_all()
    assert len(points) == 3
    assert seen.waits  # what is told is asked for
