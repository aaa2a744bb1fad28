"""Interface lDDT: lDDT of the distances between atoms of two chains alone.

As OpenStructure defines iLDDT, without its check of the stereochemistry: of all distances under
15 Å between atoms of different chains of the reference, the share that the model preserves within
0.5, 1, 2 and 4 Å (Mariani et al., Bioinformatics 29, 2722, 2013). Those of atoms that the model
lacks are lost. Modified residues count with the atoms of their standard parent, and the second
oxygen of the last residue does not count. Symmetric atoms of side chains have the names that
preserve more of these distances to other atoms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..all_atom_lddt import best_names
from ..heavy_atoms import SLOTS, slots_of_atoms
from ..similarity import LDDT_RADIUS, LDDT_THRESHOLDS
from .residue_contacts import PointsOfChains

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from .complex_atoms import ComplexAtoms

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]

__all__ = ["atoms_of_model", "interface_lddt"]


def interface_lddt(
    reference: ComplexAtoms, placed: Grid
) -> dict[tuple[int, int], tuple[float, int]]:
    """Distances between two chains that a model preserves, and how many there are.

    Parameters
    ----------
    reference : ComplexAtoms
    placed : ndarray, shape (residues, SLOTS, 3)
        Atoms of the model in the slots of the residues of the reference, Å; see `atoms_of_model`.

    Returns
    -------
    dict
        By the two chains of the reference, the one of lower number first: the mean over the
        thresholds of the number of distances preserved, and the number of distances. The ratio
        of the sums over all chains is the iLDDT.

    Examples
    --------
    >>> from protdiff import Backbone
    >>> from protdiff.metrics.interfaces.complex_atoms import complex_atoms
    >>> coords = np.full((2, 4, 3), np.nan)
    >>> coords[:, 1] = [[0, 0, 0], [6, 0, 0]]
    >>> atoms = complex_atoms(Backbone.from_coords(coords, chain_ids=["A", "B"]))
    >>> model = atoms._replace(atoms=1.2 * atoms.atoms)  # a distance that is off by 1.2 Å
    >>> interface_lddt(atoms, atoms_of_model(model, atoms, np.arange(2)))
    {(0, 1): (0.5, 1)}
    """
    places = _in_slots(reference, np.arange(len(reference.types)), reference.types)
    placed = best_names(placed, places, reference.types, reference.chain)
    owner, slot = np.nonzero(np.isfinite(places[..., 0]))
    points = placed[owner, slot]
    near = PointsOfChains(places[owner, slot], reference.chain[owner]).near(LDDT_RADIUS)
    out = {}
    for a, b, found in near:
        distance = np.linalg.norm(points[found.first] - points[found.second], axis=1)
        off = np.abs(distance - found.distance)
        kept = sum(int((off < threshold).sum()) for threshold in LDDT_THRESHOLDS)
        out[a, b] = kept / len(LDDT_THRESHOLDS), len(off)
    return out


def atoms_of_model(
    model: ComplexAtoms, reference: ComplexAtoms, partner: Int[np.ndarray, " residues"]
) -> Grid:
    """Atoms of a model in the slots of the residues of a reference, by their names.

    What has no name in a standard residue has no place either.

    Parameters
    ----------
    model, reference : ComplexAtoms
    partner : ndarray of int, shape (residues,)
        Residue of the model for each one of the reference; -1 where it has none.

    Returns
    -------
    ndarray, shape (residues, SLOTS, 3)
        Å; NaN where the model has no such atom.
    """
    place = np.full(len(model.types), -1)
    known = np.flatnonzero(partner >= 0)
    place[partner[known]] = known
    return _in_slots(model, place, reference.types)


def _in_slots(atoms: ComplexAtoms, place: Int[np.ndarray, " residues"], types: Types) -> Grid:
    """Atoms in the slots of residues at other places, of these types; -1 where there is none."""
    owner = place[atoms.owner]
    rows = np.flatnonzero((owner >= 0) & (atoms.names != ""))
    owner = owner[rows]
    slot = slots_of_atoms(atoms.names[rows], types[owner])
    grid = np.full((len(types), SLOTS, 3), np.nan)
    grid[owner[slot >= 0], slot[slot >= 0]] = atoms.atoms[rows][slot >= 0]
    return grid
