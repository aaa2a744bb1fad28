"""Times at which samplers call the denoiser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .rgdm import ShellClock
from .schedule import RG
from .time_density import PROTEIN_DENSITY, TimeDensity

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow

__all__ = ["sampling_times", "uniform_times"]


def uniform_times(steps: int) -> Float[Tensor, "{steps}"]:
    """Equally spaced times from 1 to 0, float64.

    For RG flows they are uniform in ln Λ; on a `VE` schedule they are EDM's noise levels.

    Examples
    --------
    >>> from protdiff.flow import uniform_times
    >>> uniform_times(5).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if steps < 1:
        raise ValueError(f"a sampler needs at least 1 step, not {steps}")
    return torch.linspace(1, 0, steps, dtype=torch.float64)


def sampling_times(
    flow: Flow, steps: int, start: float = 1.0, density: TimeDensity = PROTEIN_DENSITY
) -> Float[Tensor, "{steps}"]:
    """Times at which to sample a protein, falling from `start`, float64.

    For RG flows they fall to `density.last` (0.1 by default; half of `start` where that is less),
    and are densest where the estimate of a protein changes most. Of equally spaced times, a third
    would come when the structure is decided to within 0.2 Å. For other flows they are equally
    spaced, down to 0.

    Parameters
    ----------
    flow : Flow
    steps : int
        Number of times.
    start : float
        First time.
    density : TimeDensity
        Of the times of RG flows.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.flow import sampling_times
    >>> sampling_times(protdiff.flows.get("rg"), 4).round(decimals=2).tolist()
    [1.0, 0.65, 0.45, 0.1]
    """
    if isinstance(flow.schedule, ShellClock):
        return start * (uniform_times(steps) * (steps - 1) + 0.5) / steps  # middles of its steps
    if not isinstance(flow.schedule, RG):
        return start * uniform_times(steps)
    if steps < 1:
        raise ValueError(f"a sampler needs at least 1 step, not {steps}")
    grid = torch.linspace(start, min(density.last, start / 2), 1001, dtype=torch.float64)
    # The integral of the density up to every time, but for a constant.
    rise = density.height * density.width * torch.pi**0.5 / 2
    amount = grid + rise * torch.erf((grid - density.centre) / density.width)
    wanted = torch.linspace(float(amount[0]), float(amount[-1]), steps, dtype=torch.float64)
    return torch.from_numpy(np.interp(wanted.flip(0), amount.flip(0), grid.flip(0))).flip(0)
