"""Four small files in place of the published ones."""

import gzip

import numpy as np
from sgbench.bench.datasets import mnist


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.tobytes()


def make_arrays():
    rng = np.random.default_rng(0)
    shapes = [(12, 28, 28), (12,), (6, 28, 28), (6,)]
    arrays = [
        rng.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8) for shape in shapes
    ]
    return dict(zip(mnist.FILES, arrays, strict=True))


ARRAYS = make_arrays()

PLAIN = {name: idx(array) for name, array in ARRAYS.items()}

PACKED = {name: gzip.compress(content, mtime=0) for name, content in PLAIN.items()}

IMAGES = "train-images-idx3-ubyte"


def packed_names():
    return {f"{name}.gz": content for name, content in PACKED.items()}
