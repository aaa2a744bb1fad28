"""What a chain sees of its target: atoms near it, hotspots, and an energy of contact."""

# Some methods of torch have no complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..structure.geometry import ideal_cb
from .energy import overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from ..structure.backbone import Backbone

__all__ = ["LAW", "Interface", "TargetLaw", "all_points"]


@dataclass(frozen=True)
class TargetLaw:
    """Distances, energies and times with which a chain is brought into contact with its target.

    Parameters
    ----------
    apart, final_apart : float
        CA-CA distance (Å) under which chain and target repel: in the flow, and in the last docking.
    atoms_apart : float
        The same for all of N, CA, C, O and CB, in the last docking.
    hotspot, final_hotspot : float
        Å from CB of a hotspot to the nearest CA of the chain, in the flow, and to its nearest CB,
        in the last docking; beyond it the hotspot pulls.
    contact : float
        Reach of a contact between CA atoms, Å.
    stiffness, pull, reward : float
        kT per Å² of overlap and of a hotspot too far away, and kT per e-fold of contacts.
    enough : float
        Strain (kT) below which pose and fold are left as they are: it saves time, and the fold.
    early, late : float
        Times between which the target acts on the fold; later, bonds would be strained.
    crop, crop_atoms : float
        Å from any CA of the chain beyond which CA, and atoms, of the target do not count.
    starts, tries, calls, final_calls : int
        Orientations that are tried, those of them that are refined, and evaluations of the energy
        in one refinement: in the flow, and in the last docking.
    """

    apart: float = 6.0
    final_apart: float = 4.8
    atoms_apart: float = 3.5
    hotspot: float = 6.0
    final_hotspot: float = 7.0
    contact: float = 9.0
    stiffness: float = 0.5
    pull: float = 1.0
    reward: float = 1.0
    enough: float = 0.3
    early: float = 0.75
    late: float = 0.3
    crop: float = 14.0
    crop_atoms: float = 7.0
    starts: int = 48
    tries: int = 4
    calls: int = 4
    final_calls: int = 24


LAW = TargetLaw()
#: Å over which the nearest atom is chosen softly, so that a distance to a chain is differentiable.
SOFTNESS = 0.5
#: Å by which distances may miss what the last docking aims at: energies are soft.
SLACK = 0.8
#: Å around hotspots within which atoms decide what is outward.
LOCAL = 16.0


@dataclass(frozen=True, eq=False)
class Interface:
    """What a chain sees of its target.

    Parameters
    ----------
    ca : Tensor, shape (targets, 3)
        CA positions, Å.
    atoms : Tensor, shape (atoms, 3)
        N, CA, C, O and CB.
    hotspots : Tensor, shape (hotspots, 3)
        CB of the hotspots.
    """

    ca: Float[Tensor, "targets 3"]
    atoms: Float[Tensor, "atoms 3"]
    hotspots: Float[Tensor, "hotspots 3"]

    @staticmethod
    def of(structure: Backbone, rows: Sequence[int]) -> Interface:
        """The interface of a target with hotspots at some rows."""
        points = all_points(structure.coords)
        seen = np.asarray(np.isfinite(points).all(-1))
        return Interface(
            torch.tensor(points[seen[:, 1], 1]), torch.tensor(points[seen]),
            torch.tensor(points[list(rows), 4]),
        )  # fmt: skip

    def near(self, positions: Float[Tensor, "residues 3"]) -> Interface:
        """The part of the target that is near a posed chain."""
        ca, atoms = (
            every[torch.cdist(every, positions).amin(1) < reach]
            for every, reach in ((self.ca, LAW.crop), (self.atoms, LAW.crop_atoms))
        )
        return Interface(ca, atoms, self.hotspots)

    def outward(self) -> Float[Tensor, " 3"]:
        """Direction from the target to where a chain at the hotspots can be."""
        middle = self.hotspots.mean(0)
        local = self.ca[(self.ca - middle).norm(dim=1) < LOCAL]
        away = middle - (local if len(local) else self.ca).mean(0)
        return away / away.norm().clamp_min(1e-6)

    def energy(
        self, positions: Float[Tensor, "residues 3"], spread: float = 0.0
    ) -> Float[Tensor, ""]:
        """Energy (kT) of a posed chain, by its CA atoms."""
        return self.strain(positions) - LAW.reward * _contacts(_squares(positions, self.ca))

    def strain(self, positions: Float[Tensor, "residues 3"]) -> Float[Tensor, ""]:
        """The part of the energy (kT) that is zero where hotspots are met and nothing overlaps."""
        clash = LAW.stiffness / 2 * overlap(_squares(positions, self.ca), LAW.apart)
        return clash + _pull(positions, self.hotspots, LAW.hotspot)

    def full_energy(self, points: Float[Tensor, "residues atoms 3"]) -> Float[Tensor, ""]:
        """Energy (kT) of a posed chain, by N, CA, C, O and CB."""
        squares = _squares(points[:, 1], self.ca)
        clash = overlap(_squares(points.flatten(0, 1), self.atoms), LAW.atoms_apart)
        value = 4 * LAW.stiffness * (clash + overlap(squares, LAW.final_apart))
        value = value + 2 * _pull(points[:, 4], self.hotspots, LAW.final_hotspot)
        return value - LAW.reward * _contacts(squares)

    def meets(self, posed: Float[Tensor, "residues atoms 3"]) -> bool:
        """Whether a posed chain is at all hotspots and clear of the target."""
        gap = torch.cdist(posed[:, 1], self.ca).min()
        far = torch.cdist(self.hotspots, posed[:, 4]).amin(1).max()
        clear = torch.cdist(posed.flatten(0, 1), self.atoms).min() > LAW.atoms_apart - SLACK
        return bool((gap > LAW.final_apart - SLACK) & (far < LAW.final_hotspot + SLACK) & clear)


def all_points(coords: Float[np.ndarray, "residues 4 3"]) -> Float[np.ndarray, "residues 5 3"]:
    """N, CA, C, O and the virtual CB; CA in place of CB where N or C is missing."""
    beta = ideal_cb(coords)
    beta = np.where(np.isfinite(beta), beta, coords[:, 1])
    return np.concatenate([coords, beta[:, None]], 1)


def _squares(
    first: Float[Tensor, "first 3"], second: Float[Tensor, "second 3"]
) -> Float[Tensor, "first second"]:
    return (first[:, None] - second).square().sum(-1)


def _contacts(squares: Float[Tensor, "first second"]) -> Float[Tensor, ""]:
    """Logarithm of one more than the number of contacts."""
    return torch.log1p(torch.sigmoid(LAW.contact - (squares + 1e-6).sqrt()).sum())


def _pull(
    points: Float[Tensor, "residues 3"], hotspots: Float[Tensor, "hotspots 3"], reach: float
) -> Float[Tensor, ""]:
    """Energy of hotspots that are beyond the reach of all points."""
    gaps = (_squares(hotspots, points) + 1e-6).sqrt()
    nearest = -SOFTNESS * torch.logsumexp(-gaps / SOFTNESS, 1)
    return LAW.pull / 2 * (nearest - reach).clamp_min(0).square().sum()
