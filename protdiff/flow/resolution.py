"""How fine the detail is that a flow has resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .schedule import RG

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow

__all__ = ["cutoff_period", "half_resolved", "signal_share"]


def signal_share(flow: Flow, u: Float[Tensor, " batch"]) -> Float[Tensor, "batch components"]:
    """Share of signal in the variance of every component of noised Gaussian chains at times u."""
    kernel = flow.kernel(u)
    return kernel.alpha**2 * flow.variance / kernel.total


def cutoff_period(flow: Flow, u: Float[Tensor, " batch"]) -> Float[Tensor, " batch"] | None:
    """Period 2π/Λ (residues) of the cut-off at times u; None for flows that have none.

    Only RG flows have a cut-off. Scalar schedules dissolve all modes alike, and what `log_cutoff`
    of other schedules returns is a clock for the network.

    Examples
    --------
    >>> import torch
    >>> from protdiff import flows
    >>> cutoff_period(flows.get("vp", length=50), torch.tensor([0.5])) is None
    True
    """
    if not isinstance(flow.schedule, RG):
        return None
    return 2 * torch.pi * torch.exp(-flow.schedule.log_cutoff(u))


def half_resolved(flow: Flow, u: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """Shortest wavelength (residues) of the modes that are more signal than noise.

    It is that of the cut-off of an RG flow.

    Parameters
    ----------
    flow : Flow
        Of chains of any lengths.
    u : Tensor, shape (batch,)
        Time of every chain.

    Returns
    -------
    Tensor, shape (batch,)
        NaN for a chain of which all modes are mostly noise.

    Examples
    --------
    >>> import torch
    >>> from protdiff import flows
    >>> flow = flows.get("rg", length=50)
    >>> [half_resolved(flow, torch.tensor([u])).round().item() for u in (1.0, 0.5, 0.0)]
    [nan, 7.0, 2.0]
    """
    size = flow.mask.shape[1] // 2
    momenta, modes = flow.momenta[:, :size], flow.mask[:, :size]
    slowest_first = momenta.masked_fill(~modes, torch.inf).argsort(1)
    count = ((signal_share(flow, u)[:, :size] > 0.5) & modes).sum(1)
    finest = slowest_first.gather(1, (count - 1).clamp_min(0)[:, None])
    period = 2 * torch.pi / momenta.gather(1, finest)[:, 0]
    return torch.where(count > 0, period, torch.nan)
