"""A device that does not exist, to find out what code that runs on one would wait for.

Tensors "there" say that their device is `meta`, and hold a CPU tensor that does the work. Every
operation is looked at: tensors here and there may not be mixed, and while `alone` is entered
nothing may be read from there, or sent.
"""

from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

__all__ = ["DEVICE", "NotAlone", "PretendedDevice"]

DEVICE = "meta"
MOVES = {"_to_copy", "copy_"}
READS = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim"}


class NotAlone(RuntimeError):
    """The device would have waited for its host, or the host for the device."""


class There(torch.Tensor):
    """A tensor on the device."""

    @staticmethod
    def __new__(cls, here):
        return torch.Tensor._make_wrapper_subclass(
            cls, here.shape, dtype=here.dtype, device=DEVICE, strides=here.stride(),
            storage_offset=here.storage_offset(),
        )  # fmt: skip

    def __init__(self, here):
        self.here = here

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise NotAlone(f"{function} outside of the pretended device")


def _is_there(tensor):
    return isinstance(tensor, There)


class PretendedDevice(TorchDispatchMode):
    """While entered, `DEVICE` can be computed on."""

    def __init__(self):
        super().__init__()
        self.watched = False

    @contextmanager
    def alone(self):
        """The device has to do with what it has."""
        self.watched = True
        try:
            yield
        finally:
            self.watched = False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name, kwargs = function.overloadpacket.__name__, dict(kwargs or {})
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        there = any(map(_is_there, tensors))
        if name not in MOVES and there:
            strays = [t for t in tensors if not _is_there(t) and t.ndim > 0]
            if strays:
                raise NotAlone(f"{function}: a tensor of {tuple(strays[0].shape)} is not there")
        if kwargs.get("device") is not None:
            target = torch.device(kwargs["device"]).type == DEVICE
            kwargs["device"] = "cpu"
        else:
            target = _is_there(args[0]) if name == "copy_" else there
        if self.watched:
            self._watch(name, args, tensors, target)
        here = (tree_map(lambda t: t.here if _is_there(t) else t, x) for x in (args, kwargs))
        positional, named = here
        out = function(*positional, **named)
        known = {id(t.here): t for t in tensors if _is_there(t)}

        def placed(value):
            if not isinstance(value, torch.Tensor) or not target:
                return value
            return known.get(id(value)) if id(value) in known else There(value)

        return out if name == "_local_scalar_dense" else tree_map(placed, out)

    def _watch(self, name, args, tensors, target):
        there = any(map(_is_there, tensors))
        if name in READS and there:
            raise NotAlone(f"{name} reads from the device")
        if name in MOVES and any(_is_there(t) != target for t in tensors):
            raise NotAlone(f"{name} of {tuple(tensors[0].shape)} between host and device")
        if name.startswith("index") and there:
            indices = [t for t in tree_leaves(args[1:]) if isinstance(t, torch.Tensor)]
            if any(t.dtype == torch.bool for t in indices):
                raise NotAlone(f"{name} with a mask: its size is read from the device")
