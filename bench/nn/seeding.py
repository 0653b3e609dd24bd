"""Generators: one for each (seed, purpose), so that nothing depends on what else is drawn.

A replica's weights, data order and update masks are the same whatever the rule and whatever else
shares the program: seeds are paired across rules.
"""

import hashlib

import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a fresh CPU generator for this seed and purpose, on every machine the same."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
