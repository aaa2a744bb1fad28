"""Fréchet distance between designs and real chains, and what a perfect generator would get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .population import NEIGHBOURS

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from .population import Population

__all__ = ["frechet_distance", "frechet_with_floor"]

#: Designs below which a covariance means nothing.
MIN_DESIGNS = 5
#: Random draws of real chains, and chains of the reference per design at most.
DRAWS, MAX_REFERENCE = 20, 5


def frechet_distance(
    first: Float[np.ndarray, "n entries"], second: Float[np.ndarray, "m entries"]
) -> float:
    """Fréchet distance of two Gaussians with the moments of two sets of vectors.

    |m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^(1/2)), Dowson & Landau, J. Multivar. Anal. 12, 450
    (1982).

    Parameters
    ----------
    first, second : ndarray, shape (n, D) and (m, D)
        One vector a row.

    Examples
    --------
    >>> vectors = np.array([[0.0, 0], [1, 0], [0, 2]])
    >>> round(frechet_distance(vectors, vectors + [3, 4]), 6)
    25.0
    """
    mean = first.mean(0) - second.mean(0)
    c1, c2 = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second))
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ c2 @ root).clip(min=0)).sum()
    return float(mean @ mean + np.trace(c1) + np.trace(c2) - 2 * cross)


def frechet_with_floor(
    designs: Population, real: Population, seed: int = 0
) -> dict[str, int | float]:
    """Fréchet distance on descriptors, and what as many real chains would get.

    In each of `DRAWS` draws, distinct real chains of like lengths are drawn twice: as many as
    there are designs, to stand in for them, and up to `MAX_REFERENCE` times as many as the
    reference of both. So the floor is what a perfect generator would show at this number of
    designs. Entries are in units of their standard deviation among the reference chains; entries
    that the designs lack, and constant ones, are left out.

    Returns
    -------
    dict
        distance and floor (means over draws), floor_sd, dimensions, reference (its chains); empty
        for fewer than 5 designs, or fewer than twice as many real chains.
    """
    count = len(designs)
    if count < MIN_DESIGNS or len(real) < 2 * count:
        return {}
    used = np.isfinite(designs.descriptors).all(0)
    rng, rows = np.random.default_rng(seed), []
    size = 0
    for _ in range(DRAWS):
        free = np.asarray(np.isfinite(real.descriptors[:, used]).all(1))
        share = min(MAX_REFERENCE, free.sum() // (2 * count) if free.sum() >= 4 * count else 1)
        sets = [_draw_alike(designs, real, free, rng) for _ in range(1 + share)]
        stand_in, in_reference = sets[0], np.concatenate(sets[1:])
        reference = real.descriptors[in_reference][:, used]
        spread = reference.std(0)
        kept = spread > 0
        vectors, real_vectors, reference = (
            x[:, kept] / spread[kept]
            for x in (designs.descriptors[:, used], real.descriptors[stand_in][:, used], reference)
        )
        distance = frechet_distance(vectors, reference)
        rows.append((distance, frechet_distance(real_vectors, reference)))
        size = len(in_reference)
    distance, floor = np.array(rows).T
    return {
        "distance": float(distance.mean()),
        "floor": float(floor.mean()),
        "floor_sd": float(floor.std()),
        "dimensions": int(used.sum()),
        "reference": size,
    }


def _draw_alike(
    designs: Population,
    real: Population,
    free: Bool[np.ndarray, "chains"],
    rng: np.random.Generator,
) -> Int[np.ndarray, "designs"]:
    """One free real chain of near length for each design, none twice; takes them from `free`."""
    lengths, chosen = real.lengths + rng.random(len(real)), np.empty(len(designs), dtype=int)
    for k in rng.permutation(len(designs)):
        gap = np.where(free, np.abs(lengths - designs.lengths[k]), np.inf)
        near = np.argpartition(gap, min(NEIGHBOURS, free.sum()) - 1)[:NEIGHBOURS]
        near = near[np.isfinite(gap[near])]
        chosen[k] = rng.choice(near)
        free[chosen[k]] = False
    return chosen
