"""Small files of one's own: IDX, CIFAR binaries and Parquet shards, and a description of them."""

import numpy as np
from small_files.mnist import idx

CLASSES = 3
LABELS = {"train": [0, 1, 2, 1, 0, 2], "t10k": [2, 0, 1]}


def images(count, shape=(5, 4), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def idx_files():
    """Six images to train on and three for the test, of 5 x 4 pixels, as IDX files."""
    contents = {}
    for part, labels in LABELS.items():
        contents[f"{part}-images-idx3-ubyte"] = idx(images(len(labels), seed=len(labels)))
        contents[f"{part}-labels-idx1-ubyte"] = idx(np.array(labels, np.uint8))
    return contents


def description(folder="pictures", form="idx", name="Small pictures"):
    """The three lines of a TOML file."""
    return f'name = "{name}"\nformat = "{form}"\nfolder = "{folder}"\n'
