"""Coarse-graining of a structure along the chain, as the forward flow does it on average."""

from dataclasses import replace

import numpy as np

__all__ = ["coarsen", "levels_of"]


def levels_of(length, count):
    """Periods (residues) of `count` cut-offs, from single residues to the whole chain.

    Equally spaced in ln Λ, like the times of an RG flow: from 2, the shortest period that a chain
    has, to 2N, the longest.
    """
    return np.exp(np.linspace(np.log(2.0), np.log(2.0 * length), count))


def coarsen(backbone, period, regulator="lognormal"):
    """A chain with its modes beyond a cut-off dissolved.

    Every mode is multiplied by the α(k) that the RG flow leaves it at the cut-off Λ = 2π/period:
    the mean of the forward process there, E[x(u) | x(0)]. The centroid stays.

    Parameters
    ----------
    backbone : Backbone
        Any number of chains, each on its own. Residues without a CA are dropped.
    period : float
        Residues.
    regulator : str
        Key of `protdiff.flow.REGULATORS`.

    Returns
    -------
    Backbone
        CA atoms only.
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
