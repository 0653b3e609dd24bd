"""The learning rules beyond Table 1 in plain NumPy float64: which gradient each layer gets.

A rule takes the model, the labels and the forward pass; every rule is written out by itself.
`down[i]` pulls a gradient at h_i through hidden layer i, writes the layer's gradients into the
trace and returns the gradient at what the layer read; `top` does so for the classifier.
"""

import numpy as np
from reference.beyond_layers import (
    LOSSES,
    goodness_loss,
    length_normalised,
    painted,
    similarity_loss,
    wrong_labels,
)
from reference.layers import CLASSES, one_hot, per_channel


def no_bprop(model, labels, t, down, top):
    """The classifier alone."""
    top(top_error(model, labels, t))


def top_only(model, labels, t, down, top):
    """The classifier and the topmost hidden layer."""
    apply(t, down, len(down) - 1, top(top_error(model, labels, t)))


def backprop(model, labels, t, down, top):
    delta = top(top_error(model, labels, t))
    for i in reversed(range(len(down))):
        delta = apply(t, down, i, delta)


def fa(model, labels, t, down, top):
    """Feedback alignment: `feedback{i}` replaces the weight of layer i on the way down.

    The classifier's index is the number of hidden layers; the lowest layer has none.
    """
    delta = top(top_error(model, labels, t), feedback=model.kept[f"feedback{len(down)}"])
    for i in reversed(range(len(down))):
        # Below the lowest layer nothing is asked for.
        delta = apply(t, down, i, delta, feedback=model.kept[f"feedback{i}"] if i else None)


def dfa(model, labels, t, down, top):
    """Direct feedback alignment: h_i gets B_i times the error at the logits."""
    error = top_error(model, labels, t)
    top(error)
    for i, h in enumerate(t.h):
        apply(t, down, i, (error @ model.kept[f"feedback{i}"].T).reshape(h.shape))


def drtp(model, labels, t, down, top):
    """Direct random target projection: h_i gets B_i times the one-hot label, over the batch."""
    top(top_error(model, labels, t))
    target = one_hot(labels) / len(labels)
    for i, h in enumerate(t.h):
        apply(t, down, i, (target @ model.kept[f"feedback{i}"].T).reshape(h.shape))


def local_pred(model, labels, t, down, top):
    top(top_error(model, labels, t))
    for i in range(len(down)):
        loss, delta = prediction(model, i, labels, t)
        t.losses.append(loss)
        apply(t, down, i, delta)


def local_sim(model, labels, t, down, top):
    top(top_error(model, labels, t))
    for i in range(len(down)):
        loss, delta = comparison(model, i, labels, t)
        t.losses.append(loss)
        apply(t, down, i, delta)


def local_predsim(model, labels, t, down, top):
    top(top_error(model, labels, t))
    share = model.value("sim_weight")
    for i in range(len(down)):
        pred, pred_delta = prediction(model, i, labels, t, weight=1 - share)
        sim, sim_delta = comparison(model, i, labels, t, weight=share)
        t.losses.append(pred + sim)
        apply(t, down, i, pred_delta + sim_delta)


def mono_forward(model, labels, t, down, top):
    """The loss of scores M_i h_i, in which M_i and layer i learn; no classifier."""
    for i, h in enumerate(t.h):
        m = model.weights[f"map{i}.weight"]
        loss, d = LOSSES[model.loss](h @ m.T, labels)
        t.losses.append(loss)
        t.gradients[f"map{i}.weight"] = d.T @ h
        apply(t, down, i, d @ m)


def deep_supervision(model, labels, t, down, top):
    """Backprop of all losses; the top's counts `top_weight` below the classifier."""
    delta = model.value("top_weight") * top(top_error(model, labels, t))
    for i in reversed(range(len(down))):
        loss, own = prediction(model, i, labels, t)
        t.losses.insert(0, loss)
        delta = apply(t, down, i, delta + own)


def dni(model, labels, t, down, top):
    """Linear M on h_i (and the label under cdni), regressed on what comes through layer i + 1."""
    delta, scale = top(top_error(model, labels, t)), model.value("sg_scale")
    for i in reversed(range(len(down))):
        h = t.h[i]
        if model.rule == "cdni":
            label = one_hot(labels).reshape(len(h), CLASSES, *[1] * (h.ndim - 2))
            label = np.broadcast_to(label, (len(h), CLASSES, *h.shape[2:]))
            h = np.concatenate([h, label], axis=1)
        out, back = model.product(h, model.weights[f"sg{i}.output.weight"])
        out = out + per_channel(model.weights[f"sg{i}.output.bias"], out)
        error = out - scale * delta
        t.losses.insert(0, (error**2).sum() / len(h))
        d = 2 * error / len(h)
        t.gradients[f"sg{i}.output.bias"] = d.sum((0, *range(2, d.ndim)))
        t.gradients[f"sg{i}.output.weight"] = back(d)[1]
        delta = apply(t, down, i, out / scale)


def forward_forward(model, x, labels, masks, u, t):
    """Layer by layer: a forward pass of its own, since a layer reads what is normalised."""
    flat = x.reshape(len(x), -1)
    h = np.concatenate([painted(flat, labels), painted(flat, wrong_labels(labels, u))])
    positive = np.arange(len(h)) < len(x)
    for i in range(model.depth - 1):
        h, pullback = model.hidden(i, h, t, masks[i - 1] if masks and i else None)
        t.h.append(h)
        loss, delta = goodness_loss(h, positive, model.value("ff_threshold") * h.shape[1])
        t.losses.append(loss)
        t.deltas.append(delta)
        pullback(delta)
        h = length_normalised(h)


RULES = {
    rule.__name__: rule
    for rule in (
        no_bprop,
        top_only,
        backprop,
        fa,
        dfa,
        drtp,
        local_pred,
        local_sim,
        local_predsim,
        mono_forward,
        deep_supervision,
        dni,
    )
} | {"cdni": dni}
"""By name; forward_forward stands apart, because its forward pass is another."""


def top_error(model, labels, t):
    """The loss at the top into the trace; its gradient at the logits [batch, classes]."""
    t.loss, error = LOSSES[model.loss](t.logits, labels)
    return error


def apply(t, down, i, delta, **options):
    """Hidden layer i learns from `delta` at its h; the gradient at what it read."""
    t.deltas[i] = delta
    return down[i](delta, **options)


def prediction(model, i, labels, t, weight=1.0):
    """`weight` times the loss of head i, its gradient at h_i; the head's into the trace."""
    h = t.h[i].reshape(len(labels), -1)
    head = model.weights[f"head{i}.output.weight"]
    loss, d = LOSSES[model.loss](h @ head.T + model.weights[f"head{i}.output.bias"], labels)
    d = weight * d
    t.gradients[f"head{i}.output.weight"] = d.T @ h
    t.gradients[f"head{i}.output.bias"] = d.sum(0)
    return weight * loss, (d @ head).reshape(t.h[i].shape)


def comparison(model, i, labels, t, weight=1.0):
    """`weight` times the similarity loss of V_i h_i, its gradient at h_i; V's into the trace."""
    z, back = model.product(t.h[i], model.weights[f"map{i}.weight"])
    loss, dz = similarity_loss(z, labels)
    delta, t.gradients[f"map{i}.weight"] = back(weight * dz)
    return weight * loss, delta
