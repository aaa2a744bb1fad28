"""Distances between atom records: peptide bonds and overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..constants import LINK_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Int

    from .atoms import Atoms

__all__ = ["any_closer", "bonded", "pairs_closer", "share_closer"]

#: Atoms whose distances to all others are in memory at a time.
CHUNK = 256


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
    return len(np.unique(pairs_closer(atoms, first, second, limit)[:, 0])) / len(first)
