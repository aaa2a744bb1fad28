"""Point groups of symmetric assemblies: rotations, and the middle of an asymmetric unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import cos, pi, sin
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["point_group", "unit_direction"]

GOLDEN_RATIO = (1 + 5**0.5) / 2
#: Directions among which the middle of an asymmetric unit is sought.
DIRECTIONS = 2000


def _rotation(axis: Sequence[float], angle: float) -> Float[np.ndarray, "3 3"]:
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + sin(angle) * skew + (1 - cos(angle)) * skew @ skew


def point_group(name: str) -> Float[np.ndarray, "elements 3 3"]:
    """Rotation matrices of C2 …, D2 …, T, O or I; the identity first.

    The main axis is z, the two-fold axes of D are x and its images.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> point_group("D2").shape
    (4, 3, 3)
    """
    match = re.fullmatch(r"([CD])(\d+)|([TOI])", str(name).upper())
    order = int(match[2]) if match and match[2] else 0
    if match is None or (match[2] and not 2 <= order <= 60) or (match[1] == "D" and order > 30):
        raise ValueError(f"{name}: not a symmetry; use C2 to C60, D2 to D30, T, O or I")
    generators = {
        "C": lambda: [_rotation((0, 0, 1), 2 * pi / order)],
        "D": lambda: [_rotation((0, 0, 1), 2 * pi / order), _rotation((1, 0, 0), pi)],
        "T": lambda: [_rotation((0, 0, 1), pi), _rotation((1, 1, 1), 2 * pi / 3)],
        "O": lambda: [_rotation((0, 0, 1), pi / 2), _rotation((1, 1, 1), 2 * pi / 3)],
        "I": lambda: [
            _rotation((0, 1, GOLDEN_RATIO), 2 * pi / 5), _rotation((1, 1, 1), 2 * pi / 3)
        ],
    }[match[1] or match[3]]()  # fmt: skip
    group = [np.eye(3)]
    for element in group:  # grows while it is walked through
        for generator in generators:
            product = element @ generator
            if not any(np.abs(product - other).max() < 1e-6 for other in group):
                group.append(product)
    return np.array(group)


def unit_direction(group: Float[np.ndarray, "elements 3 3"]) -> Float[np.ndarray, " 3"]:
    """Unit vector that is farthest from its images: the middle of an asymmetric unit."""
    if all(abs(g[2, 2] - 1) < 1e-9 for g in group):
        return np.array([1.0, 0.0, 0.0])
    golden_angle = pi * (3 - 5**0.5)
    i = np.arange(DIRECTIONS) + 0.5
    z, angle = 1 - i / (DIRECTIONS / 2), golden_angle * i
    flat = np.sqrt(1 - z * z)
    points = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], 1)
    images = np.einsum("gij,pj->gpi", group[1:], points)
    return points[np.linalg.norm(images - points, axis=-1).min(0).argmax()]
