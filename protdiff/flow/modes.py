"""Orthonormal bases of a chain (docs/theory.md 1.1).

Cosine modes are the orthonormal DCT-II along the residue index. Row n of ``V`` is an eigenvector of
the free-end path Laplacian with eigenvalue 4 sin²(k_n/2), k_n = πn/N. Row 0 of every basis but the
identity is √N times the centroid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log, pi
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    #: Rows are components.
    Matrix = Float[Tensor, "n n"]
    Lengths = Sequence[int] | Int[Tensor, "batch"]

__all__ = [
    "BASES", "Basis", "chain_momenta", "cosine_modes", "haar_modes", "principal_modes",
]  # fmt: skip


@lru_cache(maxsize=256)
def cosine_modes(n: int) -> Matrix:
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

    Examples
    --------
    >>> import torch
    >>> from protdiff.flow import cosine_modes
    >>> v = cosine_modes(8)
    >>> torch.allclose(v @ v.T, torch.eye(8, dtype=torch.float64))
    True
    """
    # The matrix is kept for later calls, and a tensor from inference mode could never take part in
    # a gradient.
    with torch.inference_mode(False):
        index = torch.arange(n, dtype=torch.float64)
        modes = torch.cos(torch.pi / n * index[:, None] * (index + 0.5)) * (2 / n) ** 0.5
        modes[0] = n**-0.5
    return modes


@lru_cache(maxsize=256)
def haar_modes(n: int) -> Matrix:
    """Haar wavelets of any length, from the whole chain to pairs of residues.

    Every segment is split in two halves (the first one longer by one residue when it is odd) and
    gives one wavelet, the difference of their means.
    """
    segments, rows = [(0, n)], []
    with torch.inference_mode(False):  # it is kept, as the cosine modes are
        while segments:  # breadth first: coarse to fine
            start, stop = segments.pop(0)
            if stop - start < 2:
                continue
            middle = start + (stop - start + 1) // 2
            left, right = middle - start, stop - middle
            row = torch.zeros(n, dtype=torch.float64)
            row[start:middle] = (right / left / (left + right)) ** 0.5
            row[middle:stop] = -((left / right / (left + right)) ** 0.5)
            rows.append(row)
            segments += [(start, middle), (middle, stop)]
        # Equal supports together, so that momenta rise along the rows.
        rows.sort(key=lambda row: -int((row != 0).sum()))
        return torch.stack([torch.full((n,), n**-0.5, dtype=torch.float64), *rows])


def _haar_momenta(n: int) -> Float[Tensor, "n"]:
    """2π over the support of each wavelet."""
    support = (haar_modes(n) != 0).sum(1).double()
    return 2 * pi / support


def _cosine_momenta(n: int) -> Float[Tensor, "n"]:
    return pi / n * torch.arange(n, dtype=torch.float64).clamp_min(1)


def _residue_momenta(n: int) -> Float[Tensor, "n"]:
    """From π/N at the first residue to π at the last, equally spaced in ln k."""
    return pi / n * torch.exp(torch.linspace(0, log(n), n, dtype=torch.float64))


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis for every chain length.

    Attributes
    ----------
    modes : callable
        ``modes(n)`` gives the (N, N) matrix, one row per component.
    momenta : callable
        ``momenta(n)`` gives (N,) effective momenta, radians per residue: what a flow with this
        basis uses as k. In the identity basis they only order the residues: the first is the
        slowest, so it is generated first.
    centroid : bool
        Row 0 is the centroid, which is not a degree of freedom.
    """

    modes: Callable[[int], Matrix]
    momenta: Callable[[int], Float[Tensor, "n"]]
    centroid: bool = True


#: Named bases.
BASES = {
    "cosine": Basis(cosine_modes, _cosine_momenta),
    # The same vectors under the path Laplacian's own momenta: k² is the eigenvalue.
    "laplacian": Basis(cosine_modes, lambda n: 2 * torch.sin(_cosine_momenta(n) / 2)),
    "haar": Basis(haar_modes, _haar_momenta),
    "identity": Basis(lambda n: torch.eye(n, dtype=torch.float64), _residue_momenta, False),
}


def principal_modes(
    coords: Float[Tensor, "samples n 3"],
) -> tuple[Matrix, Float[Tensor, "n"]]:
    """Principal components of chains of one length, and their variances.

    Parameters
    ----------
    coords : Tensor, shape (S, N, 3)
        Å. The components are independent of the poses only on average: rotate the chains at
        random, or give many of them.

    Returns
    -------
    modes : Tensor, shape (N, N), float64
        Row 0 is the centroid; the others by falling variance.
    variance : Tensor, shape (N,), float64
        Per coordinate, Å²; zero for row 0.
    """
    x = coords.double()
    x = x - x.mean(1, keepdim=True)
    samples, n, _ = x.shape
    covariance = torch.einsum("sia,sja->ij", x, x) / (3 * samples)
    values, vectors = torch.linalg.eigh(covariance)
    # The centroid has variance zero exactly; it may be one of several such rows, so it is removed
    # from all others.
    centroid = torch.full((n, 1), n**-0.5, dtype=torch.float64)
    rest = torch.linalg.qr(torch.cat([centroid, vectors.flip(1)], 1))[0][:, 1:n]
    modes = torch.cat([centroid, rest], 1).T
    return modes, torch.cat([values.new_zeros(1), (modes[1:] @ covariance * modes[1:]).sum(1)])


def chain_momenta(
    lengths: Lengths, size: int | None = None, device: torch.device | None = None
) -> tuple[Float[Tensor, "batch size"], Bool[Tensor, "batch size"]]:
    """Momentum k_n = πn/N of every cosine mode in radians per residue, and the mask of real modes.

    Returns
    -------
    momenta : Tensor, shape (B, size), float64
        π/N stands in for n = 0 and for the padding, so that 1/k is finite everywhere.
    mask : Tensor, shape (B, size), bool
        True for n = 1 … N-1. Mode 0, the centroid, is not a degree of freedom.
    """
    count = torch.as_tensor(lengths, dtype=torch.float64, device=device)[:, None]
    size = size or int(count.max())
    n = torch.arange(size, dtype=torch.float64, device=device)[None]
    mask = (n > 0) & (n < count)
    return torch.where(mask, torch.pi * n / count, torch.pi / count), mask
