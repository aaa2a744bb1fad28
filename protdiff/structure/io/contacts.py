"""Distances between atom records: peptide bonds and overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..constants import LINK_BREAK
from .atoms import FileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Bool, Float, Int

    from .atoms import Atoms

__all__ = ["MOST_COPIES", "any_closer", "bonded", "check_copies", "pairs_closer", "share_closer"]

#: Atoms whose distances to all others are in memory at a time.
CHUNK = 256
#: Chains that may share a name: each is compared with all others, which has to end.
MOST_COPIES = 500
#: Pairs up to which all distances are measured; beyond, a tree is faster.
DENSE = 1_000_000


def check_copies(count: int, chain: str) -> None:
    """FileError if more chains share a name than can be kept apart."""
    if count > MOST_COPIES:
        raise FileError(
            f"over {MOST_COPIES} chains or residues share the name {chain!r}; give each its own"
        )


def any_closer(atoms: Atoms, first: int | None, second: int | None, limit: float) -> bool:
    """Whether two records, if they are there, are closer than `limit` (Å)."""
    if first is None or second is None:
        return False
    return bool(np.linalg.norm(atoms.coord[first] - atoms.coord[second]) < limit)


def bonded(atoms: Atoms, first: Mapping[str, int], second: Mapping[str, int]) -> bool:
    """Whether a peptide bond goes from one residue to another; both are rows by atom name."""
    return any_closer(atoms, first.get("C"), second.get("N"), LINK_BREAK)


def pairs_closer(
    atoms: Atoms, first: Sequence[int], second: Sequence[int], limit: float
) -> Int[np.ndarray, "pairs 2"]:
    """Places in two lists of records that are closer than `limit` (Å), nearest pairs first."""
    found, distances = [np.empty((0, 2), int)], [np.empty(0)]
    b = atoms.coord[list(second)]
    for start in range(0, len(first) if len(b) else 0, CHUNK):
        a = atoms.coord[list(first[start : start + CHUNK])]
        distance = np.linalg.norm(a[:, None] - b, axis=-1)
        pairs = np.argwhere(distance < limit)
        found.append(pairs + np.array([start, 0]))
        distances.append(distance[tuple(pairs.T)])
    return np.concatenate(found)[np.argsort(np.concatenate(distances), kind="stable")]


def share_closer(atoms: Atoms, first: Sequence[int], second: Sequence[int], limit: float) -> float:
    """Share of the first records that have one of the second ones closer than `limit` (Å)."""
    if not len(first):
        return 1.0
    if len(first) * len(second) > DENSE:
        near = _near(atoms.coord[list(first)], atoms.coord[list(second)], limit)
        return int(near.sum()) / len(first)
    return len(np.unique(pairs_closer(atoms, first, second, limit)[:, 0])) / len(first)


def _near(
    first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"], limit: float
) -> Bool[np.ndarray, " first"]:
    """Whether points have one of the second closer than `limit`, in time that grows like them."""
    from scipy.spatial import KDTree

    near = np.zeros(len(first), bool)
    known, second = np.isfinite(first).all(axis=1), second[np.isfinite(second).all(axis=1)]
    if len(second):
        near[known] = KDTree(second).query(first[known], distance_upper_bound=limit)[0] < limit
    return near
