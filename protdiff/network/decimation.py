"""RG decimation: a band-limited chain of N residues as M < N beads, exactly (docs/theory.md 5).

With K active modes, ``x̃ = sqrt(M/N) V_Mᵀ[:, :K] X[:K]`` evaluates the chain at M equally spaced
points; the orthonormal rows of ``V_M`` read the network's output back into modes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["BEAD_COUNTS", "OVERSAMPLING", "bead_count", "bead_spacing", "pool_matrix"]

#: Numbers of beads to choose from; a chain at full resolution has as many beads as residues.
BEAD_COUNTS = (
    16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048
)  # fmt: skip
#: Fewest beads per active mode.
OVERSAMPLING = 1.25


def bead_count(active: int, length: int, oversampling: float = OVERSAMPLING) -> int:
    """Beads that show the active modes of a chain.

    Parameters
    ----------
    active : int
        Number of modes, mode 0 included.
    length : int
        Residues.
    oversampling : float
        Least number of beads per mode.

    Examples
    --------
    >>> from protdiff.network.decimation import bead_count
    >>> bead_count(active=20, length=100), bead_count(active=95, length=100)
    (32, 100)
    """
    for size in BEAD_COUNTS:
        if size >= oversampling * active and size < length:
            return size
    return length


def bead_spacing(lengths: Float[Tensor, "batch"], beads: int) -> Float[Tensor, "batch"]:
    """Expected distance of neighbouring beads in Å, 3.8 (N/M)^0.6."""
    return 3.8 * (lengths / beads) ** 0.6


def pool_matrix(
    lengths: Float[Tensor, "batch"], beads: int, size: int
) -> Float[Tensor, "batch {beads} {size}"]:
    """Matrix that takes the mean over the residues under each bead.

    Parameters
    ----------
    lengths : Tensor, shape (B,)
    beads : int
        M; bead j covers residues [jN/M, (j+1)N/M).
    size : int
        Padded number of residues.

    Returns
    -------
    Tensor, shape (B, M, size), float32
        Rows sum to one.
    """
    span = (lengths / beads).to(torch.float32)[:, None, None]
    start = torch.arange(beads, device=lengths.device)[None, :, None] * span
    residue = torch.arange(size, device=lengths.device, dtype=torch.float32)[None, None]
    overlap = torch.minimum(start + span, residue + 1) - torch.maximum(start, residue)
    return overlap.clamp_min(0) / span
