"""Forward-Forward: a layer learns to be active for an image with its label, not for a wrong one.

The label is painted into the image: the first K inputs are one at the class and zero elsewhere. An
image with its own label is positive, one with a wrong label, any of the others, is negative. The
goodness of a layer is the sum of squares of its output, and the layer learns from

    loss = mean over positive of softplus(t - goodness), over negative of softplus(goodness - t)

What goes on to the next layer is normalised to a root mean square of one, so that goodness does
not go on, and no gradient leaves a layer (Hinton 2022, arXiv 2212.13345). The network predicts the
label that, painted in, makes most goodness in all hidden layers but the lowest; its classifier has
no part in it. Where the paper is open, these are ours: t is `ff_threshold` a unit, both kinds of
image are one batch, so that batch norm is over both, and the input itself is not normalised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

EPSILON = 1e-8
"""Added to the root mean square that an output is divided by."""

RULE = Rule(
    name="forward_forward",
    label="Forward-Forward",
    sentence="a layer learns to be active for an image with its label and not for a wrong label",
    color="#aa4499",
    families=("feedforward",),
    networks=("fcn",),
    version=1,
    source="arXiv 2212.13345",
    hyperparameters=(
        Hyperparameter(
            name="ff_threshold",
            doc="goodness a unit above which an image counts as one with its label"
            " (forward_forward)",
            default=1.0,
            above=0,
            max=1e6,
            optional=True,
            replica_axis=True,
        ),
    ),
    locking="forward",
    hidden_products=4,  # two images an example
    images_per_example=2,
    label_leak="labels are painted into the images",
    expected_failures={"one_pass": "a batch holds two images of each example"},
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    import torch

    classes, batch = network.classes, labels.shape[1]
    drawn = network.noise.uniform("wrong labels", (batch,)).mul_(classes - 1).long()
    wrong = (labels + 1 + drawn.clamp_(max=classes - 2)) % classes
    h = painted(network, torch.cat([x, x], 2), torch.cat([labels, wrong], 1))
    sign = torch.ones(2 * batch, dtype=x.dtype, device=x.device)
    sign[:batch] = -1
    for layer in network.hidden:
        h, pullback = layer(h)
        goodness = h.square().sum(1, keepdim=True)
        above = goodness - network.hyperparameters["ff_threshold"] * h.shape[1]
        # of softplus(sign * above), the mean over both kinds
        slope = torch.sigmoid(sign * above) * sign / (2 * batch)
        pullback(h * (2 * slope), need_input=False)
        h = normalised(h, goodness)


def scores(network: FeedForwardNetwork, x: Tensor) -> Tensor:
    """Return the goodness of each label [R, K, B] for inputs x, in evaluation mode."""
    import torch

    found: list[Tensor] = []
    for label in range(network.classes):
        labels = x.new_full((x.shape[0], x.shape[2]), label, dtype=torch.int64)
        h = painted(network, x.clone(), labels)
        goodness: list[Tensor] = []
        for layer in network.hidden:
            h = layer.evaluate(h)
            goodness.append(h.square().sum(1, keepdim=True))
            h = normalised(h, goodness[-1])
        counted = goodness[1:] or goodness
        found.append(sum(counted[1:], counted[0]).squeeze(1))
    return torch.stack(found, 1)


def painted(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> Tensor:
    """Write labels [R, B] over the first K pixels of inputs [R, pixels, B]; return the inputs."""
    x[:, : network.classes] = network.encode(labels)
    return x


def normalised(h: Tensor, goodness: Tensor) -> Tensor:
    """Return outputs [R, units, B] of goodness [R, 1, B] by their root mean square over units."""
    return h / ((goodness / h.shape[1]).sqrt() + EPSILON)
