"""Processor settings for the network."""

from contextlib import contextmanager

import torch

__all__ = ["flush_denormals"]


@contextmanager
def flush_denormals():
    """Treat denormal numbers as zero inside, as before outside.

    Radial functions of far pairs are denormal; computing with them is up to 90 times slower.
    """
    before = float(torch.tensor([1e-40]) * 1) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
