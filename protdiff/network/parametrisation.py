"""What a network's output means: the clean estimate is ``skip x + out F``.

Everywhere but in RGDM, F corrects the Gaussian chain's estimate (docs/theory.md 4). RGDM's network
predicts the noise of the modes in the momentum shell, is blind to those that are integrated out,
and leaves those alone that the shell has not reached (arXiv 2501.09064).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..flow.rgdm import ShellClock

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from ..flow import Flow, Kernel

    PerComponent = Float[Tensor, "batch components"]
    Components = Bool[Tensor, "batch components"]

__all__ = ["ACTIVE_SIGNAL", "active_modes", "coefficients", "predicts_noise", "seen_and_predicted"]

#: Modes that keep less than this share α² of their signal count as pure noise: the network does not
#: see them, and their estimate is the Gaussian chain's.
ACTIVE_SIGNAL = 0.003
#: Shares α² of signal beyond which a mode of RGDM's flow is untouched, or integrated out; it is
#: 4e-5 at least, and 0.9999 at most, in the shell.
UNTOUCHED, INTEGRATED_OUT = 1 - 1e-9, 1e-9


def active_modes(alpha: PerComponent, mask: Components) -> Components:
    """Components with enough signal for the network; of the trace, these are the first modes."""
    return mask & (alpha.square() >= ACTIVE_SIGNAL)


def predicts_noise(flow: Flow) -> bool:
    """Whether the network of this flow predicts noise, as RGDM's does."""
    return isinstance(flow.schedule, ShellClock)


def seen_and_predicted(flow: Flow, kernel: Kernel) -> tuple[Components, Components]:
    """Components that the network sees, and those of which its output counts."""
    if not predicts_noise(flow):
        active = active_modes(kernel.alpha, flow.mask)
        return active, active
    signal = kernel.alpha.square()
    seen = flow.mask & (signal > INTEGRATED_OUT)
    return seen, seen & (signal < UNTOUCHED)


def coefficients(flow: Flow, kernel: Kernel) -> tuple[PerComponent, PerComponent]:
    """`skip` and `out` of every component."""
    if not predicts_noise(flow):
        return kernel.c_skip, kernel.c_out
    seen, predicted = seen_and_predicted(flow, kernel)
    zero = torch.zeros_like(kernel.alpha)
    skip = torch.where(seen, 1 / kernel.alpha, zero)
    return skip, torch.where(predicted, -kernel.sigma / kernel.alpha, zero)
