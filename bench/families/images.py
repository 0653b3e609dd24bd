"""The images that a cell trains on, and those that are held out."""

import torch
from torch import Tensor

from ..cell import Cell
from ..datasets import Data


def training_and_heldout(
    cell: Cell, data: Data
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return images and labels to train on, and those of the split that the cell names."""
    images, labels = _tensors(data.train_images, data.train_labels)
    if cell.split == "validation":  # the last sixth of the training set
        cut = len(images) - len(images) // 6
        return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])
    return (images, labels), _tensors(data.test_images, data.test_labels)


def _tensors(images: object, labels: object) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(images), torch.as_tensor(labels)
