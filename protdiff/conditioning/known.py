"""Known coordinates of a chain in free rigid groups, for motifs, loops and windows.

The CA positions, the link vectors between them, and the atoms N, C and O at the ends of a stretch,
as rigid peptides have them, are all linear in the components of a chain (trans links, CA-CA
3.80 Å). So the exact Gaussian conditional applies to all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from ..flow import cosine_modes
from ..flow.conditional import conditional_mean, observation_precision
from ..structure.constants import CA_CA
from ..structure.peptide import LINK_ATOMS, link_vectors
from ..structure.superposition import rotation_of
from .base import SampleCondition, Stage
from .bonds import HELD_FROM, Bonds

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = ["Known", "Observations", "atom_row", "backbone_observations"]

#: Sweeps over the groups in search of their rotations.
SWEEPS = 4


@dataclass(frozen=True)
class ObservationNoise:
    """Standard deviations with which known coordinates are observed.

    Parameters
    ----------
    ca : float
        CA positions, Å.
    link : float
        Link vectors, of unit length.
    end_atom : float
        Atoms at the ends of a stretch, Å. Linear rows give them only as rigid peptides would,
        which is 0.05 to 0.08 Å rms off for each atom.
    """

    ca: float = 0.01
    link: float = 0.03
    end_atom: float = 0.1


NOISE = ObservationNoise()


class Observations(NamedTuple):
    """Linear observations ``values = rows @ components + noise``.

    Parameters
    ----------
    rows : Tensor, shape (R, 2N)
    values : Tensor, shape (R, 3)
    noise : Tensor, shape (R,)
        Variances, Å² for positions.
    positions : Tensor of bool, shape (R,)
        False for directions, which turn with a rigid motion but do not shift.
    """

    rows: Float[Tensor, "observations components"]
    values: Float[Tensor, "observations 3"]
    noise: Float[Tensor, " observations"]
    positions: Bool[Tensor, " observations"]


def atom_row(length: int, link: int, name: str) -> Float[Tensor, " components"]:
    """Row over the components (2N,) that gives an atom of the link that begins at residue `link`.

    Parameters
    ----------
    length : int
        Residues N of the chain.
    link : int
        From 0.
    name : {"C", "N", "O"}
    """
    along, across = LINK_ATOMS["trans"][name]
    modes = cosine_modes(length)
    row = torch.zeros(2 * length, dtype=torch.float64)
    row[:length] = (0.5 - along / CA_CA) * modes[:, link]
    row[:length] += (0.5 + along / CA_CA) * modes[:, link + 1]
    row[length + link] = across
    return row


def backbone_observations(
    length: int, first: int, coords: Float[np.ndarray, "stretch 4 3"]
) -> Observations:
    """Observations that put a stretch of residues at given coordinates.

    Parameters
    ----------
    length : int
        Residues N of the chain.
    first : int
        Place of the stretch in the chain, from 0.
    coords : ndarray, shape (M, 4, 3)
        N, CA, C, O in Å, nothing missing.
    """
    count = len(coords)
    modes = cosine_modes(length)
    xyz = torch.tensor(coords, dtype=torch.float64)
    rows = torch.zeros(2 * count - 1, 2 * length, dtype=torch.float64)
    rows[:count, :length] = modes[:, first : first + count].T
    rows[count:, length + first : length + first + count - 1] = torch.eye(count - 1)
    links = torch.tensor(link_vectors(coords)) if count > 1 else xyz.new_zeros(0, 3)
    ends: list[tuple[Tensor, Tensor]] = []
    if first > 0:
        ends.append((atom_row(length, first - 1, "N"), xyz[0, 0]))
    if first + count < length:
        ends.append((atom_row(length, first + count - 1, "C"), xyz[-1, 2]))
        ends.append((atom_row(length, first + count - 1, "O"), xyz[-1, 3]))
    noise = [NOISE.ca] * count + [NOISE.link] * (count - 1) + [NOISE.end_atom] * len(ends)
    positions = torch.ones(len(noise), dtype=torch.bool)
    positions[count : 2 * count - 1] = False
    return Observations(
        torch.cat([rows, *(row[None] for row, _ in ends)]),
        torch.cat([xyz[:, 1], links, *(value[None] for _, value in ends)]),
        torch.tensor(noise, dtype=torch.float64).square(),
        positions,
    )


class Known(SampleCondition):
    """Linear observations in rigid groups; the place and the orientation of every group are free.

    The last rotations are kept, and the next search begins with them.

    Parameters
    ----------
    observations : Observations
    groups : Tensor of int, shape (R,)
        Rigid group of every observation, from 0.
    turn : bool
        False: the groups keep their orientation, and only shift.

    Notes
    -----
    Translations are integrated out exactly. Given them, the likelihood of the rotation of one
    group is a Procrustes problem in the metric of the observations' precision W: the terms
    quadratic in the rotation do not depend on it, so Kabsch's solution of the covariance
    yᵀ W (P D - other groups) is exact. Several groups take turns.
    """

    stage = Stage.EXACT

    def __init__(
        self, observations: Observations, groups: Int[Tensor, " observations"], turn: bool = True
    ) -> None:
        self.rows, values, self.noise, self.positions = observations
        self.groups, self.turn = groups, turn
        self.count = int(groups.max()) + 1
        self.members = [groups == g for g in range(self.count)]
        self.free = torch.stack([m & self.positions for m in self.members], 1).double()
        self.free = self.free[:, self.free.any(0)]
        # Coordinates near zero lose fewer digits, and the shift is free anyway.
        self.centers = torch.stack([_center(values[m & self.positions]) for m in self.members])
        self.values = values - self.centers[groups] * self.positions[:, None]
        self.rotations = torch.eye(3, dtype=torch.float64).repeat(self.count, 1, 1)

    def posed(self) -> Float[Tensor, "observations 3"]:
        """Observed values in the last orientations."""
        return torch.einsum("ri,rij->rj", self.values, self.rotations[self.groups])

    def find_pose(
        self,
        clean: Float[Tensor, "components 3"],
        precision: Float[Tensor, "observations observations"],
    ) -> None:
        """Find the most likely rotations, given the estimate."""
        target = self.rows @ clean
        for _ in range(SWEEPS if self.count > 1 else 1):
            for g, members in enumerate(self.members):
                rest = target - self.posed() * (~members)[:, None]
                covariance = self.values[members].mT @ (precision[members] @ rest)
                self.rotations[g] = rotation_of(covariance)

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        precision = observation_precision(variance, self.rows, self.noise, self.free)
        if self.turn:
            self.find_pose(clean, precision)
        mean = conditional_mean(clean, variance, self.rows, self.posed(), precision)
        if u > HELD_FROM:
            return mean
        return Bonds(clean, variance, self.rows, precision).kept(mean)

    def shift(self, clean: Float[Tensor, "components 3"], group: int = 0) -> Float[Tensor, " 3"]:
        """Translation (Å) of a group: its turned values plus the shift lie on the estimate."""
        members = self.members[group] & self.positions
        moved = (self.values[members]) @ self.rotations[group]
        return (self.rows[members] @ clean - moved).mean(0)


def _center(values: Float[Tensor, "members 3"]) -> Float[Tensor, " 3"]:
    return values.mean(0) if len(values) else torch.zeros(3, dtype=torch.float64)
