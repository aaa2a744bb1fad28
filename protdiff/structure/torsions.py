"""Backbone torsions, and the Ramachandran regions of real chains."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .._system.resources import data_file
from .geometry import dihedral

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from .backbone import Backbone

__all__ = ["omega_angles", "ramachandran", "regions_of", "torsions"]


def omega_angles(backbone: Backbone) -> Float[np.ndarray, "residues-1"]:
    """omega between every residue and the next in degrees, bonded or not; NaN without the atoms."""
    n, ca, c, _ = np.moveaxis(backbone.coords, 1, 0)
    return dihedral(ca[:-1], c[:-1], n[1:], ca[1:])


def torsions(
    backbone: Backbone, link: Bool[np.ndarray, "residues-1"]
) -> tuple[Float[np.ndarray, "residues"], Float[np.ndarray, "residues"]]:
    """phi and psi in degrees of the residues linked on both sides, NaN elsewhere.

    Parameters
    ----------
    backbone : Backbone
    link : ndarray of bool, shape (L - 1,)
        Whether a peptide link joins a residue to the next.

    Returns
    -------
    phi, psi : ndarray, shape (L,)

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure import bonded_to_next
    >>> from protdiff.structure.torsions import torsions
    >>> chain = protdiff.read("data/examples/1tpk.pdb").chain("A")
    >>> phi, psi = torsions(chain, bonded_to_next(chain))
    >>> phi.shape == psi.shape == (len(chain),)
    True
    """
    n, ca, c, _ = np.moveaxis(backbone.coords, 1, 0)
    phi, psi = np.full((2, len(ca)), np.nan)
    if len(ca) > 2:
        both = link[1:] & link[:-1]
        phi[1:-1] = np.where(both, dihedral(c[:-2], n[1:-1], ca[1:-1], c[1:-1]), np.nan)
        psi[1:-1] = np.where(both, dihedral(n[1:-1], ca[1:-1], c[1:-1], n[2:]), np.nan)
    return phi, psi


@cache
def _regions() -> tuple[Int[np.ndarray, "classes bins bins"], list[str]]:
    """Region of every bin of (phi, psi) by class of residue, and the names of the classes."""
    with np.load(data_file("ramachandran.npz")) as data:
        return data["region"], data["classes"].tolist()


def regions_of(name: str) -> Int[np.ndarray, "bins bins"]:
    """Region of every bin of phi (rows) and psi from -180°: 0 outlier, 1 allowed, 2 favoured.

    Parameters
    ----------
    name : str
        Class of residues: general, glycine, proline or preproline.

    Examples
    --------
    >>> regions = regions_of("general")
    >>> int(regions[58, 68])  # phi -63°, psi -43°: a helix
    2
    """
    region, classes = _regions()
    return region[classes.index(name)]


def ramachandran(
    backbone: Backbone, link: Bool[np.ndarray, "residues-1"]
) -> Int[np.ndarray, "residues"]:
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
