"""Characters as codes, and a text cut into its three parts."""

from typing import TYPE_CHECKING

from .kinds import Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SYMBOLS = 256
"""Symbols that one byte a character can tell apart."""


def symbols(text: str) -> str:
    """Return the characters that occur in `text`, by code point: its alphabet."""
    return "".join(sorted(set(text)))


def encode(text: str, alphabet: str) -> "NDArray[np.uint8]":
    """Return the code [characters] of each character: its place in `alphabet`.

    The characters of `text` are in `alphabet`, which has at most MOST_SYMBOLS.
    """
    import numpy as np

    code_of = np.zeros(max(map(ord, alphabet)) + 1, np.uint8)
    code_of[[ord(symbol) for symbol in alphabet]] = np.arange(len(alphabet))
    return code_of[np.frombuffer(text.encode("utf-32-le"), "<u4")]


def split(text: str) -> Text:
    """Return `text` cut by characters: the first 90 % train, the next 5 % valid, the last test.

    The alphabet is what occurs in the whole of it, so that no part has an unknown symbol. Raises
    ValueError where that is more than MOST_SYMBOLS.
    """
    alphabet = symbols(text)
    if len(alphabet) > MOST_SYMBOLS:
        raise ValueError(f"{len(alphabet):,} different symbols, {MOST_SYMBOLS} are the most")
    codes = encode(text, alphabet)
    train, valid = len(codes) * 90 // 100, len(codes) * 95 // 100
    return Text(
        train=codes[:train],
        valid=codes[train:valid],
        test=codes[valid:],
        alphabet=alphabet,
    )
