"""Clashes of heavy atoms, counted as MolProbity counts them, but without hydrogens."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .heavy_atoms import ELEMENTS, TYPES, bonds_apart, slot_of
from .residue_links import residue_links
from .stereochemistry import DISULFIDE, close_pairs, disulfides

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from ..structure.backbone import Backbone

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]
    Pairs = Int[np.ndarray, "2 pairs"]

__all__ = ["clashes"]

#: Radii (Å) of Probe; Word et al., J. Mol. Biol. 285, 1711 (1999). Carbon of carbonyls is smaller.
RADII = {"C": 1.70, "N": 1.55, "O": 1.40, "S": 1.80}
CARBONYL = 1.65
#: Carbonyl and carboxyl carbons of side chains.
CARBONYLS = {"ASN": "CG", "ASP": "CG", "GLN": "CD", "GLU": "CD"}
#: How far (Å) two atoms overlap in a clash.
OVERLAP = 0.4
#: Atoms with no more bonds between them do not clash.
BONDS = 3


def clashes(grid: Grid, types: Types, backbone: Backbone) -> int:
    """Pairs of heavy atoms of proteins whose van der Waals spheres overlap by 0.4 Å or more.

    Chen et al., Acta Cryst. D66, 12 (2010). Pairs with up to three bonds between them do not count,
    by peptide and disulfide bonds too. Hydrogens, nucleic acids, ligands and water are left out, so
    that the number is lower than MolProbity's clashscore.

    Parameters
    ----------
    grid : ndarray, shape (residues, SLOTS, 3)
        Å; see `heavy_atoms.atom_grid`.
    types : ndarray of int, shape (residues,)
    backbone : Backbone

    Returns
    -------
    int

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.heavy_atoms import atom_grid, type_indices
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> types = type_indices(structure.backbone.residue_names)
    >>> clashes(atom_grid(structure, types), types, structure.backbone)
    0
    """
    radii = _radius_table()
    first, second, distance = close_pairs(grid, 2 * max(RADII.values()) - OVERLAP)
    reach = radii[types[first[0]], first[1]] + radii[types[second[0]], second[1]]
    near = reach - distance >= OVERLAP
    near[near] = ~_near_inside(types, first[:, near], second[:, near])
    links = residue_links(grid, types, backbone)
    near[near] = ~links.join(first[:, near], second[:, near], types, BONDS)
    near[near] = ~_near_by_disulfides(grid, types, first[:, near], second[:, near])
    return int(near.sum())


@cache
def _radius_table() -> Float[np.ndarray, "types 15"]:
    table = np.vectorize(lambda element: RADII.get(element, 0.0))(ELEMENTS)
    table[:, 2] = CARBONYL
    for name, atom in CARBONYLS.items():
        table[TYPES.index(name), slot_of(name, atom)] = CARBONYL
    return table


def _near_inside(types: Types, first: Pairs, second: Pairs) -> Bool[np.ndarray, " pairs"]:
    """Whether three bonds or fewer lie between pairs in a residue."""
    inside = bonds_apart()[types[first[0]], first[1], second[1]]
    return (first[0] == second[0]) & (inside <= BONDS)


def _near_by_disulfides(
    grid: Grid, types: Types, first: Pairs, second: Pairs
) -> Bool[np.ndarray, " pairs"]:
    """The same over the disulfide bond between two cysteines."""
    sulfur = slot_of("CYS", "SG")
    sulfurs = [np.stack([pair[0], np.full(pair.shape[1], sulfur)]) for pair in (first, second)]
    gap = np.linalg.norm(grid[sulfurs[0][0], sulfur] - grid[sulfurs[1][0], sulfur], axis=-1)
    bonded = disulfides(types, *sulfurs) & (gap < DISULFIDE)
    apart = bonds_apart()[TYPES.index("CYS"), sulfur]
    return bonded & (apart[first[1]] + 1 + apart[second[1]] <= BONDS)
