"""Backbone torsions, and the Ramachandran regions of real chains."""

from functools import cache

import numpy as np

from .._system.resources import data_file
from .geometry import dihedral

__all__ = ["omega_angles", "ramachandran", "torsions"]


def omega_angles(backbone):
    """omega of every pair of neighbours in degrees, NaN where an atom is missing; (L - 1,)."""
    n, ca, c, _ = np.moveaxis(backbone.coords, 1, 0)
    return dihedral(ca[:-1], c[:-1], n[1:], ca[1:])


def torsions(backbone, link):
    """phi and psi in degrees of the residues linked on both sides, NaN elsewhere.

    Parameters
    ----------
    backbone : Backbone
    link : ndarray of bool, shape (L - 1,)
        Peptide links between neighbours.

    Returns
    -------
    phi, psi : ndarray, shape (L,)
    """
    n, ca, c, _ = np.moveaxis(backbone.coords, 1, 0)
    phi, psi = np.full((2, len(ca)), np.nan)
    if len(ca) > 2:
        both = link[1:] & link[:-1]
        phi[1:-1] = np.where(both, dihedral(c[:-2], n[1:-1], ca[1:-1], c[1:-1]), np.nan)
        psi[1:-1] = np.where(both, dihedral(n[1:-1], ca[1:-1], c[1:-1], n[2:]), np.nan)
    return phi, psi


@cache
def _regions():
    with np.load(data_file("ramachandran.npz")) as data:
        return data["region"], data["classes"].tolist()


def ramachandran(backbone, link):
    """Region of every residue: 0 outlier, 1 allowed, 2 favoured, -1 not linked on both sides.

    Regions of real chains (data/ramachandran.npz) for glycine, proline, residues before proline
    and the rest; parameters as in `torsions`.
    """
    region, classes = _regions()
    phi, psi = torsions(backbone, link)
    inside = np.isfinite(phi) & np.isfinite(psi)
    names = backbone.residue_names
    kind = np.full(len(names), classes.index("general"))
    kind[:-1][names[1:] == "PRO"] = classes.index("preproline")
    kind[names == "GLY"] = classes.index("glycine")
    kind[names == "PRO"] = classes.index("proline")
    bins = region.shape[1]
    row, column = (np.floor((x[inside] + 180) * bins / 360).astype(int) % bins for x in (phi, psi))
    out = np.full(len(names), -1)
    out[inside] = region[kind[inside], row, column]
    return out
