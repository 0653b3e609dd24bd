"""Noise that a gate may meet, as the logarithm of what multiplies a turn's time.

A model returns [gates, benchmarks, sessions, blocks, 4 turns in the order they are taken, 2]: what
each turn would be multiplied by if the baseline took it, and if the candidate did. Deviations are
of the logarithm, so about shares of the time.
"""

import numpy as np


def _processes(rng, shape, deviation):
    """Return the bias of each process of each session: its memory layout's."""
    return deviation * rng.standard_normal((*shape[:3], 1, 1, 2), np.float32)


def _turns(rng, shape, deviation):
    return deviation * rng.standard_normal((*shape, 4, 1), np.float32)


def log_normal(rng, shape):
    """Turns 3 %, processes 1.5 %."""
    return _processes(rng, shape, 0.015) + _turns(rng, shape, 0.03)


def drift(rng, shape):
    """Turns 2 %, processes 1 %; the machine's speed walks by 2 % a turn, and a slope a session."""
    flat = (*shape[:3], shape[3] * 4)
    walk = np.cumsum(0.02 * rng.standard_normal(flat, np.float32), axis=-1)
    slope = 0.01 * rng.standard_normal((*shape[:3], 1), np.float32)
    walk += slope * np.arange(flat[-1], dtype=np.float32)
    moving = walk.reshape(*shape, 4, 1)
    return _processes(rng, shape, 0.01) + _turns(rng, shape, 0.02) + moving


def bimodal_turns(rng, shape):
    """Turns 2 %, processes 1 %; a quarter of all turns is slower by 20 %."""
    slow = np.log(np.float32(1.2)) * (rng.random((*shape, 4, 1), np.float32) < 0.25)
    return _processes(rng, shape, 0.01) + _turns(rng, shape, 0.02) + slow


def bimodal_processes(rng, shape):
    """Turns 2 %; half of all processes is slower by 8 %, in all that they do of a benchmark."""
    slow = np.log(np.float32(1.08)) * (rng.random((*shape[:3], 1, 1, 2), np.float32) < 0.5)
    return slow + _turns(rng, shape, 0.02)


def outliers(rng, shape):
    """Turns 2 %, processes 1 %; one turn in twenty takes longer by a Pareto-distributed share."""
    u = 1 - rng.random((*shape, 4, 1), np.float32)
    late = np.where(rng.random((*shape, 4, 1), np.float32) < 0.05, u ** (-1 / 1.5), 1)
    return _processes(rng, shape, 0.01) + _turns(rng, shape, 0.02) + np.log(late)


def load(rng, shape):
    """Processes 2 %, turns 10 %, times a load of each session that all benchmarks share."""
    level = np.exp(0.5 * rng.standard_normal((shape[0], 1, shape[2], 1, 1, 1), np.float32))
    return _processes(rng, shape, 0.02) + level * _turns(rng, shape, 0.10)


MODELS = {
    "log-normal": log_normal,
    "drift": drift,
    "bimodal turns": bimodal_turns,
    "bimodal processes": bimodal_processes,
    "outliers": outliers,
    "load": load,
}
