"""The images that a cell trains on, and those that are held out."""

import torch
from torch import Tensor

from ..cell import Cell
from ..datasets import Data
from ..declarations import held_out


def training_and_heldout(
    cell: Cell, data: Data
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return images and labels to train on, and those of the split that the cell names.

    With early stopping the latter are the examples that decide when training ends.
    """
    images, labels = _tensors(data.train_images, data.train_labels)
    held = held_out(len(images), cell.split, cell.patience)
    if held is not None:
        cut = len(images) - held
        return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])
    return (images, labels), test_set(data)


def test_set(data: Data) -> tuple[Tensor, Tensor]:
    """Return images and labels of the test set."""
    return _tensors(data.test_images, data.test_labels)


def _tensors(images: object, labels: object) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(images), torch.as_tensor(labels)
