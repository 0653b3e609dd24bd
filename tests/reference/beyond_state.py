"""Random states of `beyond.Beyond`: weights, statistics, feedback; masks and labels of a step."""

import numpy as np
from reference.layers import CLASSES


def random_state(rng, *, rule, network, depth, channels, size, units, kernel=None, norm="batch"):
    """Random weights, statistics and fixed feedback of the right names and shapes.

    `units` are filters for the cnn, `kernel` is its; `size` is the side of the square images.
    """
    weights, statistics, kept = {}, {}, {}
    cnn, hidden = network == "cnn", depth - 1

    def normal(*shape):
        return rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)

    def add(name, *shape):
        weights[f"{name}.weight"] = normal(*shape)
        weights[f"{name}.bias"] = rng.normal(0, 0.3, shape[0])

    def taps(side):
        return (side, side) if cnn else ()

    into, features = channels if cnn else channels * size * size, []
    for i in range(hidden):
        name, shape = f"hidden{i}", (units, into, *taps(kernel))
        into, size = units, (size + 1) // 2
        features.append(units * size * size if cnn else units)
        if norm == "batch":
            weights[f"{name}.weight"] = normal(*shape)
            weights[f"{name}.gamma"] = rng.uniform(0.5, 1.5, units)
            weights[f"{name}.beta"] = rng.normal(0, 0.3, units)
            statistics[f"{name}.mean"] = rng.normal(0, 1, units)
            statistics[f"{name}.variance"] = rng.uniform(0.5, 2, units)
        else:
            add(name, *shape)
        if rule == "fa" and i:
            kept[f"feedback{i}"] = normal(*shape)
        if rule in ("dfa", "drtp"):
            kept[f"feedback{i}"] = normal(features[i], CLASSES)
        if rule in ("local_pred", "local_predsim", "deep_supervision"):
            add(f"head{i}.output", CLASSES, features[i])
        if rule in ("local_sim", "local_predsim"):
            weights[f"map{i}.weight"] = normal(units, units, *taps(3))
        if rule == "mono_forward":
            weights[f"map{i}.weight"] = normal(CLASSES, units)
        if rule in ("dni", "cdni"):
            seen = units + (CLASSES if rule == "cdni" else 0)
            add(f"sg{i}.output", units, seen, *taps(kernel))
    add("classifier", CLASSES, features[-1])
    if rule == "fa":
        kept[f"feedback{hidden}"] = normal(CLASSES, features[-1])
    return weights, statistics, kept


def random_noise(rng, reference, batch, units):
    """`masks` and `u` of one step, as `step` takes them: None where there is no use for them."""
    painted_twice = reference.rule == "forward_forward"
    shape = (2 * batch if painted_twice else batch, units)
    masks = [(rng.random(shape) >= reference.dropout) * 1.0 for _ in range(reference.depth - 1)]
    return {
        "masks": masks if reference.dropout else None,
        "u": rng.random(batch) if painted_twice else None,
    }
