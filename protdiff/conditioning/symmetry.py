"""Symmetric assemblies: one chain is drawn, the others are its copies, exact by construction.

The network knows single chains. It draws the asymmetric unit; where copies meet, an energy of
their CA atoms keeps them apart and in touch while the fold is still open, and at the end the unit
is docked: moved along its direction from the symmetry axes until the copies just touch.
"""

import re
from math import cos, pi, sin

import numpy as np
import torch

from ..structure.backbone import Backbone
from .base import ca_of
from .energy import Energy
from .motif import superposed

__all__ = ["Symmetry", "point_group"]

#: Smallest CA-CA distance (Å) between docked copies, reach of a contact, reward (kT) per e-fold of
#: contacts, and kT/Å² below the smallest distance.
TOUCH, CONTACT, REWARD, STIFFNESS = 5.0, 9.0, 1.0, 0.2
#: Times between which copies are felt: later, bonds would be strained.
EARLY, LATE = 0.6, 0.3
#: Images that can touch a compact unit.
NEIGHBOURS = 6
CHAIN_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _turn(axis, angle):
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + sin(angle) * skew + (1 - cos(angle)) * skew @ skew


def point_group(name):
    """Rotation matrices (G, 3, 3) of C2 …, D2 …, T, O or I; the identity first.

    The main axis is z, the two-fold axes of D are x and its images.

    Raises
    ------
    ValueError
    """
    golden = (1 + 5**0.5) / 2
    match = re.fullmatch(r"([CD])(\d+)|([TOI])", str(name).upper())
    order = int(match[2]) if match and match[2] else 0
    if not match or (match[2] and not 2 <= order <= 60) or (match[1] == "D" and order > 30):
        raise ValueError(f"{name}: not a symmetry; use C2 to C60, D2 to D30, T, O or I")
    generators = {
        "C": lambda: [_turn((0, 0, 1), 2 * pi / order)],
        "D": lambda: [_turn((0, 0, 1), 2 * pi / order), _turn((1, 0, 0), pi)],
        "T": lambda: [_turn((0, 0, 1), pi), _turn((1, 1, 1), 2 * pi / 3)],
        "O": lambda: [_turn((0, 0, 1), pi / 2), _turn((1, 1, 1), 2 * pi / 3)],
        "I": lambda: [_turn((0, 1, golden), 2 * pi / 5), _turn((1, 1, 1), 2 * pi / 3)],
    }[match[1] or match[3]]()
    group = [np.eye(3)]
    for known in group:  # grows while it is walked through
        for g in generators:
            new = known @ g
            if not any(np.abs(new - other).max() < 1e-6 for other in group):
                group.append(new)
    return np.array(group)


def direction_of(group):
    """Unit vector that is farthest from its images: the middle of an asymmetric unit."""
    if all(abs(g[2, 2] - 1) < 1e-9 for g in group):
        return np.array([1.0, 0.0, 0.0])
    golden_angle = pi * (3 - 5**0.5)
    i = np.arange(2000) + 0.5
    z, angle = 1 - i / 1000, golden_angle * i
    flat = np.sqrt(1 - z * z)
    points = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], 1)
    images = np.einsum("gij,pj->gpi", group[1:], points)
    return points[np.linalg.norm(images - points, axis=-1).min(0).argmax()]


class Symmetry(Energy):
    """Copies of the chain around the origin, by a point group.

    Parameters
    ----------
    name : str
        C2, C3 …, D2, D3 …, T, O or I.

    Examples
    --------
    >>> protdiff.generate(length=60, condition=Symmetry("C3"))  # doctest: +SKIP
    """

    def __init__(self, name):
        self.name = str(name).upper()
        self.group = point_group(name)
        self.direction = direction_of(self.group)
        reach = np.linalg.norm(self.group @ self.direction - self.direction, axis=1)
        nearest = np.argsort(reach)[1 : 1 + NEIGHBOURS]
        self.images = torch.tensor(self.group[nearest])
        self.radius, self.ca = 0.0, None

    def settle(self, length, rng):
        return Symmetry(self.name)

    def dock(self, ca):
        """Distance (Å) of the centroid from the origin at which copies just touch."""
        offset = torch.tensor(self.direction)
        ca = ca - ca.mean(0)
        away = self.images @ offset - offset
        # An image moves by radius · away against the unit. Every pair says how far it must go.
        radius = torch.zeros((), dtype=torch.float64)
        for image, shift in zip(self.images, away, strict=True):
            gap = ((ca @ image.T)[None] - ca[:, None]).flatten(0, 1)
            along, size = gap @ shift, shift.square().sum()
            inside = along**2 - size * (gap.square().sum(1) - TOUCH**2)
            # |gap + r shift| >= TOUCH for all r beyond the larger root.
            root = (-along + inside.clamp_min(0).sqrt()) / size
            root = root[inside > 0]
            if len(root):
                radius = torch.maximum(radius, root.max())
        return float(radius)

    def energy(self, ca, spread):
        unit = ca + self.radius * torch.tensor(self.direction)
        value = 0.0
        for image in self.images:
            distance = torch.cdist(unit, unit @ image.T)
            near = (TOUCH + 1 - distance).clamp_min(0).square().sum()
            touch = torch.sigmoid(CONTACT - distance).sum()
            value = value + STIFFNESS / 2 * near - REWARD * torch.log1p(touch)
        return value / len(self.images)

    def felt(self, clean, variance, u):
        self.ca = ca_of(clean)
        if near := LATE < u < EARLY:
            self.radius = self.dock(self.ca)
        return near

    def finish(self, backbone):
        """The assembly, chain A first."""
        flat = superposed(
            backbone.coords.reshape(-1, 3), backbone.ca, (self.ca - self.ca.mean(0)).numpy()
        )
        unit = flat.reshape(-1, 4, 3)
        unit = unit - unit[:, 1].mean(0)
        self.radius = self.dock(torch.tensor(unit[:, 1]))
        unit = unit + self.radius * self.direction
        copies = [unit @ g.T for g in self.group]
        count, n = len(copies), len(unit)
        return Backbone(
            np.concatenate(copies), np.tile(backbone.mask, (count, 1)),
            np.tile(backbone.residue_names, count), np.repeat(list(CHAIN_IDS[:count]), n),
            np.tile(backbone.residue_numbers, count), np.tile(backbone.insertion_codes, count),
        )  # fmt: skip


def symmetry_error(backbone, name):
    """Largest distance (Å) of any atom from where the group puts it."""
    copies = np.split(backbone.coords, len(backbone.chains))
    return max(
        float(np.linalg.norm(copies[0] @ g.T - copy, axis=-1).max())
        for g, copy in zip(point_group(name), copies, strict=True)
    )
