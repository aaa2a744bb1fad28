"""Similarity of corresponding points without a superposition: lDDT and dRMSD, batched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = ["LDDT_THRESHOLDS", "drmsd", "lddt", "local_distances", "residue_distances"]

#: Å, Mariani et al., Bioinformatics 29, 2722 (2013).
LDDT_THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
#: Points whose distances are worked on at a time, so that memory grows with N and not N².
ROWS = 1024
#: Pairs of residues whose atoms are worked on at a time.
PAIRS = 1000
#: Distance (Å) in the reference under which lDDT counts a pair.
LDDT_RADIUS = 15.0


def _distances(
    x: Float[Tensor, "... n 3"], y: Float[Tensor, "... m 3"]
) -> Float[Tensor, "... n m"]:
    """Distances without the fast formula, which loses digits for points far from the origin."""
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")


def lddt(
    model: Float[Tensor, "... points 3"],
    reference: Float[Tensor, "... points 3"],
    mask: Bool[Tensor, "... points"] | None = None,
    *,
    group: Int[Tensor, "... points"] | None = None,
    radius: float = LDDT_RADIUS,
    per_point: bool = False,
    smooth: float | None = None,
) -> Float[Tensor, "..."] | Float[Tensor, "... points"]:
    """Local distance difference test: the share of local distances that the model preserves.

    Mariani et al., Bioinformatics 29, 2722 (2013), without its check of the stereochemistry. Every
    pair of points closer than `radius` in the reference counts once for each of the two. At each
    of four thresholds it is preserved if its distance differs by less; the result is the mean.

    Parameters
    ----------
    model, reference : Tensor, shape (..., N, 3)
        Å.
    mask : Tensor of bool, shape (..., N), optional
        Points of the reference that count. A point that the model lacks is NaN in `model`: its
        distances are lost.
    group : Tensor of int, shape (..., N), optional
        Points of equal number (atoms of one residue) make no pairs.
    radius : float
        Å.
    per_point : bool
        One value per point, shape (..., N), NaN where a point has no pairs.
    smooth : float, optional
        Width in Å of a sigmoid in place of the step at each threshold, for gradients.

    Returns
    -------
    Tensor, shape (...) or (..., N)
        Between 0 and 1; NaN without pairs.

    Examples
    --------
    >>> points = torch.tensor([[0.0, 0, 0], [3.8, 0, 0], [7.6, 0, 0]])
    >>> lddt(1.2 * points, points)  # distances that are off by 0.76, 0.76 and 1.52 Å
    tensor(0.6667)
    """
    kept, total = local_distances(model, reference, mask, group=group, radius=radius, smooth=smooth)
    return kept / total if per_point else kept.sum(-1) / total.sum(-1)


def local_distances(
    model: Float[Tensor, "... points 3"],
    reference: Float[Tensor, "... points 3"],
    mask: Bool[Tensor, "... points"] | None = None,
    *,
    group: Int[Tensor, "... points"] | None = None,
    radius: float = LDDT_RADIUS,
    smooth: float | None = None,
) -> tuple[Float[Tensor, "... points"], Float[Tensor, "... points"]]:
    """Numerator and denominator of `lddt` of every point."""
    parts = [
        _block(model, reference, mask, group, radius, smooth, rows)
        for rows in torch.arange(model.shape[-2], device=model.device).split(ROWS)
    ]
    kept, total = zip(*parts, strict=True)
    return torch.cat(kept, -1), torch.cat(total, -1)


def _block(
    model: Float[Tensor, "... points 3"],
    reference: Float[Tensor, "... points 3"],
    mask: Bool[Tensor, "... points"] | None,
    group: Int[Tensor, "... points"] | None,
    radius: float,
    smooth: float | None,
    rows: Int[Tensor, "rows"],
) -> tuple[Float[Tensor, "... rows"], Float[Tensor, "... rows"]]:
    """`local_distances` of some of the points."""
    known = model.isfinite().all(-1)
    if mask is not None:
        model, reference = (x.masked_fill(~mask[..., None], 0) for x in (model, reference))
    # Zeros in place of missing points: a NaN would reach every gradient.
    model = model.masked_fill(~known[..., None], 0)
    distance = _distances(reference[..., rows, :], reference)
    model_distance = _distances(model[..., rows, :], model)
    index = torch.arange(model.shape[-2], device=model.device) if group is None else group
    pairs = (distance < radius) & (index[..., rows, None] != index[..., None, :])
    if mask is not None:
        pairs = pairs & mask[..., rows, None] & mask[..., None, :]
    difference = (model_distance - distance).abs()
    present = pairs & known[..., rows, None] & known[..., None, :]
    total = pairs.sum(-1, dtype=distance.dtype)
    if smooth is None:
        levels = sum(
            ((difference < t).to(torch.uint8) for t in LDDT_THRESHOLDS),
            start=torch.zeros((), dtype=torch.uint8, device=model.device),
        )
        kept = (levels * present).sum(-1, dtype=distance.dtype)
    else:
        difference = torch.where(present, difference, torch.inf)
        kept = torch.zeros_like(total)
        for t in LDDT_THRESHOLDS:
            kept = kept + torch.sigmoid((t - difference) / smooth).sum(-1)
    return kept / len(LDDT_THRESHOLDS), total


def residue_distances(
    model: Float[Tensor, "residues atoms 3"],
    reference: Float[Tensor, "residues atoms 3"],
    *,
    radius: float = LDDT_RADIUS,
) -> tuple[Float[Tensor, "residues"], Float[Tensor, "residues"]]:
    """Numerator and denominator of lDDT by residue; distances inside a residue do not count.

    The sums of `local_distances` over the atoms of each residue, without batches and gradients.
    It is faster: every pair of residues is visited once, and only if it may be within `radius`.

    Parameters
    ----------
    model, reference : Tensor, shape (L, A, 3)
        Å; NaN where an atom is missing.
    radius : float
        Å.

    Returns
    -------
    kept, total : Tensor, shape (L,), float64
    """
    center = reference.nanmean(1)
    reach = (reference - center[:, None]).norm(dim=-1).nan_to_num().amax(1)
    kept, total = torch.zeros(2, len(center), dtype=torch.float64)
    # Residues last: long rows of pairs are what vector instructions need.
    shape = (2, 3, reference.shape[1], -1)
    points = torch.stack([reference, model]).permute(0, 3, 2, 1).flatten(0, 2).contiguous()
    for rows in torch.arange(len(center)).split(ROWS):
        near = _distances(center[rows], center) < (radius + 1e-3) + reach[rows, None] + reach
        near = near.triu(1 + int(rows[0])).nonzero()
        for i, j in ((part[:, 0] + rows[0], part[:, 1]) for part in near.split(PAIRS)):
            first, second = (points.index_select(1, k).view(shape) for k in (i, j))
            for out, values in zip((kept, total), _pair_sums(first, second, radius), strict=True):
                out.index_add_(0, i, values).index_add_(0, j, values)
    kept /= len(LDDT_THRESHOLDS)
    return kept, total


def _pair_sums(
    first: Float[Tensor, "2 3 atoms pairs"], second: Float[Tensor, "2 3 atoms pairs"], radius: float
) -> tuple[Float[Tensor, "pairs"], Float[Tensor, "pairs"]]:
    """Preserved thresholds and counted distances between the atoms of pairs of residues.

    The first axis is reference and model.
    """
    gaps = first[:, :, :, None] - second[:, :, None]
    distance, model_distance = gaps.square_().sum(1).sqrt_()
    # Into floats: torch does not vectorise comparisons that give bool.
    flags = torch.empty_like(distance)
    difference = model_distance.sub_(distance).abs_()
    levels = torch.zeros_like(distance)
    for t in LDDT_THRESHOLDS:
        levels += torch.lt(difference, t, out=flags)
    counted = torch.lt(distance, radius, out=flags)
    kept = levels.mul_(counted).sum((0, 1)).double()
    return kept, counted.sum((0, 1)).double()


def drmsd(
    model: Float[Tensor, "... points 3"],
    reference: Float[Tensor, "... points 3"],
    mask: Bool[Tensor, "... points"] | None = None,
) -> Float[Tensor, "..."]:
    """Root mean square difference of all pair distances, Å.

    Parameters
    ----------
    model, reference : Tensor, shape (..., N, 3)
        Å.
    mask : Tensor of bool, shape (..., N), optional
        Points that count.

    Returns
    -------
    Tensor, shape (...)

    Examples
    --------
    >>> points = torch.tensor([[0.0, 0, 0], [3.0, 0, 0]])
    >>> drmsd(points + 7, 2 * points)
    tensor(3.)
    """
    if mask is None and model.ndim == 2:
        return _drmsd_in_blocks(model, reference)
    if mask is not None:
        model, reference = (x.masked_fill(~mask[..., None], 0) for x in (model, reference))
    rows, columns = torch.triu_indices(model.shape[-2], model.shape[-2], 1, device=model.device)
    distance, reference_distance = (
        (x[..., rows, :] - x[..., columns, :]).norm(dim=-1) for x in (model, reference)
    )
    squares = (distance - reference_distance).square()
    if mask is None:
        return squares.mean(-1).sqrt()
    pairs = mask[..., rows] & mask[..., columns]
    return (squares.masked_fill(~pairs, 0).sum(-1) / pairs.sum(-1)).sqrt()


def _drmsd_in_blocks(
    model: Float[Tensor, "points 3"], reference: Float[Tensor, "points 3"]
) -> Float[Tensor, ""]:
    """`drmsd` in memory that grows with N, not N²."""
    total = torch.zeros((), dtype=model.dtype, device=model.device)
    for rows in torch.arange(len(model), device=model.device).split(ROWS):
        difference = _distances(model[rows], model) - _distances(reference[rows], reference)
        total = total + difference.square().sum()
    return (total / (len(model) * (len(model) - 1))).sqrt()
