"""Ideal backbone geometry: the peptide link as one vector, and the atoms it places.

The trans peptide is a rigid plane. With ``a`` the unit axis CA(i) -> CA(i+1), the origin at the
midpoint, and ``e`` the unit vector perpendicular to ``a`` in that plane (the carbonyl points along
it), the atoms C(i), O(i) and N(i+1) have fixed coordinates along ``a`` and ``e``. A CA trace and
one vector per link therefore rebuild the whole backbone.
"""

import numpy as np

__all__ = [
    "CIS_LIMIT",
    "LINK_ATOMS",
    "angle",
    "dihedral",
    "link_vectors",
    "place_atom",
    "place_backbone",
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
    """
    ca, links = np.asarray(ca, dtype=float), np.asarray(links, dtype=float)
    step = ca[1:] - ca[:-1]
    axis = _unit(step)
    plane = _unit(_perpendicular(links, axis))
    midpoint = (ca[1:] + ca[:-1]) / 2
    cis = (np.linalg.norm(step, axis=-1) < CIS_LIMIT)[:, None]

    def atom(name):
        along, across = (
            np.where(cis, LINK_ATOMS["cis"][name][i], LINK_ATOMS["trans"][name][i]) for i in (0, 1)
        )
        return midpoint + along * axis + across * plane

    coords = np.empty((len(ca), 4, 3))
    coords[:, 1] = ca
    coords[:-1, 2], coords[1:, 0], coords[:-1, 3] = atom("C"), atom("N"), atom("O")

    n, c = coords[:, 0], coords[:, 2]
    psi = dihedral(n[1], ca[1], c[1], n[2])
    coords[0, 0] = place_atom(n[1], c[0], ca[0], N_CA, N_CA_C, psi)
    phi = dihedral(c[-3], n[-2], ca[-2], c[-2])
    psi = dihedral(n[-2], ca[-2], c[-2], n[-1])
    coords[-1, 2] = place_atom(c[-2], n[-1], ca[-1], CA_C, N_CA_C, phi)
    coords[-1, 3] = place_atom(n[-1], ca[-1], coords[-1, 2], C_O, CA_C_O, psi + 180)
    return coords
