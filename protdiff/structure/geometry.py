"""Angles and dihedrals of points, and atoms placed by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .constants import CB_FACTORS

if TYPE_CHECKING:
    from jaxtyping import Float

    Points = Float[np.ndarray, "*batch 3"]

__all__ = ["angle", "dihedral", "ideal_cb", "place_atom", "rejection", "unit"]


def unit(vectors: Points) -> Points:
    """Vectors of length 1 in the same directions; zero stays zero."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(norm, 1e-8)


def rejection(vectors: Points, axis: Points) -> Points:
    """Parts of the vectors that are perpendicular to unit vectors."""
    return vectors - (vectors * axis).sum(-1, keepdims=True) * axis


def place_atom(
    a: Float[np.ndarray, "3"],
    b: Float[np.ndarray, "3"],
    c: Float[np.ndarray, "3"],
    bond: float,
    angle: float,
    dihedral: float,
) -> Float[np.ndarray, "3"]:
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
        Å.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.geometry import place_atom
    >>> a, b, c = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    >>> place_atom(a, b, c, bond=1.5, angle=90.0, dihedral=180.0).round(3)
    array([ 1. , -1.5,  0. ])
    """
    angle, dihedral = np.radians(angle), np.radians(dihedral)
    forward = unit(c - b)
    normal = unit(np.cross(b - a, forward))
    local = bond * np.array(
        [-np.cos(angle), np.sin(angle) * np.cos(dihedral), np.sin(angle) * np.sin(dihedral)]
    )
    return c + local @ np.stack([forward, np.cross(normal, forward), normal])


def ideal_cb(coords: Float[np.ndarray, "residues atoms 3"]) -> Float[np.ndarray, "residues 3"]:
    """CB (Å) where an ideal alanine has it, from N, CA and C; NaN where one of them is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.geometry import ideal_cb
    >>> n, ca, c = [1.458, 0.0, 0.0], [0.0, 0.0, 0.0], [-0.551, 1.424, 0.0]
    >>> round(float(np.linalg.norm(ideal_cb(np.array([[n, ca, c]])))), 2)
    1.53
    """
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    b, a = ca - n, c - ca
    cross, along_b, along_a = CB_FACTORS
    return ca + cross * np.cross(b, a) + along_b * b + along_a * a


def angle(a: Points, b: Points, c: Points) -> Float[np.ndarray, "*batch"]:
    """Angle at b in degrees; arrays broadcast over leading axes.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.geometry import angle
    >>> float(angle(np.array([1.0, 0.0, 0.0]), np.zeros(3), np.array([0.0, 2.0, 0.0])))
    90.0
    """
    v, w = a - b, c - b
    cross = np.linalg.norm(np.cross(v, w), axis=-1)
    return np.degrees(np.arctan2(cross, (v * w).sum(-1)))


def dihedral(a: Points, b: Points, c: Points, d: Points) -> Float[np.ndarray, "*batch"]:
    """Dihedral angle a-b-c-d in degrees, IUPAC sign; arrays broadcast over leading axes."""
    axis = unit(c - b)
    v, w = rejection(a - b, axis), rejection(d - c, axis)
    return np.degrees(np.arctan2((np.cross(axis, v) * w).sum(-1), (v * w).sum(-1)))
