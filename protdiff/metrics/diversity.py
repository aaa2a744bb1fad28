"""How diverse a set of structures is: TM-scores of pairs of it, of all or of a random sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .pairwise_tm import pairwise_tm, tm_of_pairs
from .population import CLUSTER_TM, clusters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float

    from ..structure.backbone import Backbone
    from .pairwise_tm import StructuralAlignment

__all__ = ["PAIRS", "Diversity", "diversity", "pair_count"]

#: Pairs that are aligned of a larger set.
PAIRS = 100


@dataclass(frozen=True)
class Diversity:
    """Result of `diversity`.

    Attributes
    ----------
    numbers : dict
        designs and pairs; mean_pairwise_tm and same_fold (the share of pairs with a TM-score of
        0.5 or more) with their standard errors; of a set all pairs of which were aligned also
        clusters and clusters_per_design.
    values : ndarray, shape (pairs,)
        TM-scores.
    matrix : ndarray, shape (n, n), or None
        The same, if all pairs were aligned.
    """

    numbers: dict[str, Any]
    values: Float[np.ndarray, "pairs"]
    matrix: Float[np.ndarray, "n n"] | None = None


def pair_count(designs: int, wanted: int | None = None) -> tuple[int, bool]:
    """Pairs that `diversity` aligns, and whether they are all pairs of the set that it takes."""
    taken = designs if wanted is None else min(designs, wanted)
    every = taken * (taken - 1) // 2
    if wanted is None and every > PAIRS:
        return PAIRS, False
    return every, True


def diversity(
    backbones: Sequence[Backbone],
    wanted: int | None = None,
    *,
    alignment: StructuralAlignment = "structure",
    jobs: int = 1,
    seed: int = 0,
    advance: Callable[[int], object] | None = None,
) -> Diversity:
    """Align pairs of structures.

    Parameters
    ----------
    backbones : list of Backbone
        At least two.
    wanted : int, optional
        Structures, from the first on, all pairs of which are aligned. Left out: all pairs of up to
        14 structures, and `PAIRS` random pairs of more.
    alignment, jobs, advance
        As in `pairwise_tm`.
    seed : int
        Of the random pairs.
    """
    count, every = pair_count(len(backbones), wanted)
    if every:
        some = backbones[:wanted]
        matrix = pairwise_tm(some, alignment, jobs, advance)
        values = matrix[np.tril_indices(len(some), -1)]
        homes = len(set(clusters(matrix)))
        numbers = {"designs": len(some), "pairs": count, **_summary(values, matrix)}
        numbers |= {"clusters": homes, "clusters_per_design": homes / len(some)}
        return Diversity(numbers, values, matrix)
    chosen = _random_pairs(len(backbones), count, seed)
    tasks = [(backbones[i], backbones[j]) for i, j in chosen]
    values = np.array([np.mean(tm) for tm in tm_of_pairs(tasks, alignment, jobs, advance)])
    return Diversity({"designs": len(backbones), "pairs": count, **_summary(values)}, values)


def _random_pairs(n: int, count: int, seed: int) -> list[tuple[int, int]]:
    """Different pairs of n things, first > second."""
    numbers = np.random.default_rng(seed).choice(n * (n - 1) // 2, count, replace=False)
    first, second = np.tril_indices(n, -1)
    return list(zip(first[numbers].tolist(), second[numbers].tolist(), strict=True))


def _summary(
    values: Float[np.ndarray, "pairs"], matrix: Float[np.ndarray, "n n"] | None = None
) -> dict[str, float | None]:
    """Mean TM-score and share of pairs of one fold, with standard errors."""
    out: dict[str, float | None] = {}
    for name, of in (("mean_pairwise_tm", _same), ("same_fold", _is_same_fold)):
        known = of(values[np.isfinite(values)])
        error = _error(known) if matrix is None else _jackknife(of(matrix))
        out |= {name: float(known.mean()) if len(known) else None, f"{name}_error": error}
    return out


def _same(tm: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return tm


def _is_same_fold(tm: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.where(np.isnan(tm), np.nan, tm >= CLUSTER_TM)


def _error(values: Float[np.ndarray, "pairs"]) -> float | None:
    """Standard error of the mean of independent pairs."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _jackknife(matrix: Float[np.ndarray, "n n"]) -> float | None:
    """Standard error of the mean over pairs, whose structures are a sample: one left out in turn.

    Pairs that share a structure are not independent.
    """
    n = len(matrix)
    if n < 3:
        return None
    off = np.where(np.eye(n, dtype=bool), np.nan, matrix)
    keep = [np.delete(np.arange(n), k) for k in range(n)]
    parts = [off[np.ix_(rows, rows)] for rows in keep]
    means = np.array([part[np.isfinite(part)].mean() for part in parts if np.isfinite(part).any()])
    if not len(means):  # all are too short to be aligned
        return None
    return float(np.sqrt((n - 1) / n * np.square(means - means.mean()).sum()))
