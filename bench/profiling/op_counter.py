"""Counts of a step's FLOPs, bytes and memory, by a recorder of every operation that torch does.

FLOPs are those of products (of matrices and convolutions), two for each multiply-add, as torch's
own counter has it. Bytes are what every operation reads and writes, as if it found and left
everything in memory: a gather reads the rows it takes, a view moves nothing. Memory is what the
program keeps, and what a step has besides at its fullest.
"""

import gc
import math
import types
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten: Any = torch.ops.aten

MATRICES = {aten.mm, aten.addmm, aten.bmm, aten.baddbmm}
ADDED = {aten.addmm, aten.baddbmm}
CONVOLUTIONS = {aten.convolution, aten.convolution_backward}
ADAM = aten._fused_adam_
_COMPOSITE = {aten.matmul, aten.linear, aten.einsum, aten.tensordot}
"""Made of products, and seen as one where autograd is off."""
_GATHERS = {aten.index_select, aten.index, aten.gather}  # read no more than they take
_SCATTERS = {aten.scatter_, aten.scatter_add_, aten.index_put_}  # write no more than they are given
_OVERWRITES = {aten.copy_, aten.fill_, aten.zero_}  # do not read what they write over
_NOTHING = {aten.empty, aten.empty_like, aten.new_empty, aten.empty_strided, aten.new_empty_strided}


class Placed(NamedTuple):
    """A tensor without its values: its shape, and where it lies."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype
    memory: tuple[int, int]
    """Address and bytes of the storage: tensors of one storage share it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A product or an Adam: which of aten's operations, and on what."""

    operation: Any
    arguments: tuple[Any, ...]
    """As they were given, with a `Placed` for a tensor."""
    out: Placed | None
    """The memory that a product of matrices was written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a step, as the mean over the steps that were recorded."""

    flops: float
    bytes: float
    adam_bytes: float
    """The bytes among those that Adam reads and writes."""
    peak_bytes: int
    """The most that a step holds at a time, beside what the program keeps."""
    steps: tuple[tuple[Call, ...], ...]
    """The products and Adams of each step, in their order."""


def count(step: Callable[[], object], steps: int = 1) -> Cost:
    """Do `steps` steps, and count.

    The first steps of a program are best done before: they may differ from those that follow.
    """
    recorders = [Recorder() for _ in range(steps)]
    for recorder in recorders:
        with recorder:
            step()
    return Cost(
        flops=sum(r.flops for r in recorders) / steps,
        bytes=sum(r.bytes for r in recorders) / steps,
        adam_bytes=sum(r.adam_bytes for r in recorders) / steps,
        peak_bytes=max(r.peak for r in recorders),
        steps=tuple(tuple(r.calls) for r in recorders),
    )


class Recorder(TorchDispatchMode):
    """Counts what is done within it, autograd's part too; holds no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = self.bytes = self.adam_bytes = self.peak = 0
        self.calls: list[Call] = []
        self._live: dict[int, int] = {}
        self._now = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Do an operation, and count it."""
        kwargs = kwargs or {}
        operation = func.overloadpacket
        if operation in _COMPOSITE:
            with self:
                return func.decompose(*args, **kwargs)
        found = func(*args, **kwargs)
        outputs = list(_tensors(found))
        if _is_view(func):
            return found
        moved = 0 if operation in _NOTHING else _moved(func, args, kwargs, outputs)
        self.bytes += moved
        for tensor in outputs:
            self._hold(tensor)
        if operation is ADAM:
            self.adam_bytes += moved
            self.calls.append(Call(operation, _placed(args), None))
        elif operation in MATRICES or operation in CONVOLUTIONS:
            out = _placed(outputs[0]) if operation in MATRICES else None
            self.calls.append(Call(operation, _placed(args), out))
            self.flops += flops(self.calls[-1])
        return found

    def _hold(self, tensor: Tensor) -> None:
        storage: Any = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._live:
            self._live[key] = storage.nbytes()
            self._now += storage.nbytes()
            self.peak = max(self.peak, self._now)
            weakref.finalize(storage, self._release, key)

    def _release(self, key: int) -> None:
        self._now -= self._live.pop(key, 0)


def flops(call: Call) -> int:
    """Return the FLOPs of a product: two for each multiply-add; 0 of what is none."""
    if call.operation in MATRICES:
        first, second = factors(call)
        return 2 * math.prod(first.shape) * second.shape[-1]
    if call.operation in CONVOLUTIONS:  # of stride 1, and as many positions out as in
        forward = call.operation is aten.convolution
        maps, weight = call.arguments[0], call.arguments[1 if forward else 2]
        wanted = 1 if forward else sum(call.arguments[-1][:2])  # gradients: input's, weight's
        positions = maps.shape[0] * math.prod(maps.shape[2:])
        return 2 * wanted * positions * math.prod(weight.shape)
    return 0


def factors(call: Call) -> tuple[Placed, Placed]:
    """Return the two matrices (or batches of them) of a product of matrices."""
    first, second = call.arguments[1:3] if call.operation in ADDED else call.arguments[:2]
    return first, second


def resident(program: object) -> int:
    """Return the bytes of all tensors that `program` keeps, its data among them, each once."""
    seen: set[int] = set()
    storages: dict[int, int] = {}
    ahead: list[Any] = [program]
    while ahead:
        thing = ahead.pop()
        if id(thing) in seen or isinstance(thing, _NOT_LOOKED_INTO):
            continue
        seen.add(id(thing))
        if isinstance(thing, Tensor):
            storage = thing.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        else:
            ahead.extend(gc.get_referents(thing))
    return sum(storages.values())


_NOT_LOOKED_INTO = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str)


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in cast("list[Any]", values):
            yield from _tensors(value)


def _placed(values: Any) -> Any:
    """Return `values` with a Placed in the place of each tensor."""
    if isinstance(values, Tensor):
        storage = values.untyped_storage()
        return Placed(
            tuple(values.shape),
            tuple(values.stride()),
            int(values.storage_offset()),
            values.dtype,
            (storage.data_ptr(), storage.nbytes()),
        )
    if isinstance(values, (list, tuple)):
        return tuple(_placed(value) for value in cast("list[Any]", values))
    return values


def _is_view(func: Any) -> bool:
    """Tell whether an operation returns what it was given, seen otherwise."""
    returns = func._schema.returns
    return bool(returns) and all(r.alias_info and not r.alias_info.is_write for r in returns)


def _size(tensor: Tensor) -> int:
    """Return the bytes of a tensor, of what is expanded once."""
    sizes = (n for n, step in zip(tensor.shape, tensor.stride(), strict=True) if step)
    return math.prod(sizes) * tensor.element_size()


def _moved(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor]) -> int:
    """Return the bytes that an operation reads and writes."""
    operation = func.overloadpacket
    if operation is ADAM:  # reads weights, gradients and moments; writes all but the gradients
        return 7 * sum(map(_size, args[0]))
    read = written = 0
    for number, argument in enumerate(func._schema.arguments):
        given = args[number] if number < len(args) else kwargs.get(argument.name)
        size = sum(map(_size, _tensors(given)))
        changed = argument.alias_info is not None and argument.alias_info.is_write
        if changed and operation in _SCATTERS:
            continue
        if changed:
            written += size
        if operation in _GATHERS and number == 0:
            size = sum(map(_size, outputs))
        if not (changed and (argument.is_out or operation in _OVERWRITES)):
            read += size
    if operation in _SCATTERS:  # as many places as there are indices
        index = next(_tensors(args[2] if operation is not aten.index_put_ else args[1]))
        written += index.numel() * args[0].element_size()
    fresh = not any(r.alias_info for r in func._schema.returns)
    return read + written + (sum(map(_size, outputs)) if fresh else 0)
