"""The state of one replica of a program, and of several put together.

In a state that a program returns (`Program.state`) the first dimension of every tensor is the
replicas', and every list has an entry for each; dictionaries hold more of the same. Everything else
(numbers, strings, None) is what all replicas share. So a stack can be saved replica by replica, and
go on split in another way.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor


def part_of(state: Any, replica: int) -> Any:
    """Return the state of one replica: the same, with one of everything."""
    if isinstance(state, Tensor):
        if len(state) == 1:
            return state
        part = state[replica : replica + 1]  # to save a view is to save all that it is a part of
        return part.clone() if part.device.type == "cpu" else part.cpu()
    if isinstance(state, list):
        return cast("list[Any]", state)[replica : replica + 1]
    if isinstance(state, dict):
        return {k: part_of(v, replica) for k, v in cast("dict[str, Any]", state).items()}
    return state


def joined(states: Sequence[Any]) -> Any:
    """Return the state of several replicas, in their order. Undoes `part_of`.

    Raises ValueError where what they should share differs.
    """
    first = states[0]
    if len(states) == 1:
        return first
    if isinstance(first, Tensor):
        return torch.cat(tuple(states))
    if isinstance(first, list):
        return [entry for state in states for entry in cast("list[Any]", state)]
    if isinstance(first, dict):
        names = cast("dict[str, Any]", first)
        if any(state.keys() != names.keys() for state in states):
            raise ValueError("states of different kinds of programs")
        return {name: joined([state[name] for state in states]) for name in names}
    if any(state != first for state in states):
        raise ValueError(f"replicas do not share a state: {first} and others")
    return first
