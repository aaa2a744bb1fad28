"""Settings of torch and e3nn for the network, each restored after use."""

from contextlib import contextmanager

import e3nn
import torch

__all__ = ["flush_denormals", "pick_device", "plain_e3nn"]


@contextmanager
def flush_denormals():
    """Treat denormal numbers as zero inside, as before outside.

    Attention to far pairs is denormal; computing with such numbers is up to 90 times slower.
    """
    before = float(torch.tensor([1e-40]) * 1) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextmanager
def plain_e3nn():
    """Build e3nn modules without TorchScript: they load faster and `torch.compile` takes them."""
    before = e3nn.get_optimization_defaults()["jit_script_fx"]
    e3nn.set_optimization_defaults(jit_script_fx=False)
    try:
        yield
    finally:
        e3nn.set_optimization_defaults(jit_script_fx=before)


def pick_device(device="auto"):
    """Name of an available torch device; ValueError when the one asked for is absent."""
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
