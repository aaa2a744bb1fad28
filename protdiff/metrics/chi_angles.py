"""Torsions of side chains, and how many of them a model has right."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..structure.geometry import dihedral
from .heavy_atoms import TYPES, slot_of

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]

__all__ = ["CHI_ATOMS", "chi_angles", "chi_shares"]

#: Atoms along the side chain from N on: chi1 is the torsion of the first four, and so on.
CHI_ATOMS = {
    "ARG": "N CA CB CG CD NE CZ",
    "ASN": "N CA CB CG OD1",
    "ASP": "N CA CB CG OD1",
    "CYS": "N CA CB SG",
    "GLN": "N CA CB CG CD OE1",
    "GLU": "N CA CB CG CD OE1",
    "HIS": "N CA CB CG ND1",
    "ILE": "N CA CB CG1 CD1",
    "LEU": "N CA CB CG CD1",
    "LYS": "N CA CB CG CD CE NZ",
    "MET": "N CA CB CG SD CE",
    "PHE": "N CA CB CG CD1",
    "PRO": "N CA CB CG CD",
    "SER": "N CA CB OG",
    "THR": "N CA CB OG1",
    "TRP": "N CA CB CG CD1",
    "TYR": "N CA CB CG CD1",
    "VAL": "N CA CB CG1",
}
#: Torsions that are the same after half a turn, by their number.
HALF_TURN = {"ASP": 2, "GLU": 3, "PHE": 2, "TYR": 2}
#: How far (degrees) a torsion may be off.
CLOSE = 20.0
TORSIONS = 4


@cache
def _slots() -> Int[np.ndarray, "types 4 4"]:
    """Slots of the atoms of every torsion; -1 where a type has none."""
    out = np.full((len(TYPES), TORSIONS, 4), -1)
    for name, text in CHI_ATOMS.items():
        atoms = [slot_of(name, atom) for atom in text.split()]
        for k in range(len(atoms) - 3):
            out[TYPES.index(name), k] = atoms[k : k + 4]
    return out


def chi_angles(grid: Grid, types: Types) -> Float[np.ndarray, "residues 4"]:
    """Torsions chi1 to chi4 of side chains, degrees; NaN where there is none.

    Parameters
    ----------
    grid : ndarray, shape (residues, SLOTS, 3)
        Å; see `heavy_atoms.atom_grid`.
    types : ndarray of int, shape (residues,)

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.heavy_atoms import atom_grid, type_indices
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> types = type_indices(structure.backbone.residue_names)
    >>> chi_angles(atom_grid(structure, types), types)[1].round(1).tolist()
    [-57.3, 69.7, nan, nan]
    """
    slots = _slots()[types]
    points = grid[np.arange(len(grid))[:, None, None], slots]
    chi = dihedral(*np.moveaxis(points, 2, 0))
    return np.where(slots[..., 0] >= 0, chi, np.nan)


def chi_shares(model: Grid, reference: Grid, types: Types) -> tuple[float, float]:
    """Shares of side chains with chi1, and with chi1 and chi2, within 20 degrees.

    Parameters
    ----------
    model, reference : ndarray, shape (residues, SLOTS, 3)
        Å; residues of equal types.
    types : ndarray of int, shape (residues,)

    Returns
    -------
    first, both : float
        Among residues that have these torsions in model and reference; NaN if there are none.
        A torsion that half a turn leaves the same (chi2 of ASP, PHE, TYR) is compared as such.
    """
    off = chi_angles(model, types) - chi_angles(reference, types)
    period = np.full((len(TYPES), TORSIONS), 360.0)
    for name, number in HALF_TURN.items():
        period[TYPES.index(name), number - 1] = 180.0
    period = period[types]
    off = np.abs(off - period * np.round(off / period))
    has, close = np.isfinite(off), off <= CLOSE
    both = np.all(close[:, :2], axis=1), np.all(has[:, :2], axis=1)
    return _share(close[:, 0], has[:, 0]), _share(*both)


def _share(right: Bool[np.ndarray, " residues"], counted: Bool[np.ndarray, " residues"]) -> float:
    return float(right[counted].mean()) if counted.any() else float("nan")
