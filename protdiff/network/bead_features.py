"""Features of every bead that the score network starts from: invariant scalars, and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .attention_blocks import gather_keys, into_blocks

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .beads import Beads

    PerBead = Float[Tensor, "batch beads 3"]
    Features = tuple[Float[Tensor, "batch beads scalars"], Float[Tensor, "batch beads vectors 3"]]

__all__ = ["NEAR", "distances", "node_features", "previous_features"]

#: Chain neighbours whose relative positions are vectors of a bead.
OFFSETS = (-8, -6, -4, -3, -2, -1, 1, 2, 3, 4, 6, 8)
#: Places in `OFFSETS` of the nearest ones, of which scalar and triple products are taken too.
NEAR = tuple(i for i, offset in enumerate(OFFSETS) if abs(offset) <= 3)
#: Vectors of a bead besides `OFFSETS`: whitened signal at the bead, differences of the two
#: neighbours' signals to it, position from the centroid, links (4).
OTHER_VECTORS = 8
#: Vectors of an earlier estimate besides `OFFSETS`: displacement, links (2).
PREVIOUS_VECTORS = 3

VECTORS = len(OFFSETS) + OTHER_VECTORS
PREVIOUS_VECTORS_IN_ALL = len(OFFSETS) + PREVIOUS_VECTORS
#: Scalar products of the nearest steps, and their triple products.
_STEP_SCALARS = len(NEAR) * (len(NEAR) + 1) // 2 + len(NEAR) - 2
#: Scalars of a bead, its conditions not counted; the last four say how far the ends are.
SCALARS = _STEP_SCALARS + OTHER_VECTORS + 4
PREVIOUS_SCALARS = _STEP_SCALARS + PREVIOUS_VECTORS


def node_features(beads: Beads) -> Features:
    """Invariant scalars and vectors of every bead."""
    x, mask = beads.position, beads.mask
    count = mask.sum(1)[:, None, None]
    centred = (x - (x * mask[..., None]).sum(1, keepdim=True) / count) * mask[..., None]
    signal = [beads.signal] + [_differences(beads.signal, mask, d) for d in (-1, 1)]
    vectors = torch.stack([*_steps(x, mask), *signal, centred / count**0.4], 2)
    vectors = torch.cat([vectors, beads.links], 2)
    per_bead = beads.time[:, 1, None, None].exp()  # residues per bead
    ends = [beads.ends.log1p() / 4, 1 / (1 + beads.ends / per_bead)]
    return torch.cat([*_invariants(vectors), *ends, beads.conditions], -1), vectors


def previous_features(beads: Beads) -> Features:
    """Invariant scalars and vectors of an earlier estimate."""
    assert beads.previous is not None and beads.previous_links is not None
    x, mask = beads.previous, beads.mask
    displacement = (x - beads.position) * mask[..., None]
    vectors = torch.stack([*_steps(x, mask), displacement], 2)
    vectors = torch.cat([vectors, beads.previous_links], 2)
    return torch.cat(_invariants(vectors), -1), vectors


def _differences(x: PerBead, mask: Bool[Tensor, "batch beads"], offset: int) -> PerBead:
    """x_{i+offset} - x_i, zero where there is no such bead."""
    rolled = x.roll(-offset, 1)
    index = torch.arange(x.shape[1], device=x.device) + offset
    valid = mask & mask.roll(-offset, 1) & ((index >= 0) & (index < x.shape[1]))
    return (rolled - x) * valid[..., None]


def _steps(x: PerBead, mask: Bool[Tensor, "batch beads"]) -> list[PerBead]:
    """Relative positions of the chain neighbours, each of about unit length."""
    return [_differences(x, mask, d) / abs(d) ** 0.6 for d in OFFSETS]


def _invariants(
    vectors: Float[Tensor, "batch beads vectors 3"],
) -> list[Float[Tensor, "batch beads scalars"]]:
    """Scalar and triple products of the nearest steps, and the sizes of the other vectors."""
    near = vectors[:, :, NEAR[0] : NEAR[-1] + 1]  # they are consecutive
    rows, columns = torch.triu_indices(len(NEAR), len(NEAR), device=vectors.device)
    products = (near @ near.mT).flatten(-2).index_select(-1, len(NEAR) * rows + columns)
    triple = (torch.linalg.cross(near[:, :, :-2], near[:, :, 1:-1]) * near[:, :, 2:]).sum(-1)
    sizes = vectors[:, :, len(OFFSETS) :].square().sum(-1).add(1e-6).sqrt()
    return [products, triple, sizes]


def distances(
    x: PerBead, keys: Int[Tensor, "batch blocks keys"] | None
) -> Float[Tensor, "rows queries keys"]:
    """Distances of the pairs that attend; never 0, where the gradient would not be finite."""
    queries, others = into_blocks(x[None], keys)[0], gather_keys(x[None], keys)[0]
    dx, dy, dz = (
        b[:, None] - a[..., None]
        for a, b in zip(queries.unbind(-1), others.unbind(-1), strict=True)
    )
    return (dx.square() + dy.square() + dz.square() + 1e-6).sqrt()
