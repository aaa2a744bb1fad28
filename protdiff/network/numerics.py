"""Settings of torch that the network needs, each put back after use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from .._system.torch_settings import one_thread, single_precision

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_at_start", "flush_denormals", "one_thread", "pick_device"]


@contextmanager
def as_at_start() -> Iterator[None]:
    """Context in which a network is built as in a new session, whatever this one has set.

    Its parameters are float32, also where the default of torch is another one. Their first values,
    which are random, take no random numbers from the generator of the session.
    """
    with single_precision(), torch.random.fork_rng(devices=[]):
        yield


@contextmanager
def flush_denormals() -> Iterator[None]:
    """Treat denormal numbers as zero inside the context, and put the setting back after it.

    Attention to far pairs is denormal, and arithmetic with such numbers is up to 90 times slower.
    """
    before = float(torch.tensor([1e-40]) * 1) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def pick_device(device: str = "auto") -> str:
    """Name of an available torch device.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``, or ``"auto"`` for the fastest one present.

    Raises
    ------
    ValueError
        If the device is unknown or not available on this machine.

    Examples
    --------
    >>> from protdiff.network.numerics import pick_device
    >>> pick_device("cpu")
    'cpu'
    """
    device = str(device)
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, available in present.items() if available)
    kind = device.split(":")[0]
    if kind not in present:
        raise ValueError(f"device {device!r}: choose auto, cpu, cuda or mps")
    if not present[kind]:
        raise ValueError(f"device {device!r} is not available here; use cpu or auto")
    return device
