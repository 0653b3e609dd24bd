"""Losses at the top of a feed-forward network: of logits [R, K, B] and one-hot labels [R, K, B]."""

import torch
from torch import Tensor


def cross_entropy(logits: Tensor, one_hot: Tensor) -> Tensor:
    """Return each example's cross-entropy of a softmax over the classes in nats, [R, B]."""
    return torch.logsumexp(logits, 1) - (logits * one_hot).sum(1)


class Softmax:
    """The cross-entropy of a softmax over the classes."""

    @staticmethod
    def gradient(logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch mean at the logits."""
        return torch.softmax(logits, 1).sub_(one_hot).div_(logits.shape[2])

    of_examples = staticmethod(cross_entropy)


class Sigmoid:
    """The binary cross-entropies of a sigmoid a class, summed over the classes."""

    @staticmethod
    def gradient(logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch mean at the logits."""
        return torch.sigmoid(logits).sub_(one_hot).div_(logits.shape[2])

    @staticmethod
    def of_examples(logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return each example's loss in nats, [R, B]."""
        return torch.nn.functional.softplus(logits).sub_(logits * one_hot).sum(1)


LOSSES: dict[str, type[Softmax] | type[Sigmoid]] = {"softmax": Softmax, "sigmoid": Sigmoid}
"""By the value of `loss_function`."""
