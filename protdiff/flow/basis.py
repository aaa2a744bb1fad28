"""Cosine modes of a chain: the orthonormal DCT-II along the residue index (docs/theory.md 1.1).

Row n of ``V`` is an eigenvector of the free-end path Laplacian with eigenvalue 4 sin²(k_n/2),
k_n = πn/N. Mode 0 is √N times the centroid.
"""

from functools import lru_cache

import torch

__all__ = ["chain_momenta", "cosine_modes", "stack_modes", "to_coords", "to_modes"]


@lru_cache(maxsize=256)
def cosine_modes(n):
    """Orthonormal DCT-II matrix.

    Parameters
    ----------
    n : int
        Chain length N.

    Returns
    -------
    Tensor, shape (N, N), float64
        ``V[n, i] = sqrt((2 - [n=0]) / N) cos(πn(i + 1/2)/N)``; ``X = V x`` and ``x = Vᵀ X``.
        Cached: do not write into it.
    """
    # A tensor made in inference mode could never take part in a gradient, and this one is kept.
    with torch.inference_mode(False):
        index = torch.arange(n, dtype=torch.float64)
        modes = torch.cos(torch.pi / n * index[:, None] * (index + 0.5)) * (2 / n) ** 0.5
        modes[0] = n**-0.5
    return modes


def stack_modes(lengths, size=None, dtype=torch.float64, device=None):
    """Zero-padded stack of cosine matrices, one per chain.

    Padding the coordinates and using one matrix of the padded length would be wrong: every chain
    needs the modes of its own length.

    Parameters
    ----------
    lengths : sequence of int
    size : int, optional
        Padded length; the longest chain by default.

    Returns
    -------
    Tensor, shape (B, size, size)
    """
    lengths = [int(n) for n in lengths]
    size = size or max(lengths)
    if min(lengths) == max(lengths) == size:
        one = cosine_modes(size).to(dtype=dtype, device=device)
        return one.expand(len(lengths), -1, -1)
    stack = torch.zeros(len(lengths), size, size, dtype=dtype)
    for row, n in zip(stack, lengths, strict=True):
        row[:n, :n] = cosine_modes(n)
    return stack.to(device)


def to_modes(coords, modes):
    """Modes of coordinates, both padded with zeros; (B, size, 3) from (B, size, 3)."""
    return modes @ coords


def to_coords(amplitudes, modes):
    """Coordinates of modes; the inverse of `to_modes`."""
    return modes.mT @ amplitudes


def chain_momenta(lengths, size=None, device=None):
    """Momentum k_n = πn/N of every mode in radians per residue, and the mask of real modes.

    Returns
    -------
    momenta : Tensor, shape (B, size), float64
        π/N stands in for n = 0 and for the padding, so that 1/k is finite everywhere.
    mask : Tensor, shape (B, size), bool
        True for n = 1 … N-1. Mode 0, the centroid, is not a degree of freedom.
    """
    lengths = torch.as_tensor(lengths, dtype=torch.float64, device=device)[:, None]
    size = size or int(lengths.max())
    n = torch.arange(size, dtype=torch.float64, device=device)[None]
    mask = (n > 0) & (n < lengths)
    return torch.where(mask, torch.pi * n / lengths, torch.pi / lengths), mask
