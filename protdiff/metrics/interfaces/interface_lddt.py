"""Interface lDDT: lDDT of the distances between atoms of two chains alone.

As OpenStructure defines iLDDT, without its check of the stereochemistry: of all distances under
15 Å between atoms of different chains of the reference, the share that the model preserves within
0.5, 1, 2 and 4 Å (Mariani et al., Bioinformatics 29, 2722, 2013). Those of atoms that the model
lacks are lost. Modified residues count with the atoms of their standard parent, and the second
oxygen of the last residue does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..similarity import LDDT_RADIUS, LDDT_THRESHOLDS
from .residue_contacts import PointsOfChains

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from .complex_atoms import ComplexAtoms

__all__ = ["atoms_of_model", "interface_lddt"]


def interface_lddt(
    reference: ComplexAtoms, points: Float[np.ndarray, "atoms 3"]
) -> dict[tuple[int, int], tuple[float, int]]:
    """Distances between two chains that a model preserves, and how many there are.

    Parameters
    ----------
    reference : ComplexAtoms
    points : ndarray, shape (atoms, 3)
        Where the model has the atoms of the reference, Å; NaN where it has not.

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
    >>> interface_lddt(atoms, 1.2 * atoms.atoms)  # a distance that is off by 1.2 Å
    {(0, 1): (0.5, 1)}
    """
    counted = reference.names != ""
    points, owner = points[counted], reference.owner[counted]
    near = PointsOfChains(reference.atoms[counted], reference.chain[owner]).near(LDDT_RADIUS)
    out = {}
    for a, b, found in near:
        distance = np.linalg.norm(points[found.first] - points[found.second], axis=1)
        off = np.abs(distance - found.distance)
        kept = sum(int((off < threshold).sum()) for threshold in LDDT_THRESHOLDS)
        out[a, b] = kept / len(LDDT_THRESHOLDS), len(off)
    return out


def atoms_of_model(
    model: ComplexAtoms, reference: ComplexAtoms, partner: Int[np.ndarray, " residues"]
) -> Float[np.ndarray, "atoms 3"]:
    """Where a model has the atoms of a reference, by their names; NaN where it has not.

    What has no name in a standard residue has no place either.

    Parameters
    ----------
    model, reference : ComplexAtoms
    partner : ndarray of int, shape (residues,)
        Residue of the model for each one of the reference; -1 where it has none.
    """
    place = {
        key: k for k, key in enumerate(zip(model.owner.tolist(), model.names.tolist(), strict=True))
    }
    wanted = zip(partner[reference.owner].tolist(), reference.names.tolist(), strict=True)
    rows = np.array([place.get(key, -1) if key[1] else -1 for key in wanted])
    out = model.atoms[rows]
    out[rows < 0] = np.nan
    return out
