"""A window of a noisy chain as a state of the window's own flow (docs/theory.md 5).

At a cut-off Λ, α and σ of an RG flow are functions of the momentum alone: V^T diag(α) V is a filter
that looks 2π/Λ residues to either side. So the noisy chain of N residues, cut to a window, is the
noisy chain of the window at the time when its own flow has this cut-off, noise included. Filters
and noise differ within 2π/Λ of the cuts only. The prior must be one function of the momentum for
all lengths, as "harmonic" is; others are so at all but the longest waves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .modes import cosine_modes

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow

__all__ = ["time_in_window", "window_state"]


def time_in_window(whole: Flow, u: float, window: Flow) -> float:
    """The time at which the flow of a window has the cut-off that the whole chain has at time u.

    Parameters
    ----------
    whole, window : Flow
        Of one chain each, both on an RG schedule.
    u : float
    """
    cutoff = whole.schedule.log_cutoff(torch.tensor([u], dtype=torch.float64))
    return float(window.schedule.time_of(cutoff))


def window_state(
    state: Float[Tensor, "components coordinates"], start: int, stop: int
) -> Float[Tensor, "window_components coordinates"]:
    """Noisy components of residues [start, stop) of a chain, about their own centroid.

    Parameters
    ----------
    state : Tensor, shape (2N, 3)
        Noisy components of the whole chain, N modes and then N places of link vectors.
    start, stop : int
        W residues, from 0.

    Returns
    -------
    Tensor, shape (2W, 3)

    Examples
    --------
    >>> import torch
    >>> window_state(torch.zeros(40, 3, dtype=torch.float64), 5, 15).shape
    torch.Size([20, 3])
    """
    n, w = len(state) // 2, stop - start
    part = cosine_modes(n)[:, start:stop].mT @ state[:n]
    modes = cosine_modes(w) @ part
    modes[0] = 0
    links = torch.zeros_like(modes)
    links[: w - 1] = state[n + start : n + stop - 1]
    return torch.cat([modes, links])
