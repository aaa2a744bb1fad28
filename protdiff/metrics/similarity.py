"""Similarity of corresponding points without a superposition: lDDT and dRMSD, batched."""

import torch

__all__ = ["LDDT_THRESHOLDS", "drmsd", "lddt", "local_distances", "residue_distances"]

#: Å, Mariani et al., Bioinformatics 29, 2722 (2013).
LDDT_THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
#: Points whose distances are worked on at a time, so that memory grows with N and not N².
ROWS = 1024
#: Pairs of residues whose atoms are worked on at a time.
PAIRS = 1000
EXACT = {"compute_mode": "donot_use_mm_for_euclid_dist"}


def lddt(model, reference, mask=None, *, group=None, radius=15.0, per_point=False, smooth=None):
    """Local distance difference test: the share of local distances that the model preserves.

    Every pair of points closer than `radius` in the reference counts once per point; it is
    preserved at a threshold if its distance differs by less. Stereochemistry is not checked.

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
    per_point : bool
        One value per point, shape (..., N), NaN where a point has no pairs.
    smooth : float, optional
        Width in Å of a sigmoid in place of the step at each threshold, for gradients.

    Returns
    -------
    Tensor, shape (...) or (..., N)
        Between 0 and 1; NaN without pairs.
    """
    kept, total = local_distances(model, reference, mask, group=group, radius=radius, smooth=smooth)
    return kept / total if per_point else kept.sum(-1) / total.sum(-1)


def local_distances(model, reference, mask=None, *, group=None, radius=15.0, smooth=None):
    """Numerator and denominator of `lddt` of every point; (..., N) each."""
    parts = [
        _block(model, reference, mask, group, radius, smooth, rows)
        for rows in torch.arange(model.shape[-2], device=model.device).split(ROWS)
    ]
    kept, total = zip(*parts, strict=True)
    return torch.cat(kept, -1), torch.cat(total, -1)


def _block(model, reference, mask, group, radius, smooth, rows):
    """`local_distances` of some of the points."""
    known = model.isfinite().all(-1)
    if mask is not None:
        model, reference = (x.masked_fill(~mask[..., None], 0) for x in (model, reference))
    # Zeros in place of what is not there: NaN would reach every gradient.
    model = model.masked_fill(~known[..., None], 0)
    real = torch.cdist(reference[..., rows, :], reference, **EXACT)
    made = torch.cdist(model[..., rows, :], model, **EXACT)
    index = torch.arange(model.shape[-2], device=model.device) if group is None else group
    pairs = (real < radius) & (index[..., rows, None] != index[..., None, :])
    if mask is not None:
        pairs = pairs & mask[..., rows, None] & mask[..., None, :]
    difference = (made - real).abs()
    made_pairs = pairs & known[..., rows, None] & known[..., None, :]
    if smooth is None:
        levels = sum((difference < t).to(torch.uint8) for t in LDDT_THRESHOLDS) * made_pairs
        kept = levels.sum(-1, dtype=real.dtype)
    else:
        difference = torch.where(made_pairs, difference, torch.inf)
        kept = sum(torch.sigmoid((t - difference) / smooth).sum(-1) for t in LDDT_THRESHOLDS)
    return kept / len(LDDT_THRESHOLDS), pairs.sum(-1, dtype=real.dtype)


def residue_distances(model, reference, *, radius=15.0):
    """Numerator and denominator of lDDT by residue; distances inside a residue do not count.

    The sums of `local_distances` over the atoms of each residue, without batches and gradients:
    every pair of residues once, and only those that may be close enough in the reference.

    Parameters
    ----------
    model, reference : Tensor, shape (L, A, 3)
        Å; NaN where an atom is missing.
    radius : float

    Returns
    -------
    kept, total : Tensor, shape (L,), float64
    """
    center = reference.nanmean(1)
    reach = (reference - center[:, None]).norm(dim=-1).nan_to_num().amax(1)
    kept, total = torch.zeros(2, len(center), dtype=torch.float64)
    # Residues last: rows of many pairs are what vector instructions want.
    shape = (2, 3, reference.shape[1], -1)
    points = torch.stack([reference, model]).permute(0, 3, 2, 1).flatten(0, 2).contiguous()
    for rows in torch.arange(len(center)).split(ROWS):
        apart = torch.cdist(center[rows], center, **EXACT)
        near = apart < (radius + 1e-3) + reach[rows, None] + reach
        near = near.triu(1 + int(rows[0])).nonzero()
        for i, j in ((part[:, 0] + rows[0], part[:, 1]) for part in near.split(PAIRS)):
            first, second = (points.index_select(1, k).view(shape) for k in (i, j))
            gaps = first[:, :, :, None] - second[:, :, None]
            real, made = gaps.square_().sum(1).sqrt_()
            # Into floats: torch does not vectorise comparisons that give bool.
            flags = torch.empty_like(real)
            off = made.sub_(real).abs_()
            levels = torch.zeros_like(real)
            for t in LDDT_THRESHOLDS:
                levels += torch.lt(off, t, out=flags)
            counted = torch.lt(real, radius, out=flags)
            for out, values in ((kept, levels.mul_(counted)), (total, counted)):
                values = values.sum((0, 1)).double()
                out.index_add_(0, i, values).index_add_(0, j, values)
    kept /= len(LDDT_THRESHOLDS)
    return kept, total


def drmsd(model, reference, mask=None):
    """Root mean square difference of all pair distances, Å; shape (...).

    Parameters
    ----------
    model, reference : Tensor, shape (..., N, 3)
    mask : Tensor of bool, shape (..., N), optional
    """
    if mask is None and model.ndim == 2:
        total = sum(
            (
                torch.cdist(model[rows], model, **EXACT)
                - torch.cdist(reference[rows], reference, **EXACT)
            )
            .square()
            .sum()
            for rows in torch.arange(len(model), device=model.device).split(ROWS)
        )
        return (total / (len(model) * (len(model) - 1))).sqrt()
    if mask is not None:
        model, reference = (x.masked_fill(~mask[..., None], 0) for x in (model, reference))
    rows, columns = torch.triu_indices(model.shape[-2], model.shape[-2], 1, device=model.device)
    distance = ((x[..., rows, :] - x[..., columns, :]).norm(dim=-1) for x in (model, reference))
    squares = torch.sub(*distance).square()
    if mask is None:
        return squares.mean(-1).sqrt()
    pairs = mask[..., rows] & mask[..., columns]
    return (squares.masked_fill(~pairs, 0).sum(-1) / pairs.sum(-1)).sqrt()
