"""Coarse-graining a structure along its chain, as the forward flow does on average."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float64

    from ..structure.backbone import Backbone

__all__ = ["coarsen", "cutoff_periods"]


def cutoff_periods(length: int, count: int) -> Float64[np.ndarray, "count"]:
    """Periods of cut-offs from single residues to the whole chain, equally spaced in ln Λ.

    The first is 2 residues, the shortest period that a chain has, the last 2N residues, the
    longest.

    Examples
    --------
    >>> cutoff_periods(100, 3).round(1).tolist()
    [2.0, 20.0, 200.0]
    """
    return np.exp(np.linspace(np.log(2.0), np.log(2.0 * length), count))


def coarsen(backbone: Backbone, period: float, regulator: str = "lognormal") -> Backbone:
    """Smooth a chain: modes of periods shorter than a cut-off dissolve.

    The mode of momentum k is multiplied by the factor α(k) that the RG flow leaves it at the
    cut-off Λ = 2π/period. This is the mean of the forward process, E[x(u) | x(0)]. The centroid
    stays.

    Parameters
    ----------
    backbone : Backbone
        Any number of chains, each on its own. Residues without a CA are dropped.
    period : float
        Period of the cut-off in residues.
    regulator : str
        Key of `protdiff.flow.REGULATORS`: how sharp the cut-off is.

    Returns
    -------
    Backbone
        CA atoms only.

    Examples
    --------
    A zig-zag chain becomes straight:

    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> coords = np.full((20, 4, 3), np.nan)
    >>> coords[:, 1] = np.stack([3.3 * np.arange(20), np.arange(20) % 2, np.zeros(20)], 1)
    >>> smooth = coarsen(Backbone.from_coords(coords), period=8)
    >>> bool(np.ptp(smooth.ca[5:15, 1]) < 0.1)
    True
    """
    import torch

    from ..flow import REGULATORS, cosine_modes

    backbone = backbone[backbone.mask[:, 1]]
    coords = np.full_like(backbone.coords, np.nan)
    for name in backbone.chains:
        rows = np.flatnonzero(backbone.chain_ids == name)
        n = len(rows)
        k = torch.pi / n * torch.arange(1, n, dtype=torch.float64)
        gamma = REGULATORS[regulator].gamma(2 * (k.log() - np.log(2 * np.pi / period)))
        alpha = torch.cat([torch.ones(1).double(), torch.sigmoid(-gamma).sqrt()])
        modes = cosine_modes(n)
        ca = torch.tensor(backbone.ca[rows])
        coords[rows, 1] = (modes.T @ (alpha[:, None] * (modes @ ca))).numpy()
    return replace(backbone, coords=coords, mask=np.isfinite(coords).all(-1))
