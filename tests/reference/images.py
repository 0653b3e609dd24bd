"""Images before they enter, and the length of training, in plain NumPy, by the maths alone.

Images are uint8 [batch, channels, height, width]. The random numbers are given, not drawn.
"""

import numpy as np


def jitter(images, pixels, offsets):
    """Pad by `pixels` zeros on every side; cut each image's size from its row and column.

    `offsets` [batch, 2]: row and column in the padded image, each 0 to 2 * pixels; at `pixels`
    the image stays as it is.
    """
    height, width = images.shape[2:]
    out = np.zeros_like(images)
    for image, moved, (top, left) in zip(images, out, offsets, strict=True):
        assert {top, left} <= {*range(2 * pixels + 1)}
        for y in range(height):
            for x in range(width):
                row, column = y + top - pixels, x + left - pixels
                if 0 <= row < height and 0 <= column < width:
                    moved[:, y, x] = image[:, row, column]
    return out


def flip(images, mirrored):
    """Left and right exchanged where `mirrored` [batch] is true."""
    return np.stack(
        [image[:, :, ::-1] if turn else image for image, turn in zip(images, mirrored, strict=True)]
    )


def input_norm(training_images, pixel_max):
    """Mean and standard deviation of pixel / pixel_max by channel, each [channels], four decimals.

    Over all pixels of all training images; the sum of squares is divided by their number.
    """
    pixels = training_images.swapaxes(0, 1).reshape(training_images.shape[1], -1) / pixel_max
    mean = pixels.mean(1)
    deviation = np.sqrt(((pixels - mean[:, None]) ** 2).mean(1))
    return mean.round(4), deviation.round(4)


def inputs(images, pixel_max, statistics=None):
    """What enters the network, float64: pixel / pixel_max, standardised by (mean, deviation)."""
    x = images / pixel_max
    if statistics is None:
        return x
    mean, deviation = (values[:, None, None] for values in statistics)
    return (x - mean) / deviation


def batch_sizes(examples, batch, last_batch="dropped"):
    """Examples in each update of one pass over the data."""
    whole, left = divmod(examples, batch)
    return [batch] * whole + ([left] if left and last_batch == "smaller" else [])


def iterations(epochs, examples, batch, last_batch="dropped"):
    """Updates in that many passes over the training examples."""
    return epochs * len(batch_sizes(examples, batch, last_batch))
