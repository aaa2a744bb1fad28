"""Covalent bonds between residues: along the chain, where it is a ring, and of side chains."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import LINK_BREAK
from .heavy_atoms import ELEMENTS, SLOTS, TYPES, bonds_apart, slot_of

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from ..structure.backbone import Backbone

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]
    Atoms = Int[np.ndarray, "2 bonds"]

__all__ = ["Links", "closing_links", "linked_to_next", "peptide_links", "residue_links"]

NITROGEN, CARBON = 0, 2  # slots of the backbone
#: Carbons of side chains that amides, esters and thioesters bind, and what binds there.
ACYL = {"ASN": "CG", "ASP": "CG", "GLN": "CD", "GLU": "CD"}
BINDING = {"CYS": "SG", "LYS": "NZ", "SER": "OG", "THR": "OG1"}
#: Limits (Å) of a bond of carbon in the program Probe: sum of covalent radii - 0.6 and + 0.2.
LIMITS = {"N": (0.87, 1.67), "O": (0.83, 1.63), "S": (1.21, 2.01)}


def linked_to_next(backbone: Backbone) -> Bool[np.ndarray, "residues-1"]:
    """Whether a peptide bond (`LINK_BREAK`, 2.0 Å) goes to the next residue."""
    length = np.linalg.norm(backbone.coords[:-1, 2] - backbone.coords[1:, 0], axis=-1)
    return bonded_to_next(backbone) & (length < LINK_BREAK)


def closing_links(backbone: Backbone) -> Int[np.ndarray, "2 links"]:
    """Peptide bonds from the end of a chain to the start of one, as in a ring.

    Residues of C and of N.

    Examples
    --------
    >>> from protdiff import Backbone
    >>> coords = np.full((3, 4, 3), np.nan)
    >>> coords[:, 0] = [[0, 0, 0], [5, 0, 0], [9, 0, 0]]
    >>> coords[:, 2] = [[4, 0, 0], [8, 0, 0], [1.3, 0, 0]]
    >>> closing_links(Backbone.from_coords(coords)).tolist()
    [[2], [0]]
    """
    starts, ends = _chain_ends(backbone)
    points = backbone.coords[ends, CARBON], backbone.coords[starts, NITROGEN]
    end, start = _close(*points, LINK_BREAK)
    links = np.stack([ends[end], starts[start]])
    return links[:, links[0] != links[1]]


def _chain_ends(
    backbone: Backbone,
) -> tuple[Int[np.ndarray, " chains"], Int[np.ndarray, " chains"]]:
    """First residues of all chains, and last ones, if they have N and C."""
    _, first = np.unique(backbone.chain_ids, return_index=True)
    _, last = np.unique(backbone.chain_ids[::-1], return_index=True)
    last = len(backbone) - 1 - last
    return first[backbone.mask[first, NITROGEN]], last[backbone.mask[last, CARBON]]


def peptide_links(backbone: Backbone) -> Int[np.ndarray, "2 links"]:
    """All peptide bonds, those that close a ring last: residues of C and of N."""
    before = np.flatnonzero(linked_to_next(backbone))
    return np.concatenate([np.stack([before, before + 1]), closing_links(backbone)], axis=1)


class Links(NamedTuple):
    """Bonds between residues: residue and slot of the two atoms.

    Attributes
    ----------
    first, second : ndarray of int, shape (2, bonds)
    """

    first: Atoms
    second: Atoms

    def join(
        self, first: Atoms, second: Atoms, types: Types, most: int
    ) -> Bool[np.ndarray, " pairs"]:
        """Whether a path of at most so many bonds, one of them a link, joins pairs of atoms."""
        apart = bonds_apart()
        one = apart[types[self.first[0]], self.first[1]]
        two = apart[types[self.second[0]], self.second[1]]
        link, a, b = np.nonzero(one[:, :, None] + two[:, None, :] + 1 <= most)
        near = _key(self.first[0, link], a), _key(self.second[0, link], b)
        pairs = _key(*first), _key(*second)
        size = len(types) * SLOTS
        near, pairs = (np.minimum(i, j) * size + np.maximum(i, j) for i, j in (near, pairs))
        return np.isin(pairs, near)


def _key(
    residue: Int[np.ndarray, " atoms"], slot: Int[np.ndarray, " atoms"]
) -> Int[np.ndarray, " atoms"]:
    """One number for every atom."""
    return residue * SLOTS + slot


def residue_links(grid: Grid, types: Types, backbone: Backbone) -> Links:
    """All covalent bonds between residues but disulfides.

    Peptide bonds, those that close a ring, and the amides, esters and thioesters of side chains
    and free ends, as in lactams and isopeptides. A bond of a side chain is one if it has the
    length that the program Probe allows.
    """
    carbons, nitrogens = peptide_links(backbone)
    acyl, binding = (table[types] for table in _side_chain_atoms())
    starts, ends = _chain_ends(backbone)
    acyl[np.setdiff1d(ends, carbons), CARBON] = True
    binding[np.setdiff1d(starts, nitrogens), NITROGEN] = True
    first, second = _side_chain_links(grid, acyl, binding, types)
    return Links(
        np.concatenate([np.stack([carbons, np.full_like(carbons, CARBON)]), first], axis=1),
        np.concatenate([np.stack([nitrogens, np.full_like(nitrogens, NITROGEN)]), second], axis=1),
    )


def _side_chain_links(
    grid: Grid,
    acyl: Bool[np.ndarray, "residues 15"],
    binding: Bool[np.ndarray, "residues 15"],
    types: Types,
) -> tuple[Atoms, Atoms]:
    """Bonds of some carbons with some other atoms by their lengths."""
    known = np.isfinite(grid[..., 0])
    first, second = (np.stack(np.nonzero(flags & known)) for flags in (acyl, binding))
    points = grid[tuple(first)], grid[tuple(second)]
    i, j = _close(*points, max(high for _, high in LIMITS.values()))
    first, second = first[:, i], second[:, j]
    distance = np.linalg.norm(points[0][i] - points[1][j], axis=-1)
    limits = [LIMITS[element] for element in ELEMENTS[types[second[0]], second[1]].tolist()]
    low, high = np.array(limits).reshape(-1, 2).T
    kept = (distance > low) & (distance < high)
    return first[:, kept], second[:, kept]


@cache
def _side_chain_atoms() -> tuple[Bool[np.ndarray, "types 15"], Bool[np.ndarray, "types 15"]]:
    """Whether atoms are in `ACYL`, and in `BINDING`."""
    out = np.zeros((2, len(TYPES), SLOTS), bool)
    for table, atoms in zip(out, (ACYL, BINDING), strict=True):
        for name, atom in atoms.items():
            table[TYPES.index(name), slot_of(name, atom)] = True
    return out[0], out[1]


def _close(
    first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"], limit: float
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """Pairs of points closer than a limit (Å)."""
    from scipy.spatial import KDTree

    if not (len(first) and len(second)):
        return np.empty(0, int), np.empty(0, int)
    found = KDTree(first).sparse_distance_matrix(KDTree(second), limit, output_type="ndarray")
    return found["i"], found["j"]
