"""Symmetric assemblies: one chain is drawn, the others are its copies, exact by construction.

The network knows single chains. It draws the asymmetric unit. Where copies meet, an energy of
their CA atoms keeps them apart and in touch while the fold is still open. At the end the unit is
docked: moved along its direction from the symmetry axes until the copies just touch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..structure.backbone import Backbone
from .base import ca_of
from .energy import Potential
from .placed_motif import superposed
from .point_groups import point_group, unit_direction

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from .energy import EnergyFunction

__all__ = ["DOCKING", "Docking", "PlacedSymmetry", "Symmetry", "point_group", "symmetry_error"]

CHAIN_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Docking:
    """Distances, energies and times with which copies are brought into contact.

    Parameters
    ----------
    touch : float
        Smallest CA-CA distance between docked copies, Å.
    contact : float
        Reach of a contact, Å.
    reward : float
        kT per e-fold of contacts.
    stiffness : float
        kT/Å² below the smallest distance.
    early, late : float
        Times between which copies act on each other; later, bonds would be strained.
    images : int
        Number of nearest copies that can touch a compact unit.
    """

    touch: float = 5.0
    contact: float = 9.0
    reward: float = 1.0
    stiffness: float = 0.2
    early: float = 0.6
    late: float = 0.3
    images: int = 6


DOCKING = Docking()


@dataclass(frozen=True, eq=False)
class Symmetry(Potential):
    """Copies of the chain around the origin, by a point group.

    Parameters
    ----------
    name : str
        C2, C3 …, D2, D3 …, T, O or I.

    Examples
    --------
    >>> Symmetry("C3").group.shape
    (3, 3, 3)
    >>> protdiff.generate(length=60, condition=Symmetry("C3"))  # doctest: +SKIP
    """

    name: str
    adds_chains = "symmetry"
    group: Float[np.ndarray, "elements 3 3"] = field(init=False, repr=False)
    direction: Float[np.ndarray, " 3"] = field(init=False, repr=False)
    images: Float[Tensor, "images 3 3"] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        group = point_group(self.name)
        direction = unit_direction(group)
        reach = np.linalg.norm(group @ direction - direction, axis=1)
        nearest = np.argsort(reach)[1 : 1 + DOCKING.images]
        object.__setattr__(self, "name", str(self.name).upper())
        object.__setattr__(self, "group", group)
        object.__setattr__(self, "direction", direction)
        object.__setattr__(self, "images", torch.tensor(group[nearest]))

    def for_sample(self, length: int, rng: np.random.Generator) -> PlacedSymmetry:
        return PlacedSymmetry(self)

    def dock(self, ca: Float[Tensor, "residues 3"]) -> float:
        """Distance (Å) of the centroid from the origin at which copies just touch."""
        offset = torch.tensor(self.direction)
        ca = ca - ca.mean(0)
        away = self.images @ offset - offset
        # An image moves by radius · away against the unit. Every pair says how far it must go.
        radius = torch.zeros((), dtype=torch.float64)
        for image, shift in zip(self.images, away, strict=True):
            gap = ((ca @ image.T)[None] - ca[:, None]).flatten(0, 1)
            along, size = gap @ shift, shift.square().sum()
            inside = along**2 - size * (gap.square().sum(1) - DOCKING.touch**2)
            # |gap + r shift| >= touch for all r beyond the larger root.
            root = (-along + inside.clamp_min(0).sqrt()) / size
            root = root[inside > 0]
            if len(root):
                radius = torch.maximum(radius, root.max())
        return float(radius)

    def contact_energy(self, ca: Float[Tensor, "residues 3"], radius: float) -> Float[Tensor, ""]:
        """Energy (kT) of a unit at this distance from the origin with its nearest images."""
        unit = ca + radius * torch.tensor(self.direction)
        value = torch.zeros((), dtype=ca.dtype)
        for image in self.images:
            distance = torch.cdist(unit, unit @ image.T)
            near = (DOCKING.touch + 1 - distance).clamp_min(0).square().sum()
            contacts = torch.sigmoid(DOCKING.contact - distance).sum()
            value = value + DOCKING.stiffness / 2 * near - DOCKING.reward * torch.log1p(contacts)
        return value / len(self.images)


class PlacedSymmetry(Potential):
    """The symmetry of one sample; it remembers the last estimate, for the unit's orientation.

    Parameters
    ----------
    symmetry : Symmetry
    """

    adds_chains = "symmetry"

    def __init__(self, symmetry: Symmetry) -> None:
        self.symmetry, self.name = symmetry, symmetry.name
        self.ca: Float[Tensor, "residues 3"] | None = None

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        self.ca = ca_of(clean)
        if not DOCKING.late < u < DOCKING.early:
            return None
        radius = self.symmetry.dock(self.ca)
        return lambda ca, spread: self.symmetry.contact_energy(ca, radius)

    def finish(self, backbone: Backbone) -> Backbone:
        return self.assembly(backbone, np.ones(len(backbone), bool))

    def assembly(self, backbone: Backbone, written: Bool[np.ndarray, " residues"]) -> Backbone:
        """The assembly, chain A first."""
        assert self.ca is not None  # `energy_at` has set it at every network call
        drawn = (self.ca - self.ca.mean(0)).numpy()[written]
        flat = superposed(backbone.coords.reshape(-1, 3), backbone.ca, drawn)
        unit = flat.reshape(-1, 4, 3)
        unit = unit - unit[:, 1].mean(0)
        radius = self.symmetry.dock(torch.tensor(unit[:, 1]))
        unit = unit + radius * self.symmetry.direction
        copies = [unit @ g.T for g in self.symmetry.group]
        count, n = len(copies), len(unit)
        return Backbone(
            np.concatenate(copies), np.tile(backbone.mask, (count, 1)),
            np.tile(backbone.residue_names, count), np.repeat(list(CHAIN_IDS[:count]), n),
            np.tile(backbone.residue_numbers, count), np.tile(backbone.insertion_codes, count),
            None if backbone.b_factors is None else np.tile(backbone.b_factors, count),
        )  # fmt: skip


def symmetry_error(backbone: Backbone, name: str) -> float:
    """Largest distance (Å) of any atom from where the group puts it."""
    copies = np.split(backbone.coords, len(backbone.chains))
    return max(
        float(np.linalg.norm(copies[0] @ g.T - copy, axis=-1).max())
        for g, copy in zip(point_group(name), copies, strict=True)
    )
