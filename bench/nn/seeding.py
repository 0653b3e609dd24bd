"""Generators: one for each (seed, purpose), so that nothing depends on what else is drawn.

A replica's weights, data order and update masks are the same whatever the rule and whatever else
shares the program: seeds are paired across rules.
"""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a fresh CPU generator for this seed and purpose, on every machine the same."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Sources:
    """Generators of R replicas, one for each distinct seed: replicas of a seed see the same.

    Args:
        seeds: one a replica.
        purpose: with the seed draws it (`generator`).
    """

    def __init__(self, seeds: Sequence[int], purpose: str) -> None:
        distinct = list(dict.fromkeys(seeds))
        self._of = [distinct.index(seed) for seed in seeds]
        self._generators = [generator(seed, purpose) for seed in distinct]

    def draw(self, one: Callable[[torch.Generator], Tensor]) -> Tensor:
        """Return [R, …]: for each replica what `one` draws from its generator, on the CPU."""
        drawn = torch.stack([one(source) for source in self._generators])
        return drawn if len(drawn) == len(self._of) else drawn[self._of]

    def state(self) -> Tensor:
        """Return the generators' states, a row per replica."""
        return torch.stack([self._generators[number].get_state() for number in self._of])

    def restore(self, states: Tensor) -> None:
        """Take up what `state` returned."""
        for number, saved in zip(self._of, states, strict=True):
            self._generators[number].set_state(saved.clone())  # torch crashes on a view's offset
