"""Known coordinates of a chain in free rigid groups: what motifs, loops and windows rest on.

The CA positions, the link vectors between them, and the atoms N, C and O at the ends of a stretch,
as rigid peptides have them, are all linear in the components of a chain (trans links, CA-CA
3.80 Å), so the exact Gaussian conditional applies to all of them at once.
"""

import torch

from ..flow import cosine_modes
from ..flow.conditional import conditional_mean, observation_precision
from ..structure.geometry import LINK_ATOMS, link_vectors
from ..structure.superposition import rotation_of
from .base import Condition
from .bonds import HELD_FROM, Bonds

__all__ = ["Known", "atom_row", "backbone_observations"]

#: Standard deviations in Å: CA positions, link vectors (unit length), and the atoms at the ends,
#: which linear rows give only as rigid peptides would (0.05 to 0.08 Å rms each).
CA_NOISE, LINK_NOISE, ATOM_NOISE = 0.01, 0.03, 0.1
CA_CA = 3.80
#: Sweeps over the groups in search of their rotations.
SWEEPS = 4


def atom_row(length, link, name):
    """Row over the components (2N,) that gives an atom of the link from residue `link` on."""
    along, across = LINK_ATOMS["trans"][name]
    modes = cosine_modes(length)
    row = torch.zeros(2 * length, dtype=torch.float64)
    row[:length] = (0.5 - along / CA_CA) * modes[:, link]
    row[:length] += (0.5 + along / CA_CA) * modes[:, link + 1]
    row[length + link] = across
    return row


def backbone_observations(length, first, coords):
    """Observations that put a stretch of residues at given coordinates.

    Parameters
    ----------
    length : int
        Residues N of the chain.
    first : int
        Place of the stretch in the chain, from 0.
    coords : ndarray, shape (M, 4, 3)
        N, CA, C, O in Å, nothing missing.

    Returns
    -------
    rows : Tensor, shape (R, 2N)
    values : Tensor, shape (R, 3)
    noise : Tensor, shape (R,)
        Variances, Å².
    positions : Tensor of bool, shape (R,)
        False for directions, which turn with a rigid motion but do not shift.
    """
    count = len(coords)
    modes = cosine_modes(length)
    xyz = torch.tensor(coords, dtype=torch.float64)
    rows = torch.zeros(2 * count - 1, 2 * length, dtype=torch.float64)
    rows[:count, :length] = modes[:, first : first + count].T
    rows[count:, length + first : length + first + count - 1] = torch.eye(count - 1)
    links = torch.tensor(link_vectors(coords)) if count > 1 else xyz.new_zeros(0, 3)
    ends = []
    if first > 0:
        ends.append((atom_row(length, first - 1, "N"), xyz[0, 0]))
    if first + count < length:
        ends.append((atom_row(length, first + count - 1, "C"), xyz[-1, 2]))
        ends.append((atom_row(length, first + count - 1, "O"), xyz[-1, 3]))
    noise = [CA_NOISE] * count + [LINK_NOISE] * (count - 1) + [ATOM_NOISE] * len(ends)
    positions = torch.ones(len(noise), dtype=torch.bool)
    positions[count : 2 * count - 1] = False
    return (
        torch.cat([rows, *(row[None] for row, _ in ends)]),
        torch.cat([xyz[:, 1], links, *(value[None] for _, value in ends)]),
        torch.tensor(noise, dtype=torch.float64).square(),
        positions,
    )


class Known(Condition):
    """Linear observations in rigid groups; translation and rotation of every group are found.

    Parameters
    ----------
    rows : Tensor, shape (R, 2N)
    values : Tensor, shape (R, 3)
    noise : Tensor, shape (R,)
    positions : Tensor of bool, shape (R,)
    groups : Tensor of int, shape (R,)
        Rigid group of every observation, from 0.
    turn : bool
        False: the groups keep their orientation (they still shift).

    Notes
    -----
    Translations are integrated out exactly. Given them, the likelihood of the rotation of one
    group is a Procrustes problem in the metric of the observations' precision W: the terms
    quadratic in the rotation do not depend on it, so Kabsch's solution of the covariance
    yᵀ W (P D - other groups) is exact. Several groups take turns.
    """

    exact = True

    def __init__(self, rows, values, noise, positions, groups, turn=True):
        self.rows, self.noise, self.positions, self.groups = rows, noise, positions, groups
        self.count = int(groups.max()) + 1
        self.members = [groups == g for g in range(self.count)]
        self.free = torch.stack([m & positions for m in self.members], 1).double()
        self.free = self.free[:, self.free.any(0)]
        # Numbers near zero keep digits; the shift is free anyway.
        self.centers = torch.stack([_center(values[m & positions]) for m in self.members])
        self.values = values - self.centers[groups] * positions[:, None]
        self.turn = turn
        self.rotations = torch.eye(3, dtype=torch.float64).repeat(self.count, 1, 1)

    def posed(self):
        """Values (R, 3) in the orientation last found."""
        return torch.einsum("ri,rij->rj", self.values, self.rotations[self.groups])

    def find_pose(self, clean, precision):
        """Most likely rotations, given the estimate."""
        target = self.rows @ clean
        for _ in range(SWEEPS if self.count > 1 else 1):
            for g, own in enumerate(self.members):
                rest = target - self.posed() * (~own)[:, None]
                covariance = self.values[own].mT @ (precision[own] @ rest)
                self.rotations[g] = rotation_of(covariance)

    def __call__(self, clean, variance, u):
        precision = observation_precision(variance, self.rows, self.noise, self.free)
        if self.turn:
            self.find_pose(clean, precision)
        made = conditional_mean(clean, variance, self.rows, self.posed(), precision)
        if u > HELD_FROM:
            return made
        return Bonds(clean, variance, self.rows, precision).kept(made)

    def shift(self, clean, group=0):
        """Translation (3,) of a group: posed values + shift lie on the estimate."""
        own = self.members[group] & self.positions
        moved = (self.values[own]) @ self.rotations[group]
        return (self.rows[own] @ clean - moved).mean(0)


def _center(values):
    return values.mean(0) if len(values) else torch.zeros(3, dtype=torch.float64)
