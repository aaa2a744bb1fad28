"""RMSD of a CA trace to many others, each at the best place without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..structure.superposition import largest_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["nearest_rmsd", "overlap"]

#: Traces are compared whole; the shorter has at least this share of the longer one's length.
LENGTH_SHARE = 0.8
#: Traces that are superposed at a time.
CHUNK = 500


def overlap(
    first: Float[np.ndarray, "n 3"], second: Float[np.ndarray, "m 3"], offset: int
) -> tuple[Float[np.ndarray, "overlap 3"], Float[np.ndarray, "overlap 3"]]:
    """The parts of two traces that are compared.

    The shorter one is taken whole, and as many residues of the longer one from `offset` on.
    """
    size = min(len(first), len(second))
    first, second = (x[offset : offset + size] if len(x) > size else x for x in (first, second))
    return first, second


def nearest_rmsd(
    trace: Float[np.ndarray, "n 3"], others: Sequence[Float[np.ndarray, "m 3"]]
) -> tuple[Float[np.ndarray, "others"], Int[np.ndarray, "others"]]:
    """CA RMSD of a trace to each of many others, at the best place without gaps; Å.

    Parameters
    ----------
    trace : ndarray, shape (n, 3)
        Å.
    others : list of ndarray, shape (m, 3)

    Returns
    -------
    distance : ndarray, shape (others,)
        Infinite where the shorter one has less than 80 % of the longer one's length.
    offset : ndarray of int, shape (others,)
        Residue of the longer trace at the first residue of the shorter one.
    """
    n = len(trace)
    distance, offset = np.full(len(others), np.inf), np.zeros(len(others), dtype=int)
    by_length: dict[int, list[int]] = {}
    for k, other in enumerate(others):
        if min(n, len(other)) >= LENGTH_SHARE * max(n, len(other)):
            by_length.setdefault(len(other), []).append(k)
    for members in by_length.values():
        for part in np.split(members, range(CHUNK, len(members), CHUNK)):
            block = torch.tensor(np.stack([others[k] for k in part]))
            values = _window_rmsd(torch.tensor(trace, dtype=block.dtype), block)
            best = values.min(1)
            distance[part], offset[part] = best.values.numpy(), best.indices.numpy()
    return distance, offset


def _window_rmsd(
    x: Float[Tensor, "n 3"], others: Float[Tensor, "others m 3"]
) -> Float[Tensor, "others places"]:
    """Least RMSD of x and each of the others, at every place of the shorter in the longer one."""
    size, places = min(len(x), others.shape[1]), abs(len(x) - others.shape[1]) + 1
    x, others = x - x.mean(0), others - others.mean(1, keepdim=True)
    rows = torch.arange(places)[:, None] + torch.arange(size)
    # With the shorter one at the origin, and zeros around it, every covariance is one product.
    if len(x) <= others.shape[1]:
        shifted = x.new_zeros(places, others.shape[1], 3)
        shifted[torch.arange(places)[:, None], rows] = x
        covariance = torch.einsum("cla,plb->cpab", others, shifted)
        longer, shorter = others, x[None]
    else:
        covariance = torch.einsum("cla,plb->cpab", others, x[rows])
        longer, shorter = x[None], others
    sums = torch.cat([longer, longer.square().sum(-1, keepdim=True)], -1).cumsum(1)
    sums = torch.nn.functional.pad(sums, (0, 0, 1, 0))
    sums = sums[:, size:] - sums[:, :places]
    squares = sums[..., 3] - sums[..., :3].square().sum(-1) / size
    squares = squares + shorter.square().sum((1, 2))[:, None] - 2 * largest_trace(covariance)
    return (squares.clamp_min(0) / size).sqrt()
