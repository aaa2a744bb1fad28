"""Atoms that lDDT leaves out of a structure because its stereochemistry is impossible there.

The check of OpenStructure: bonds and angles more than 12 standard deviations off their means, and
clashes. If an atom of the backbone takes part, the residue is left out, else its side chain.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import BACKBONE_ATOMS
from ..structure.geometry import angle, dihedral
from .engh_huber import LINKS, angles_of, bonds_of, links
from .heavy_atoms import ELEMENTS, SLOTS, TYPES, bonds_apart, slot_of
from .residue_links import peptide_links, residue_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Bool, Float, Int

    from ..structure.backbone import Backbone
    from .engh_huber import Ideal
    from .residue_links import Links

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]
    Flags = Bool[np.ndarray, "residues 15"]

__all__ = ["DISULFIDE", "Violations", "close_pairs", "disulfides", "violations"]

#: Standard deviations that a bond or an angle may be off.
TOLERANCE = 12
#: Radii (Å) of OpenStructure (its stereochemistry.py), and how much two atoms may overlap.
RADII = {"C": 1.70, "N": 1.55, "O": 1.52, "S": 1.80}
OVERLAP = 1.5
#: The least S-S distance (Å) of two cysteines.
LEAST_S_S = 2.03 - 1.0
#: S-S distance (Å) up to which two cysteines are bonded.
DISULFIDE = 2.5
SIDE_CHAIN = slice(len(BACKBONE_ATOMS), SLOTS)


class _Table(NamedTuple):
    """Bonds or angles of all types, those of one type side by side, padded with slot 0 thrice."""

    slots: Int[np.ndarray, "types most atoms"]
    mean: Float[np.ndarray, "types most"]
    allowed: Float[np.ndarray, "types most"]  # infinite where there is none


@cache
def _table(of: Callable[[str], tuple[Ideal, ...]]) -> _Table:
    entries = [of(name) for name in TYPES]
    most, atoms = max(map(len, entries)), len(entries[0][0].atoms)
    slots = np.zeros((len(TYPES), most, atoms), int)
    mean, allowed = np.zeros((len(TYPES), most)), np.full((len(TYPES), most), np.inf)
    for k, ideals in enumerate(entries):
        for n, ideal in enumerate(ideals):
            slots[k, n] = [slot_of(TYPES[k], atom) for atom in ideal.atoms]
            mean[k, n], allowed[k, n] = ideal.mean, TOLERANCE * ideal.deviation
    return _Table(slots, mean, allowed)


class Violations(NamedTuple):
    """Residues with impossible stereochemistry.

    Attributes
    ----------
    whole : ndarray of bool, shape (residues,)
        An atom of the backbone takes part: the residue is left out.
    any_atom : ndarray of bool, shape (residues,)
        Any atom takes part: the side chain is left out.
    """

    whole: Bool[np.ndarray, " residues"]
    any_atom: Bool[np.ndarray, " residues"]

    def without(self, grid: Grid) -> Grid:
        """The atoms of a grid but those that are left out, which are NaN."""
        kept = grid.copy()
        kept[self.any_atom, SIDE_CHAIN] = np.nan
        kept[self.whole] = np.nan
        return kept


def violations(grid: Grid, types: Types, backbone: Backbone) -> Violations:
    """Residues with bonds, angles or distances that no structure has.

    Parameters
    ----------
    grid : ndarray, shape (residues, SLOTS, 3)
        Å; see `heavy_atoms.atom_grid`.
    types : ndarray of int, shape (residues,)
    backbone : Backbone

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.heavy_atoms import atom_grid, slot_of, type_indices
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> types = type_indices(structure.backbone.residue_names)
    >>> grid = atom_grid(structure, types)
    >>> int(violations(grid, types, structure.backbone).any_atom.sum())
    0
    >>> grid[1, slot_of("ASN", "ND2")] += 1.0
    >>> found = violations(grid, types, structure.backbone)
    >>> np.flatnonzero(found.any_atom).tolist(), np.flatnonzero(found.whole).tolist()
    ([1], [])
    """
    bad = _bad_bonds(grid, types) | _bad_links(grid, types, peptide_links(backbone))
    bad |= _clashing(grid, types, residue_links(grid, types, backbone))
    return Violations(np.any(bad[:, : len(BACKBONE_ATOMS)], axis=1), np.any(bad, axis=1))


def _measured(points: list[Float[np.ndarray, "... 3"]]) -> Float[np.ndarray, "..."]:
    """Length of a bond (Å) or size of an angle (degrees)."""
    if len(points) == 2:
        return np.linalg.norm(points[0] - points[1], axis=-1)
    return angle(*points)


def _bad_bonds(grid: Grid, types: Types) -> Flags:
    """Atoms of bonds and angles inside residues that are off."""
    bad = np.zeros(grid.shape[:2], bool)
    rows = np.arange(len(grid))[:, None]
    for table in (_table(bonds_of), _table(angles_of)):
        slots = table.slots[types]
        points = [grid[rows, slots[..., k]] for k in range(slots.shape[-1])]
        off = np.abs(_measured(points) - table.mean[types]) > table.allowed[types]
        where, which = np.nonzero(off)
        bad[where[:, None], slots[where, which]] = True
    return bad


def _bad_links(grid: Grid, types: Types, peptides: Int[np.ndarray, "2 links"]) -> Flags:
    """Atoms of bonds and angles between residues that are off."""
    bad = np.zeros(grid.shape[:2], bool)
    before, after = peptides
    names = np.array(TYPES)[types[after]]
    omega = dihedral(grid[before, 1], grid[before, 2], grid[after, 0], grid[after, 1])
    kinds = np.where(np.isin(names, list(LINKS)), names, "*").astype("U7")
    kinds[(names == "PRO") & (np.abs(omega) < 90)] = "PRO cis"
    for kind in set(kinds.tolist()):
        own = kinds == kind
        for ideal in links(kind):
            # Atoms from N on are those of the residue behind the link.
            start = ideal.atoms.index("N")
            residues = [before[own] if k < start else after[own] for k in range(len(ideal.atoms))]
            slots = [slot_of("PRO" if atom == "CD" else "ALA", atom) for atom in ideal.atoms]
            points = [grid[r, s] for r, s in zip(residues, slots, strict=True)]
            off = np.abs(_measured(points) - ideal.mean) > TOLERANCE * ideal.deviation
            for r, s in zip(residues, slots, strict=True):
                bad[r[off], s] = True
    return bad


def _clashing(grid: Grid, types: Types, links: Links) -> Flags:
    """Atoms that are too close to others without a bond."""
    bad = np.zeros(grid.shape[:2], bool)
    first, second, distance = close_pairs(grid, 2 * max(RADII.values()) - OVERLAP)
    least = _radii(types, first) + _radii(types, second) - OVERLAP
    least[disulfides(types, first, second)] = LEAST_S_S
    bonded = (first[0] == second[0]) & (bonds_apart()[types[first[0]], first[1], second[1]] == 1)
    clash = (distance < least) & ~bonded
    clash[clash] = ~links.join(first[:, clash], second[:, clash], types, 1)
    for residue, slot in (first[:, clash], second[:, clash]):
        bad[residue, slot] = True
    return bad


def _radii(types: Types, atoms: Int[np.ndarray, "2 pairs"]) -> Float[np.ndarray, " pairs"]:
    return _radius_table()[types[atoms[0]], atoms[1]]


@cache
def _radius_table() -> Float[np.ndarray, "types 15"]:
    return np.vectorize(lambda element: RADII.get(element, 0.0))(ELEMENTS)


def disulfides(
    types: Types, first: Int[np.ndarray, "2 pairs"], second: Int[np.ndarray, "2 pairs"]
) -> Bool[np.ndarray, " pairs"]:
    """Whether pairs of atoms are the sulfur atoms of two cysteines."""
    cysteine, sulfur = TYPES.index("CYS"), slot_of("CYS", "SG")
    both = [(types[r] == cysteine) & (s == sulfur) for r, s in (first, second)]
    return both[0] & both[1] & (first[0] != second[0])


def close_pairs(
    grid: Grid, limit: float
) -> tuple[Int[np.ndarray, "2 pairs"], Int[np.ndarray, "2 pairs"], Float[np.ndarray, " pairs"]]:
    """Pairs of atoms within a distance (Å): residue and slot of the two, and the distances.

    The first atom of a pair is before the second one.
    """
    from scipy.spatial import KDTree

    residue, slot = np.nonzero(np.isfinite(grid[..., 0]))
    points = grid[residue, slot]
    if len(points) < 2:
        none = np.empty((2, 0), int)
        return none, none, np.empty(0)
    i, j = KDTree(points).query_pairs(limit, output_type="ndarray").T
    distance = np.linalg.norm(points[i] - points[j], axis=-1)
    places = np.stack([residue, slot])
    return places[:, i], places[:, j], distance
