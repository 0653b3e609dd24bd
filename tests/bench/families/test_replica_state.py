"""States by replica: taken apart and put together they are what they were."""

import pytest
import torch
from reference.device_programs import KINDS, data_of, device_program
from sgbench.bench.families.replica_state import joined, part_of

CPU = torch.device("cpu")


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def ahead(kind, steps):
    program = device_program(kind, CPU)
    program.on_host = True
    for _ in range(steps):
        program.step()
    return program


@pytest.mark.parametrize("kind", [*KINDS, "dropout"])
def test_a_stack_goes_on_in_other_stacks(kind):
    """Products of several replicas round by how many there are, on some processors."""
    whole = ahead(kind, 7)
    state = whole.state()
    parts = [part_of(state, replica) for replica in range(3)]
    assert same(joined(parts), state)
    pair = type(whole)([whole.cells[2], whole.cells[0]], data_of(kind), CPU)
    pair.restore(joined([parts[2], parts[0]]))
    assert same(pair.state(), joined([parts[2], parts[0]]))
    for _ in range(5):
        whole.step()
        pair.step()
    near = {"rtol": 1e-9, "atol": 1e-12}
    for ours, theirs in ((0, 2), (1, 0)):
        torch.testing.assert_close(pair.weights.flat[ours], whole.weights.flat[theirs], **near)
        for name, tensor in pair.weights.statistics.items():
            wanted = whole.weights.statistics[name][theirs]
            torch.testing.assert_close(tensor[ours], wanted, **near)


def test_a_part_holds_no_more_than_its_own():
    state = {"weights": torch.arange(12.0).view(3, 4), "time": 5, "level": [0, 1, 2], "none": None}
    part = part_of(state, 1)
    assert part["weights"].untyped_storage().nbytes() == 16
    assert (part["level"], part["time"], part["none"]) == ([1], 5, None)


@pytest.mark.parametrize(
    "states",
    [
        [{"time": 4}, {"time": 5}],
        [{"time": 4}, {"time": 4, "more": None}],
        [{"name": "a"}, {"name": "b"}],
    ],
)
def test_states_that_differ_in_what_is_shared_are_not_joined(states):
    with pytest.raises(ValueError, match=r"share|kinds"):
        joined(states)
