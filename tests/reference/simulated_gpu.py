"""A GPU that is none: tensors say `cuda:0` and are computed on the CPU, for dry runs.

    with SimulatedGPU() as gpu:
        program = ...  # on torch.device("cuda:0")
        with gpu.watching() as seen:
            program.step()
    assert seen.waits == [] and len(seen.kernels) < 200

Values are real. As on a GPU, a tensor elsewhere can't be in a call (but one number, or an index),
and what asks for values is noted as a wait. `gpu.record` does what a CUDA graph does: the work is
not done while it is recorded, and is later done again on the same memory, with the host's numbers
as they were.

Autograd has no threads for a device that is none: programs that need it are recorded on the CPU,
`SimulatedGPU(DEVICE_OF_AUTOGRAD)`, all of whose tensors then count as the GPU's.
"""

import contextlib
import functools
from dataclasses import dataclass, field

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

aten, prim = torch.ops.aten, torch.ops.prim
DEVICE, DEVICE_OF_AUTOGRAD = torch.device("cuda:0"), torch.device("cpu")
INDEXED = {aten.index, aten.index_put_, aten.index_put, aten._index_put_impl_}
UNLAUNCHED = {aten.empty, aten.empty_like, aten.new_empty, aten.empty_strided}


class DeviceTensor(torch.Tensor):
    """A tensor on the simulated GPU; `inner` has the values."""

    @staticmethod
    def __new__(cls, inner):
        shell = torch.empty_strided(inner.shape, inner.stride(), dtype=inner.dtype, device="meta")
        made = torch.Tensor._make_subclass(
            cls, shell, False, dispatch_device=True, device_for_backend_keys=DEVICE
        )
        made.inner = inner
        return made

    def __repr__(self):
        return f"DeviceTensor({self.inner!r})"

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        if function is prim.device.default:
            return DEVICE
        raise RuntimeError(f"{function} outside of the simulated GPU")

    # What follows are methods whose bindings ask for a CUDA build before anything is dispatched.

    @property
    def data(self):
        return self

    def tolist(self):
        return self.cpu().tolist()

    def copy_(self, source, non_blocking=False):
        return aten.copy_.default(self, source, non_blocking)

    def contiguous(self, memory_format=torch.contiguous_format):
        if self.is_contiguous(memory_format=memory_format):
            return self
        return self.clone(memory_format=memory_format)

    def __getitem__(self, key):
        keys = key if isinstance(key, tuple) else (key,)
        named = sum(one is not None and one is not Ellipsis for one in keys)
        found, at, indices = self, 0, []
        for one in keys:
            if one is None:
                found = found.unsqueeze(at)
            elif one is Ellipsis:
                at += self.dim() - named
                continue
            elif isinstance(one, int):
                found = found.select(at, one)
                continue
            elif isinstance(one, slice):
                found = aten.slice.Tensor(found, at, one.start, one.stop, one.step or 1)
            else:
                indices += [None] * (at - len(indices)) + [torch.as_tensor(one)]
            at += 1
        return aten.index.Tensor(found, indices) if indices else found

    def __setitem__(self, key, value):
        keys = key if isinstance(key, tuple) else (key,)
        chosen = [isinstance(one, (list, torch.Tensor)) for one in keys]
        if not any(chosen):
            place = self[keys]
            place.copy_(value) if isinstance(value, torch.Tensor) else place.fill_(value)
            return
        assert all(isinstance(one, slice) or c for one, c in zip(keys, chosen, strict=True))
        place = self[tuple(slice(None) if c else one for one, c in zip(keys, chosen, strict=True))]
        indices = [torch.as_tensor(one) if c else None for one, c in zip(keys, chosen, strict=True)]
        value = value if isinstance(value, torch.Tensor) else self.new_full((), value)
        aten.index_put_.default(place, indices, value)


@dataclass
class Seen:
    """What a GPU was asked for: kernels, waits for its values, and uploads from the host."""

    kernels: list = field(default_factory=list)
    waits: list = field(default_factory=list)
    uploads: list = field(default_factory=list)


class SimulatedGPU(TorchDispatchMode):
    """The machine with that GPU, inside."""

    def __init__(self, device=DEVICE):
        super().__init__()
        self.seen, self.apart = Seen(), device == DEVICE
        self._tape = self._saved = None

    def __enter__(self):
        self._lifts, self._lazy = torch._C._only_lift_cpu_tensors(), torch.cuda._lazy_init
        torch._C._set_only_lift_cpu_tensors(True)
        torch.cuda._lazy_init = lambda: None
        return super().__enter__()

    def __exit__(self, *raised):
        torch._C._set_only_lift_cpu_tensors(self._lifts)
        torch.cuda._lazy_init = self._lazy
        return super().__exit__(*raised)

    @property
    def recording(self):
        """Whether a graph is being recorded."""
        return self._tape is not None

    @contextlib.contextmanager
    def watching(self):
        """Yield what is seen inside."""
        before, self.seen = self.seen, Seen()
        try:
            yield self.seen
        finally:
            self.seen = before

    def eagerly(self, do):
        """As `graphs.Recorder` has it."""
        with self.watching() as seen:
            do()
        for kind in ("kernels", "waits", "uploads"):
            getattr(self.seen, kind).extend(getattr(seen, kind))
        return "it waits for values" if seen.waits or seen.uploads else ""

    def record(self, do):
        """As `graphs.Recorder` has it."""
        self._tape, self._saved = tape, saved = [], {}
        try:
            do()
        finally:
            self._tape = self._saved = None
            with _disable_current_modes():
                for storage, values in saved.values():
                    storage.copy_(values)

        def replay():
            with _disable_current_modes():
                for function, args, kwargs, out in tape:
                    again = function(*args, **kwargs)
                    for new, old in zip(_leaves(again), _leaves(out), strict=True):
                        if new is not old:
                            old.copy_(new)

        return replay

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if not self.apart:
            return self._done(function, args, kwargs)
        if function is prim.device.default:
            return DEVICE if isinstance(args[0], DeviceTensor) else torch.device("cpu")
        tensors = [one for one in _leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        mine = [one for one in tensors if isinstance(one, DeviceTensor)]
        others = [one for one in tensors if not isinstance(one, DeviceTensor)]
        wanted = kwargs.get("device")
        here = bool(mine) if wanted is None else torch.device(wanted).type == "cuda"
        self._check(function, args, mine, others, here)
        args, kwargs = _mapped(DeviceTensor, lambda one: one.inner, (args, kwargs))
        if wanted is not None:
            kwargs = kwargs | {"device": torch.device("cpu")}
        moved = (mine and not here) or (
            others and here and function.overloadpacket is aten._to_copy
        )
        out = self._done(function, args, kwargs) if here else function(*args, **kwargs)
        if moved and any(out is one for one in _leaves(args)):
            out = out.clone()
        if not here:
            return out
        known = {id(one.inner): one for one in mine}
        return _mapped(
            torch.Tensor, lambda one: known[id(one)] if id(one) in known else DeviceTensor(one), out
        )

    def _done(self, function, args, kwargs):
        """Do a call on the GPU; count and record it."""
        if self._tape is not None:
            if not self.apart and function.overloadpacket is aten._local_scalar_dense:
                raise RuntimeError(f"{function}: not while a graph is recorded")
            self._save(function, args, kwargs)
        out = function(*args, **kwargs)
        if not _is_view(function):
            if function.overloadpacket not in UNLAUNCHED:
                self.seen.kernels.append(function)
            if self._tape is not None:
                self._tape.append((function, args, kwargs, out))
        return out

    def _check(self, function, args, mine, others, here):
        """Note waits and uploads; raise where a call's tensors are of two devices."""
        packet = function.overloadpacket
        copies = packet in (aten.copy_, aten._to_copy)
        if (packet is aten._local_scalar_dense and mine) or (mine and not here):
            self.seen.waits.append(function)
        elif copies and packet is aten.copy_ and mine and others:
            down = not isinstance(args[0], DeviceTensor)
            (self.seen.waits if down else self.seen.uploads).append(function)
        elif (copies and here and others) or (here and packet in INDEXED and others):
            self.seen.uploads.append(function)
        elif mine and any(one.dim() for one in others):
            raise RuntimeError(f"{function}: tensors of two devices")
        else:
            return
        if self._tape is not None:
            raise RuntimeError(f"{function}: not while a graph is recorded")

    def _save(self, function, args, kwargs):
        """Keep what a call will write over, to be put back."""
        written = [
            value
            for argument, value in zip(function._schema.arguments, args, strict=False)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        written += [
            value
            for argument in function._schema.arguments
            if (value := kwargs.get(argument.name)) is not None
            and argument.alias_info is not None
            and argument.alias_info.is_write
        ]
        if function.overloadpacket is aten.native_batch_norm:  # its schema does not say so
            written += args[3:5]
        for one in (leaf for leaf in _leaves(written) if leaf is not None):
            storage = one.untyped_storage()
            if storage.data_ptr() not in self._saved:
                self._saved[storage.data_ptr()] = storage, storage.clone()


def _leaves(value):
    """The leaves of nested tuples, lists and dicts, in order; what is none of them is one leaf."""
    if isinstance(value, (tuple, list)):
        return [leaf for one in value for leaf in _leaves(one)]
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    return [value]


def _mapped(kind, change, value):
    """The same tuples, lists and dicts with what is of a kind changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_mapped(kind, change, one) for one in value])
    if isinstance(value, dict):
        return {name: _mapped(kind, change, one) for name, one in value.items()}
    return value


@functools.cache
def _is_view(function):
    """Whether all that a call returns are views of what it was given."""
    returns = function._schema.returns
    return bool(returns) and all(
        one.alias_info is not None and not one.alias_info.is_write for one in returns
    )
