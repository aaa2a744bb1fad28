"""The peptide link as one vector, and the atoms that it places.

With ``a`` the unit axis CA(i) -> CA(i+1), the origin at the midpoint, and ``e`` the unit vector
perpendicular to ``a`` along which the carbonyl points, a rigid trans peptide has C(i), O(i) and
N(i+1) at fixed coordinates along ``a`` and ``e``. Real peptides twist and bend so that N-CA-C stays
near 111 degrees, by amounts that follow from the positions of the neighbouring peptides. So a CA
trace and one vector per link are enough to rebuild the whole backbone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .constants import BOND_ANGLES, BOND_LENGTHS, CIS_LIMIT
from .geometry import angle, dihedral, place_atom, rejection, unit
from .peptide_response import fitted_response, neighbour_functions

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    Trace = Float[np.ndarray, "residues 3"]
    Links = Float[np.ndarray, "residues-1 3"]

__all__ = [
    "LINK_ATOMS",
    "Deviations",
    "deviations",
    "is_trans",
    "link_vectors",
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


class Deviations(NamedTuple):
    """What `place_backbone` does not know of a real chain: how its atoms lie off their means.

    Parameters
    ----------
    links : ndarray, shape (L - 1, 3, 3)
        Of C, N(next) and O in the frame of their link, Å.
    ends : ndarray, shape (3, 3)
        Of the first N, the last C and the last O: bond length (Å), bond angle and dihedral
        (degrees).
    """

    links: Float[np.ndarray, "residues-1 3 3"]
    ends: Float[np.ndarray, "3 3"]

    def scaled(self, share: float) -> Deviations:
        """This share of every deviation."""
        return Deviations(share * self.links, share * self.ends)


def deviations(coords: Float[np.ndarray, "residues 4 3"]) -> Deviations:
    """How the atoms of a chain lie off those of `place_backbone` with the same CA atoms and links.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C, O in Å, no missing atoms.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure.peptide import deviations, link_vectors, place_backbone
    >>> coords = protdiff.read("data/examples/1tpk.pdb").chain("A").coords
    >>> exact = place_backbone(coords[:, 1], link_vectors(coords), deviations(coords))
    >>> bool(abs(exact - coords).max() < 1e-6)  # Å
    True
    """
    coords = np.asarray(coords, dtype=float)
    frames, midpoints, local = _link_atoms(coords[:, 1], link_vectors(coords))
    atoms = np.stack([coords[:-1, 2], coords[1:, 0], coords[:-1, 3]], 1)
    links = (atoms - midpoints[:, None]) @ frames.swapaxes(1, 2) - local
    n, ca, c, o = np.moveaxis(coords, 1, 0)
    real = [
        _internal(n[1], c[0], ca[0], n[0]),
        _internal(c[-2], n[-1], ca[-1], c[-1]),
        _internal(n[-1], ca[-1], c[-1], o[-1]),
    ]
    ends = np.array(real) - _ideal_ends(coords)
    ends[:, 2] = (ends[:, 2] + 180) % 360 - 180
    return Deviations(links, ends)


def _internal(
    a: Float[np.ndarray, "3"],
    b: Float[np.ndarray, "3"],
    c: Float[np.ndarray, "3"],
    atom: Float[np.ndarray, "3"],
) -> tuple[float, float, float]:
    """Bond length (Å), bond angle and dihedral (degrees) with which `place_atom` puts an atom."""
    bond = float(np.linalg.norm(atom - c))
    return bond, float(angle(b, c, atom)), float(dihedral(a, b, c, atom))


def place_backbone(
    ca: Trace, links: Links, off: Deviations | None = None
) -> Float[np.ndarray, "residues 4 3"]:
    """All backbone atoms from the CA trace and one vector per peptide link.

    Parameters
    ----------
    ca : ndarray, shape (L, 3)
        CA positions, Å; L >= 3.
    links : ndarray, shape (L - 1, 3)
        Carbonyl direction of each link; only the direction of its part perpendicular to the link's
        axis is used.
    off : Deviations, optional
        How the atoms lie off their means; by default they do not.

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
    frames, midpoints, local = _link_atoms(ca, links)
    if off is not None:
        local = local + off.links
    coords = np.empty((len(ca), 4, 3))
    coords[:, 1] = ca
    atoms = midpoints[:, None] + local @ frames
    coords[:-1, 2], coords[1:, 0], coords[:-1, 3] = np.moveaxis(atoms, 1, 0)
    _place_ends(coords, _ideal_ends(coords) + (0 if off is None else off.ends))
    return coords


def _link_atoms(
    ca: Trace, links: Links
) -> tuple[Float[np.ndarray, "residues-1 3 3"], Links, Float[np.ndarray, "residues-1 3 3"]]:
    """`rigid_links`, bent and twisted by their neighbours."""
    frames, midpoints, local = rigid_links(ca, links)
    even, odd = neighbour_functions(ca, frames, midpoints, local)
    response = fitted_response()
    even = even - response.mean
    even[0, 0] = even[-1, 1] = 0
    trans = is_trans(ca)
    local[trans, :, :2] += np.einsum("lsf,sfax->lax", even, response.in_plane)[trans]
    local[trans, :, 2] += np.einsum("lsf,sfa->la", odd, response.off_plane)[trans]
    return frames, midpoints, local


def _ideal_ends(coords: Float[np.ndarray, "residues 4 3"]) -> Float[np.ndarray, "3 3"]:
    """Bond length, bond angle and dihedral of the first N, the last C and the last O.

    No link places these atoms: they continue the torsions of the neighbouring residue.
    """
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    lengths, angles = BOND_LENGTHS, BOND_ANGLES
    first = dihedral(n[1], ca[1], c[1], n[2])
    phi = dihedral(c[-3], n[-2], ca[-2], c[-2])
    psi = dihedral(n[-2], ca[-2], c[-2], n[-1])
    return np.array([
        [lengths["N-CA"], angles["N-CA-C"], float(first)],
        [lengths["CA-C"], angles["N-CA-C"], float(phi)],
        [lengths["C-O"], angles["CA-C-O"], float(psi) + 180],
    ])  # fmt: skip


def _place_ends(
    coords: Float[np.ndarray, "residues 4 3"], internal: Float[np.ndarray, "3 3"]
) -> None:
    """Set the first N, the last C and the last O from their internal coordinates."""
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    first, last, oxygen = internal.tolist()
    coords[0, 0] = place_atom(n[1], c[0], ca[0], *first)
    coords[-1, 2] = place_atom(c[-2], n[-1], ca[-1], *last)
    coords[-1, 3] = place_atom(n[-1], ca[-1], c[-1], *oxygen)
