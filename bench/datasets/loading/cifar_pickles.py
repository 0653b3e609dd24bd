"""CIFAR-10's Python version: pickled batches, read by an interpreter that can run nothing.

A pickle is a program, and unpickling it may call anything. Here its instructions are carried out
on plain values alone: numpy's array and type are marks on the stack, which no code stands behind,
and any other name, or an instruction that such a file does not need, is refused.
"""

import pickletools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ...errors import one_line
from .cifar_binary import PIXELS
from .files import UNREADABLE

LONGEST = 2 << 20
"""Bytes of a batch beyond its pixels: names of files and labels, which take 0.3 MB."""
MOST_INSTRUCTIONS = 8
"""Instructions for each image: a label, the name of a file, and their places in memory."""
_ARRAY, _TYPE, _ENCODED = "an array", "a type", "text as bytes"
_NAMES = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _ARRAY for core in ("core", "_core")},
    ("numpy", "ndarray"): "the class of arrays",
    ("numpy", "dtype"): _TYPE,
    ("_codecs", "encode"): _ENCODED,
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINSTRING", "SHORT_BINSTRING", "BINBYTES"),
    *("SHORT_BINBYTES", "BINUNICODE", "SHORT_BINUNICODE"),
}
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NOTHING = {"PROTO", "FRAME", "STOP"}


@dataclass(frozen=True, slots=True)
class _Name:
    """A name of the module that a pickle asks for."""

    meaning: str


@dataclass(slots=True)
class _Made:
    """An object that a pickle asks for: whose class, with which arguments, and its state."""

    meaning: str
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(slots=True)
class _Machine:
    stack: list[Any] = field(default_factory=list[Any])
    marks: list[int] = field(default_factory=list[int])
    memo: dict[int, Any] = field(default_factory=dict[int, Any])

    def above(self, count: int) -> list[Any]:
        """Take the topmost values."""
        if not 0 <= count <= len(self.stack) - (self.marks[-1] if self.marks else 0):
            raise ValueError("its instructions do not fit together")
        found = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return found

    def marked(self) -> list[Any]:
        """Take the values above the last mark."""
        if not self.marks:
            raise ValueError("its instructions do not fit together")
        return self.above(len(self.stack) - self.marks.pop())


def records(path: Path, rows: int) -> bytes:
    """Return the batch of a file as in the binary version: a label byte and the pixels, by row.

    Raises ValueError, with the reason in words, where it is no such batch of `rows` images.
    """
    import numpy as np

    most = rows * PIXELS + LONGEST
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except UNREADABLE as error:
        raise ValueError(f"it cannot be read ({error})") from error
    if len(content) > most:
        raise ValueError(f"it has more than the {most:,} bytes of {rows:,} images")
    batch = _plain(content, MOST_INSTRUCTIONS * rows + 10_000)
    if not isinstance(batch, dict):
        raise ValueError("it is no dictionary")
    values = {_text(name): value for name, value in cast("dict[Any, Any]", batch).items()}
    labels, pixels = values.get("labels"), _pixels(values.get("data"), rows)
    if not isinstance(labels, list) or len(cast("list[Any]", labels)) != rows:
        raise ValueError(f"it has no list of {rows:,} labels")
    if any(type(label) is not int or not 0 <= label <= 9 for label in cast("list[Any]", labels)):
        raise ValueError("a label is not 0 to 9")
    found = np.empty((rows, 1 + PIXELS), np.uint8)
    found[:, 0] = labels
    found[:, 1:] = np.frombuffer(pixels, np.uint8).reshape(rows, PIXELS)
    return found.tobytes()


def _pixels(array: Any, rows: int) -> bytes:
    """Return the content of the array [rows, PIXELS] of unsigned bytes."""
    if not isinstance(array, _Made) or array.meaning != _ARRAY:
        raise ValueError("it has no array of data")
    state = cast("tuple[Any, ...]", array.state) if isinstance(array.state, tuple) else ()
    if len(state) == 5:
        _, shape, kind, by_column, raw = state
        content = raw.encode("latin-1") if isinstance(raw, str) else raw
        fits = _is_u1(kind) and shape == (rows, PIXELS) and not by_column
        if fits and isinstance(content, bytes) and len(content) == rows * PIXELS:
            return content
    raise ValueError(f"its data is not {rows:,} x {PIXELS:,} bytes")


def _is_u1(kind: Any) -> bool:
    """Tell whether a value is the type of unsigned bytes."""
    known = isinstance(kind, _Made) and kind.meaning == _TYPE
    return known and kind.arguments[:1] in (("u1",), ("uint8",))


def _text(name: Any) -> Any:
    return name.decode("latin-1") if isinstance(name, bytes) else name


def _plain(content: bytes, most: int) -> Any:
    """Return what a pickle holds, with marks for numpy's arrays; ValueError where it is none."""
    machine = _Machine()
    try:
        for number, (code, argument, _) in enumerate(pickletools.genops(content)):
            if number > most:
                raise ValueError(f"it has more than {most:,} instructions")
            _carry_out(machine, code.name, argument)
    except (ValueError, UnicodeError, KeyError, TypeError) as error:
        raise ValueError(f"it is no pickle of a batch ({one_line(str(error)):.80})") from error
    if machine.marks or len(machine.stack) != 1:
        raise ValueError("it is no pickle of a batch (it is incomplete)")
    return machine.stack[0]


def _carry_out(machine: _Machine, name: str, argument: Any) -> None:  # noqa: PLR0912  a branch for each instruction
    push = machine.stack.append
    if name in _LITERALS:
        push(argument)
    elif name in _CONSTANTS:
        push(_CONSTANTS[name])
    elif name in _EMPTY:
        push(_EMPTY[name]())
    elif name in _TUPLES:
        push(tuple(machine.above(_TUPLES[name])))
    elif name == "TUPLE":
        push(tuple(machine.marked()))
    elif name == "MARK":
        machine.marks.append(len(machine.stack))
    elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
        (top,) = machine.above(1)
        push(top)
        machine.memo[len(machine.memo) if name == "MEMOIZE" else argument] = top
    elif name in ("BINGET", "LONG_BINGET"):
        push(machine.memo[argument])
    elif name == "APPEND":
        (value,) = machine.above(1)
        _top(machine, list).append(value)
    elif name == "APPENDS":
        values = machine.marked()
        _top(machine, list).extend(values)
    elif name in ("SETITEM", "SETITEMS"):
        pairs = machine.above(2) if name == "SETITEM" else machine.marked()
        if not all(isinstance(name, (str, bytes)) for name in pairs[::2]):
            raise ValueError("a key is no text")
        _top(machine, dict).update(zip(pairs[::2], pairs[1::2], strict=True))
    elif name in ("GLOBAL", "STACK_GLOBAL"):
        asked = machine.above(2) if name == "STACK_GLOBAL" else str(argument).split(" ")
        push(_name(asked))
    elif name == "REDUCE":
        called, arguments = machine.above(2)
        if not isinstance(called, _Name) or not isinstance(arguments, tuple):
            raise ValueError("it calls what is no name")
        push(_made(called.meaning, cast("tuple[Any, ...]", arguments)))
    elif name == "BUILD":
        (state,) = machine.above(1)
        _top(machine, _Made).state = state
    elif name not in _NOTHING:
        raise ValueError(f"it has the instruction {name}")


def _top(machine: _Machine, kind: type[Any]) -> Any:
    """Return the value on top, which is of that type."""
    if not machine.stack or type(machine.stack[-1]) is not kind:
        raise ValueError("its instructions do not fit together")
    return machine.stack[-1]


def _made(meaning: str, arguments: tuple[Any, ...]) -> "_Made | bytes":
    """Return the mark of what a name is called for; of bytes, as Python 3 has them, the bytes."""
    if meaning != _ENCODED:
        return _Made(meaning, arguments)
    if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] != "latin1":
        raise ValueError("it encodes no text")
    return arguments[0].encode("latin-1")


def _name(asked: Sequence[Any]) -> _Name:
    """Return the mark of a name; ValueError for one that no array needs."""
    words = [word for word in asked if isinstance(word, str)]
    meaning = _NAMES.get((words[0], words[1])) if len(words) == len(asked) == 2 else None
    if meaning is None:
        raise ValueError(f"it asks for {'.'.join(words) or 'what has no name'}")
    return _Name(meaning)
