"""Programs of every family, three replicas each, that take milliseconds a step, on any device."""

from reference.counting import small_digits, tiny_pair
from reference.programs import random_data, tiny_cell
from reference.sequences import tiny_recurrent
from reference.simulated_gpu import DEVICE, DEVICE_OF_AUTOGRAD
from sgbench.bench.datasets import load
from sgbench.bench.families.family import family_for

SCHEDULE = {"iterations": 12, "drops": (0.5, 0.8), "drop_factor": 1 / 8, "evaluate_every": 12}
"""The rate drops before the seventh and the eleventh step."""
RATE = 1 / 64
"""As all rates that follow from it a float32 number: on a GPU rates are."""


def _decoupled(mode, **changes):
    models = {"si_layers": 1, "si_units": 5} if mode == "both" else {}
    return tiny_cell("cdni", decoupled=mode, p_update=0.5, **models, **changes)


CELLS = {
    "backprop fcn": lambda: tiny_cell("backprop"),
    "cdni fcn": lambda: tiny_cell("cdni"),
    "dni cnn": lambda: tiny_cell("dni", "cnn"),
    "bp_lambda": lambda: tiny_cell("dni").replace(rule="bp_lambda", bp_lambda=0.5),
    "dfa": lambda: tiny_cell("dfa"),
    "local_predsim": lambda: tiny_cell("local_predsim"),
    "update": lambda: _decoupled("update"),
    "both": lambda: _decoupled("both"),
    "last batch": lambda: tiny_cell("backprop", last_batch="smaller", batch_size=8),
    "rmsprop": lambda: tiny_cell("backprop", optimizer="rmsprop"),
    "dropout": lambda: tiny_cell("backprop", dropout=0.25),
    "bptt": lambda: tiny_recurrent("bptt"),
    "dni copy": lambda: tiny_recurrent("dni"),
    "dni_aux": lambda: tiny_recurrent("dni_aux"),
    "dni text": lambda: tiny_recurrent("dni", dataset="descriptions"),
    "dni_aux bf16": lambda: tiny_recurrent("dni_aux", precision="bf16"),
    "backprop bf16": lambda: tiny_cell("backprop", precision="bf16"),
    "two networks": lambda: tiny_pair("dni"),
    "end to end": lambda: tiny_pair("end_to_end"),
    "no feedback": lambda: tiny_pair("no_feedback"),
}
"""A cell by the kind of its program."""
RATES = ("cdni fcn", "update", "dni copy", "two networks")
"""Kinds whose replicas are also given different rates."""
NARROW = ("dni_aux bf16", "backprop bf16")
"""Kinds that a CPU computes in another arithmetic."""
KINDS = [
    *(kind for kind in CELLS if kind not in ("dropout", *NARROW)),
    *(f"{kind}, rates" for kind in RATES),
]
"""The kinds whose steps can be recorded."""


def device_program(kind, device, replicas=3):
    """A program of a kind on a device; with `, rates` every replica has its own rate."""
    name, _, varied = kind.partition(", ")
    cell = CELLS[name]().replace(**SCHEDULE)
    cells = [
        cell.replace(seed=r, learning_rate=RATE * (1 + r if varied else 1)) for r in range(replicas)
    ]
    program = family_for(cell).program(cells, data_of(kind), device)
    program.on_host = False
    return program


def data_of(kind):
    """The data of a kind's programs."""
    cell = CELLS[kind.partition(", ")[0]]()
    data = {"two_lstms": small_digits, "lstm": lambda: load(cell.dataset)}
    return data.get(cell.network, random_data)()


def device_of(kind):
    """Where a kind's programs are dry-run: two networks, which need autograd, on the CPU."""
    two = CELLS[kind.partition(", ")[0]]().network == "two_lstms"
    return DEVICE_OF_AUTOGRAD if two else DEVICE
