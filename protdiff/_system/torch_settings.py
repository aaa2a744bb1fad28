"""Settings of torch that are put back after use; torch is imported when they are first needed."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

__all__ = ["one_thread", "single_precision"]


@contextmanager
def one_thread(device: object = "cpu") -> Iterator[None]:
    """Compute with one thread inside the context, if the device is a CPU.

    The last digits of a sum depend on the number of threads, and results must not depend on the
    machine.
    """
    import torch

    before = torch.get_num_threads()
    if str(device) == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def single_precision() -> Iterator[None]:
    """Make new tensors of 32 bits inside the context, as the networks are.

    A session may have another default, with which no network would take what it is given. All
    threads share it: it is put back when the last of them has left.
    """
    import torch

    with _Defaults.lock:
        if not _Defaults.users:
            _Defaults.before = torch.get_default_dtype()
            torch.set_default_dtype(torch.float32)
        _Defaults.users += 1
    try:
        yield
    finally:
        with _Defaults.lock:
            _Defaults.users -= 1
            if not _Defaults.users:
                torch.set_default_dtype(_Defaults.before)


class _Defaults:
    """The default of the session, and how many contexts have changed it."""

    lock = Lock()
    users = 0
    before: torch.dtype
