"""Backbone geometry: the peptide link as one vector, and the atoms it places.

With ``a`` the unit axis CA(i) -> CA(i+1), the origin at the midpoint, and ``e`` the unit vector
perpendicular to ``a`` along which the carbonyl points, a rigid trans peptide has C(i), O(i) and
N(i+1) at fixed coordinates along ``a`` and ``e``. Real peptides give way to their neighbours: they
twist and bend so that N-CA-C stays near 111 degrees, and how follows from where the neighbours lie.
So a CA trace and one vector per link rebuild the whole backbone.
"""

import json
from functools import cache

import numpy as np

from .._system.resources import data_file

__all__ = [
    "CIS_LIMIT",
    "LINK_ATOMS",
    "angle",
    "dihedral",
    "is_trans",
    "link_vectors",
    "neighbour_functions",
    "place_atom",
    "place_backbone",
    "rigid_links",
]

#: CA-CA distances below this (Å) are cis links.
CIS_LIMIT = 3.4

#: Coordinates (along a, along e) in Å of C, N(next) and O, means over the links of 3,395 chains
#: of the training data's range (486,488 trans and 1,400 cis links).
LINK_ATOMS = {
    "trans": {"C": (-0.4733, 0.5271), "N": (0.4968, -0.3826), "O": (-0.2533, 1.7394)},
    "cis": {"C": (-0.6694, 1.2914), "N": (0.6645, 1.1996), "O": (-1.2480, 2.3770)},
}

#: Bond lengths (Å) and angles (degrees) for the chain ends, means of real chains.
N_CA, CA_C, C_O = 1.461, 1.524, 1.233
N_CA_C, CA_C_O = 110.9, 120.4


def _unit(vectors):
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(norm, 1e-8)


def _perpendicular(vectors, axis):
    return vectors - (vectors * axis).sum(-1, keepdims=True) * axis


def link_vectors(coords):
    """Direction of the carbonyl of every peptide link.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C, O in Å, no missing atoms.

    Returns
    -------
    ndarray, shape (L - 1, 3)
        Unit vectors perpendicular to CA(i)-CA(i+1); the direction of C(i) + O(i) - N(i+1) off
        the axis, which weighs each atom by its distance from the axis.
    """
    coords = np.asarray(coords, dtype=float)
    ca = coords[:, 1]
    axis = _unit(ca[1:] - ca[:-1])
    midpoint = (ca[1:] + ca[:-1]) / 2
    return _unit(_perpendicular(coords[:-1, 2] + coords[:-1, 3] - coords[1:, 0] - midpoint, axis))


def place_atom(a, b, c, bond, angle, dihedral):
    """Position of an atom bonded to `c`, from internal coordinates.

    Parameters
    ----------
    a, b, c : ndarray, shape (3,)
        The three atoms before it, Å.
    bond : float
        Distance to `c`, Å.
    angle, dihedral : float
        Angle b-c-atom and dihedral a-b-c-atom, degrees.

    Returns
    -------
    ndarray, shape (3,)
    """
    angle, dihedral = np.radians(angle), np.radians(dihedral)
    forward = _unit(c - b)
    normal = _unit(np.cross(b - a, forward))
    local = bond * np.array(
        [-np.cos(angle), np.sin(angle) * np.cos(dihedral), np.sin(angle) * np.sin(dihedral)]
    )
    return c + local @ np.stack([forward, np.cross(normal, forward), normal])


def angle(a, b, c):
    """Angle at b in degrees; arrays broadcast over leading axes."""
    v, w = a - b, c - b
    cross = np.linalg.norm(np.cross(v, w), axis=-1)
    return np.degrees(np.arctan2(cross, (v * w).sum(-1)))


def dihedral(a, b, c, d):
    """Dihedral angle a-b-c-d in degrees, IUPAC sign; arrays broadcast over leading axes."""
    axis = _unit(c - b)
    v, w = _perpendicular(a - b, axis), _perpendicular(d - c, axis)
    return np.degrees(np.arctan2((np.cross(axis, v) * w).sum(-1), (v * w).sum(-1)))


def is_trans(ca):
    """Which links of a CA trace (L, 3) are trans, by length; bool (L - 1,)."""
    return np.linalg.norm(ca[1:] - ca[:-1], axis=-1) >= CIS_LIMIT


def rigid_links(ca, links):
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
    local : ndarray, shape (L - 1, 3, 3)
        C, N(next) and O in the frame.
    """
    axis = _unit(ca[1:] - ca[:-1])
    plane = _unit(_perpendicular(links, axis))
    trans, cis = ([[*LINK_ATOMS[kind][name], 0.0] for name in "CNO"] for kind in ("trans", "cis"))
    local = np.where(is_trans(ca)[:, None, None], trans, cis)
    return np.stack([axis, plane, np.cross(axis, plane)], 1), (ca[1:] + ca[:-1]) / 2, local


def neighbour_functions(ca, frames, midpoints, local):
    """Where the atoms beyond the ends of every link lie: what a real peptide gives way to.

    Directions (a, e, b) in the frame of the link, from its first CA to the N before it and from its
    second CA to the C after it, both as rigid peptides have them; zero where the chain ends.

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
    a, e, b = np.moveaxis(_unit(directions) @ frames.swapaxes(1, 2), -1, 0)
    return np.stack([a, e, a * a, e * e, a * e], -1), np.stack([b, a * b, e * b], -1)


@cache
def _peptide():
    """Means of the even functions, (2, 5), and shifts of C, N(next) and O, Å per unit of each.

    In the plane by even functions, (2, 5, 3, 2); off it by odd ones, (2, 3, 3).
    """
    table = json.loads(data_file("peptide.json").read_text())
    return tuple(np.array(table[key]) for key in ("mean", "in_plane", "off_plane"))


def place_backbone(ca, links):
    """All backbone atoms from the CA trace and one vector per peptide link.

    Parameters
    ----------
    ca : ndarray, shape (L, 3)
        CA positions, Å; L >= 3.
    links : ndarray, shape (L - 1, 3)
        Carbonyl direction of each link, any length, any lean: only the direction perpendicular to
        the link's axis is used.

    Returns
    -------
    ndarray, shape (L, 4, 3)
        N, CA, C, O in Å. The first N, the last C and the last O continue the torsions of the
        neighbouring residue with ideal bonds and angles.

    Notes
    -----
    A trans link starts as a rigid peptide (`rigid_links`), and each atom moves by a quadratic
    function of the direction to N(i), as the rigid neighbour before has it, and one of that to
    C(i+1), fitted on real chains (`benchmarks/fit_peptide.py`). Mirror images are placed as mirror
    images, and `link_vectors` reads the links back unchanged. Where the chain ends the direction
    counts as the mean one. Cis links stay rigid.
    """
    ca, links = np.asarray(ca, dtype=float), np.asarray(links, dtype=float)
    frames, midpoints, local = rigid_links(ca, links)
    even, odd = neighbour_functions(ca, frames, midpoints, local)
    mean, in_plane, off_plane = _peptide()
    even = even - mean
    even[0, 0] = even[-1, 1] = 0
    trans = is_trans(ca)
    local[trans, :, :2] += np.einsum("lsf,sfax->lax", even, in_plane)[trans]
    local[trans, :, 2] += np.einsum("lsf,sfa->la", odd, off_plane)[trans]
    coords = np.empty((len(ca), 4, 3))
    coords[:, 1] = ca
    atoms = midpoints[:, None] + local @ frames
    coords[:-1, 2], coords[1:, 0], coords[:-1, 3] = np.moveaxis(atoms, 1, 0)

    n, c = coords[:, 0], coords[:, 2]
    psi = dihedral(n[1], ca[1], c[1], n[2])
    coords[0, 0] = place_atom(n[1], c[0], ca[0], N_CA, N_CA_C, psi)
    phi = dihedral(c[-3], n[-2], ca[-2], c[-2])
    psi = dihedral(n[-2], ca[-2], c[-2], n[-1])
    coords[-1, 2] = place_atom(c[-2], n[-1], ca[-1], CA_C, N_CA_C, phi)
    coords[-1, 3] = place_atom(n[-1], ca[-1], coords[-1, 2], C_O, CA_C_O, psi + 180)
    return coords
