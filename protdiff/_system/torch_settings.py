"""The number of compute threads of torch, put back after use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_thread"]


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
