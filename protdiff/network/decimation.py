"""RG decimation: a band-limited chain of N residues on M < N beads, exactly (docs/theory.md 5).

With K active modes, ``x̃ = sqrt(M/N) V_Mᵀ[:, :K] X[:K]`` evaluates the chain at M equally spaced
points; the orthonormal rows of ``V_M`` read the network's output back into modes.
"""

import torch

__all__ = ["BEAD_COUNTS", "bead_count", "bead_spacing", "pool_matrix"]

#: Sizes on offer between coarse and full chains.
BEAD_COUNTS = (
    16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048
)  # fmt: skip


def bead_count(active, length, oversampling=1.25):
    """Beads for `active` modes (counting mode 0) of a chain of `length` residues."""
    for size in BEAD_COUNTS:
        if size >= oversampling * active and size < length:
            return size
    return length


def bead_spacing(lengths, beads):
    """Expected distance of neighbouring beads, 3.8 (N/M)^0.6 Å; shape of `lengths`."""
    return 3.8 * (lengths / beads) ** 0.6


def pool_matrix(lengths, beads, size):
    """Mean over the residues under each bead.

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
