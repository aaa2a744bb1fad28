"""The peptide link as one vector, and the atoms that it places.

With ``a`` the unit axis CA(i) -> CA(i+1), the origin at the midpoint, and ``e`` the unit vector
perpendicular to ``a`` along which the carbonyl points, a rigid trans peptide has C(i), O(i) and
N(i+1) at fixed coordinates along ``a`` and ``e``. Real peptides twist and bend so that N-CA-C stays
near 111 degrees, by amounts that follow from the positions of the neighbouring peptides. So a CA
trace and one vector per link are enough to rebuild the whole backbone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .._system.resources import data_file
from .constants import BOND_ANGLES, BOND_LENGTHS, CIS_LIMIT
from .geometry import dihedral, place_atom, rejection, unit

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    Trace = Float[np.ndarray, "residues 3"]
    Links = Float[np.ndarray, "residues-1 3"]

__all__ = [
    "LINK_ATOMS",
    "is_trans",
    "link_vectors",
    "neighbour_functions",
    "place_backbone",
    "rigid_links",
]

#: Coordinates (along a, along e) in Å of C, N(next) and O: means over 486,488 trans and 1,400 cis
#: links of 3,395 chains like those of the training data.
LINK_ATOMS = {
    "trans": {"C": (-0.4733, 0.5271), "N": (0.4968, -0.3826), "O": (-0.2533, 1.7394)},
    "cis": {"C": (-0.6694, 1.2914), "N": (0.6645, 1.1996), "O": (-1.2480, 2.3770)},
}


def link_vectors(coords: Float[np.ndarray, "residues 4 3"]) -> Links:
    """Direction of the carbonyl of every peptide link.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C, O in Å, no missing atoms.

    Returns
    -------
    ndarray, shape (L - 1, 3)
        Unit vectors perpendicular to CA(i)-CA(i+1), in the direction of C(i) + O(i) - N(i+1): each
        atom counts by its distance from the axis.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure import link_vectors, place_backbone
    >>> chain = protdiff.read("data/examples/1tpk.pdb").chain("A")
    >>> rebuilt = place_backbone(chain.ca, link_vectors(chain.coords))
    >>> bool(abs(rebuilt - chain.coords).mean() < 0.1)  # Å
    True
    """
    coords = np.asarray(coords, dtype=float)
    ca = coords[:, 1]
    axis = unit(ca[1:] - ca[:-1])
    midpoint = (ca[1:] + ca[:-1]) / 2
    return unit(rejection(coords[:-1, 2] + coords[:-1, 3] - coords[1:, 0] - midpoint, axis))


def is_trans(ca: Trace) -> Bool[np.ndarray, "residues-1"]:
    """Which links of a CA trace are trans, by their length."""
    return np.linalg.norm(ca[1:] - ca[:-1], axis=-1) >= CIS_LIMIT


def rigid_links(
    ca: Trace, links: Links
) -> tuple[Float[np.ndarray, "residues-1 3 3"], Links, Float[np.ndarray, "residues-1 3 3"]]:
    """Every link as a rigid peptide.

    Parameters
    ----------
    ca, links : ndarray
        See `place_backbone`.

    Returns
    -------
    frames : ndarray, shape (L - 1, 3, 3)
        Rows: the axis a, CA(i) -> CA(i+1), the direction e of the carbonyl off it, and a × e.
    midpoints : ndarray, shape (L - 1, 3)
        Å.
    local : ndarray, shape (L - 1, 3, 3)
        C, N(next) and O in the frame, Å.
    """
    axis = unit(ca[1:] - ca[:-1])
    plane = unit(rejection(links, axis))
    trans, cis = ([[*LINK_ATOMS[kind][name], 0.0] for name in "CNO"] for kind in ("trans", "cis"))
    local = np.where(is_trans(ca)[:, None, None], trans, cis)
    return np.stack([axis, plane, np.cross(axis, plane)], 1), (ca[1:] + ca[:-1]) / 2, local


def neighbour_functions(
    ca: Trace,
    frames: Float[np.ndarray, "residues-1 3 3"],
    midpoints: Links,
    local: Float[np.ndarray, "residues-1 3 3"],
) -> tuple[Float[np.ndarray, "residues-1 2 5"], Float[np.ndarray, "residues-1 2 3"]]:
    """Functions of the neighbours' positions with which a peptide bends and twists.

    They are polynomials in two unit vectors with components (a, e, b) in the frame of the link:
    from its first CA to the N before it, and from its second CA to the C after it, both atoms as in
    rigid peptides. They are 0 where the chain ends.

    Parameters
    ----------
    ca, frames, midpoints, local : ndarray
        CA positions, and `rigid_links` of them.

    Returns
    -------
    even : ndarray, shape (L - 1, 2, 5)
        a, e, a², e², a e of the two directions.
    odd : ndarray, shape (L - 1, 2, 3)
        b, a b, e b, which change sign in the mirror image.
    """
    atoms = midpoints[:, None] + local @ frames
    directions = np.zeros((len(frames), 2, 3))
    directions[1:, 0], directions[:-1, 1] = atoms[:-1, 1] - ca[1:-1], atoms[1:, 0] - ca[1:-1]
    a, e, b = np.moveaxis(unit(directions) @ frames.swapaxes(1, 2), -1, 0)
    return np.stack([a, e, a * a, e * e, a * e], -1), np.stack([b, a * b, e * b], -1)


@dataclass(frozen=True)
class PeptideResponse:
    """How C, N(next) and O of a peptide move with its neighbours, fitted on real chains.

    Parameters
    ----------
    mean : ndarray, shape (2, 5)
        Means of the even functions.
    in_plane : ndarray, shape (2, 5, 3, 2)
        Shifts along a and e, Å per unit of each even function.
    off_plane : ndarray, shape (2, 3, 3)
        Shifts along b, Å per unit of each odd function.
    """

    mean: Float[np.ndarray, "2 5"]
    in_plane: Float[np.ndarray, "2 5 3 2"]
    off_plane: Float[np.ndarray, "2 3 3"]


@cache
def _response() -> PeptideResponse:
    """The fit that the package ships (data/peptide.json, from benchmarks/fit_peptide.py)."""
    table = json.loads(data_file("peptide.json").read_text())
    return PeptideResponse(*(np.array(table[key]) for key in ("mean", "in_plane", "off_plane")))


def place_backbone(ca: Trace, links: Links) -> Float[np.ndarray, "residues 4 3"]:
    """All backbone atoms from the CA trace and one vector per peptide link.

    Parameters
    ----------
    ca : ndarray, shape (L, 3)
        CA positions, Å; L >= 3.
    links : ndarray, shape (L - 1, 3)
        Carbonyl direction of each link; only the direction of its part perpendicular to the link's
        axis is used.

    Returns
    -------
    ndarray, shape (L, 4, 3)
        N, CA, C, O in Å. The first N, the last C and the last O continue the torsions of the
        neighbouring residue with ideal bonds and angles.

    Notes
    -----
    A trans link starts as a rigid peptide (`rigid_links`). Each of its atoms then moves by a
    quadratic function of the direction to N(i), as the rigid peptide before it places that atom,
    and by one of the direction to C(i+1), both fitted on real chains (`benchmarks/fit_peptide.py`).
    Mirror images are placed as mirror images, and `link_vectors` of the result are the links. Where
    the chain ends, even functions have their mean value and odd ones 0. Cis links stay rigid.
    """
    ca, links = np.asarray(ca, dtype=float), np.asarray(links, dtype=float)
    frames, midpoints, local = rigid_links(ca, links)
    even, odd = neighbour_functions(ca, frames, midpoints, local)
    response = _response()
    even = even - response.mean
    even[0, 0] = even[-1, 1] = 0
    trans = is_trans(ca)
    local[trans, :, :2] += np.einsum("lsf,sfax->lax", even, response.in_plane)[trans]
    local[trans, :, 2] += np.einsum("lsf,sfa->la", odd, response.off_plane)[trans]
    coords = np.empty((len(ca), 4, 3))
    coords[:, 1] = ca
    atoms = midpoints[:, None] + local @ frames
    coords[:-1, 2], coords[1:, 0], coords[:-1, 3] = np.moveaxis(atoms, 1, 0)
    _place_ends(coords)
    return coords


def _place_ends(coords: Float[np.ndarray, "residues 4 3"]) -> None:
    """Set the first N, the last C and the last O, which no link places."""
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    lengths, angles = BOND_LENGTHS, BOND_ANGLES
    psi = dihedral(n[1], ca[1], c[1], n[2])
    coords[0, 0] = place_atom(n[1], c[0], ca[0], lengths["N-CA"], angles["N-CA-C"], float(psi))
    phi = dihedral(c[-3], n[-2], ca[-2], c[-2])
    psi = dihedral(n[-2], ca[-2], c[-2], n[-1])
    coords[-1, 2] = place_atom(c[-2], n[-1], ca[-1], lengths["CA-C"], angles["N-CA-C"], float(phi))
    coords[-1, 3] = place_atom(
        n[-1], ca[-1], c[-1], lengths["C-O"], angles["CA-C-O"], float(psi) + 180
    )
