"""Alterations of training images: normalisation, shifts and mirroring."""

import torch
from torch import Tensor

from ...errors import UsageError

JITTER, FLIP = "jitter", "flip"
"""Streams of noise that shifts and mirroring are drawn from."""
DIGITS = 4  # to which mean and deviation are rounded, as they are published


def standards(images: Tensor, pixel_max: int) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation [C, 1, 1] of pixels in [0, 1], by channel, float64.

    They are rounded to four digits: MNIST's are 0.1307 and 0.3081.

    Args:
        images: the training images, uint8 [N, C, H, W].
        pixel_max: the value of the brightest pixel.

    Raises UsageError where a channel is the same in all images.
    """
    levels = torch.arange(256, dtype=torch.float64) / pixel_max
    found: list[tuple[Tensor, Tensor]] = []
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].flatten().long(), minlength=256).cpu()
        share = counts.double() / counts.sum()
        mean = (share * levels).sum()
        found.append((mean, (share * (levels - mean).square()).sum().sqrt()))
    means, deviations = zip(*found, strict=True)
    rounded = _rounded(deviations)
    if not rounded.all():
        channel = int(rounded.flatten().argmin())
        raise UsageError(
            f"input_norm=standard: channel {channel} of the training images hardly varies (its"
            f" standard deviation is below 1e-{DIGITS}); leave input_norm out"
        )
    return _rounded(means), rounded


def _rounded(values: tuple[Tensor, ...]) -> Tensor:
    return torch.stack(values).round(decimals=DIGITS).view(-1, 1, 1)


class Padded:
    """Images with `margin` pixels of zero on every side, of which crops are taken.

    Args:
        images: uint8 [N, C, H, W].
        margin: pixels.
    """

    def __init__(self, images: Tensor, margin: int) -> None:
        channels, height, width = images.shape[1:]
        self._shape = (channels, height, width)
        padded = torch.nn.functional.pad(images, [margin] * 4) if margin else images
        self._rows = padded.flatten(1)
        tall, wide = padded.shape[2:]
        channel = torch.arange(channels, device=images.device).view(-1, 1, 1) * tall * wide
        row = torch.arange(height, device=images.device).view(-1, 1) * wide
        self._wide, self._start = wide, channel + row
        self._columns = torch.arange(width, device=images.device)

    def crop(self, index: Tensor, offsets: Tensor | None, mirrored: Tensor | None) -> Tensor:
        """Return images [R, B, C, H, W] of indices [R, B].

        Args:
            index: which images.
            offsets: the upper left corner of each crop in the padded image, down and to the right,
                [R, 2, B]; None for (0, 0).
            mirrored: which crops are mirrored, left to right, [R, B]; None for none.
        """
        columns = self._columns.expand(index.numel(), 1, 1, -1)
        if mirrored is not None:
            turned = mirrored.flatten().view(-1, 1, 1, 1)
            columns = torch.where(turned, columns.flip(3), columns)
        pixels = self._start + columns  # [R * B, C, H, W], of a crop at (0, 0)
        if offsets is not None:
            down, right = offsets.transpose(0, 1).flatten(1)
            pixels = pixels + (down * self._wide + right).view(-1, 1, 1, 1)
        rows = self._rows.index_select(0, index.flatten())
        return rows.gather(1, pixels.flatten(1)).view(*index.shape, *self._shape)
