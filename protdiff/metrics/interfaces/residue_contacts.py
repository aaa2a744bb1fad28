"""Pairs of residues of two chains that come close."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int
    from scipy.spatial import KDTree

__all__ = ["Contacts", "PointsOfChains", "nearest"]


class Contacts(NamedTuple):
    """Pairs of points or residues of two chains, the first one of the chain that comes first."""

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    distance: Float[np.ndarray, " pairs"]

    def closer(self, limit: float) -> Contacts:
        """Those under a distance, Å."""
        kept = self.distance < limit
        return Contacts(self.first[kept], self.second[kept], self.distance[kept])


class PointsOfChains:
    """Points of a complex, and which of two chains are close to each other.

    Parameters
    ----------
    points : ndarray, shape (points, 3)
        Å.
    chain : ndarray of int, shape (points,)
        Chain of each.
    """

    def __init__(
        self, points: Float[np.ndarray, "points 3"], chain: Int[np.ndarray, " points"]
    ) -> None:
        self.points, self.chain = points, chain
        self.trees: dict[int, tuple[Int[np.ndarray, " points"], KDTree]] = {}

    @cached_property
    def boxes(self) -> dict[int, tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]]:
        """Least and largest coordinates of each chain."""
        chains = {int(k): self.points[self.chain == k] for k in np.unique(self.chain)}
        return {k: (points.min(0), points.max(0)) for k, points in chains.items()}

    def near(self, limit: float) -> Iterator[tuple[int, int, Contacts]]:
        """Pairs of chains that have points closer than `limit` (Å), and these points."""
        for a, b in combinations(sorted(self.boxes), 2):
            (low, high), (other_low, other_high) = self.boxes[a], self.boxes[b]
            if max((low - other_high).max(), (other_low - high).max()) < limit:
                found = self.between(a, b, limit)
                if len(found.first):
                    yield a, b, found

    def between(self, a: int, b: int, limit: float) -> Contacts:
        """Points of two chains that are closer than `limit` (Å)."""
        (rows, tree), (columns, other) = self._tree(a), self._tree(b)
        found = tree.sparse_distance_matrix(other, limit, output_type="ndarray")
        contacts = Contacts(rows[found["i"]], columns[found["j"]], found["v"])
        return contacts.closer(limit)

    def _tree(self, chain: int) -> tuple[Int[np.ndarray, " points"], KDTree]:
        """Places of the points of a chain, and a tree of them."""
        from scipy.spatial import KDTree

        if chain not in self.trees:
            rows = np.flatnonzero(self.chain == chain)
            self.trees[chain] = rows, KDTree(self.points[rows])
        return self.trees[chain]


def nearest(found: Contacts, owner: Int[np.ndarray, " points"]) -> Contacts:
    """Each pair of residues once, at the least distance of their points.

    Parameters
    ----------
    found : Contacts
        Pairs of points of two chains.
    owner : ndarray of int, shape (points,)
        Residue of each point.

    Examples
    --------
    >>> points = Contacts(np.array([0, 1, 1]), np.array([2, 2, 3]), np.array([4.0, 3.0, 5.0]))
    >>> nearest(points, np.array([0, 0, 1, 2]))
    Contacts(first=array([0, 0]), second=array([1, 2]), distance=array([3., 5.]))
    """
    first, second = owner[found.first], owner[found.second]
    order = np.lexsort((found.distance, second, first))
    first, second = first[order], second[order]
    new = np.r_[True, (first[1:] != first[:-1]) | (second[1:] != second[:-1])][: len(order)]
    return Contacts(first[new], second[new], found.distance[order][new])
