"""The usual restraints: repulsion, contacts, radius of gyration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import torch

from .energy import Potential, overlap

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float, Int
    from torch import Tensor

    from .energy import EnergyFunction

__all__ = ["Contacts", "RadiusOfGyration", "Repulsion", "Spacing"]

#: Share of a contact's tolerance within which nothing pulls; the rest is a margin, so that a
#: distance that is pulled to the edge of this share is within the tolerance.
FREE_SHARE = 0.8


@dataclass(frozen=True)
class Repulsion(Potential):
    """Keep CA atoms three or more residues apart from each other: excluded volume.

    Parameters
    ----------
    radius : float
        Distance in Å below which pairs repel; real chains have next to none under 3.8.
    stiffness : float
        kT per Å².
    """

    radius: float = 4.0
    stiffness: float = 10.0
    name: str = "repulsion"

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        first, second = torch.triu_indices(len(ca), len(ca), 3)
        squares = (ca[first] - ca[second]).square().sum(-1) + 2 * spread**2
        return self.stiffness / 2 * overlap(squares, self.radius)

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        n = len(clean) // 2
        # With a larger uncertainty no pair is known to be near.
        known = 6 * float(variance[:n].sum() / n) <= self.radius**2
        return self.energy if known else None


@dataclass(frozen=True, eq=False)
class Spacing(Potential):
    """Keep pairs of CA atoms apart between two times, by their estimated positions alone.

    While positions are uncertain, their estimates (means) are nearer to each other than the atoms
    will be. Keeping the estimates apart therefore makes space early.

    Parameters
    ----------
    first, second : Tensor of int, shape (pairs,)
        Residues of the pairs, from 0.
    radius : float
        Å.
    stiffness : float
        kT per Å².
    times : (float, float)
        Acts at times from the first on, below the second.
    """

    first: Int[Tensor, " pairs"]
    second: Int[Tensor, " pairs"]
    radius: float
    stiffness: float
    times: tuple[float, float]
    name: str = "spacing"

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        return self.energy if self.times[0] <= u < self.times[1] else None

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        squares = (ca[self.first] - ca[self.second]).square().sum(-1)
        return self.stiffness / 2 * overlap(squares, self.radius)


class Contacts(Potential):
    """Pairs of residues at given CA distances.

    Parameters
    ----------
    pairs : sequence of (int, int, float, float)
        Residues from 1, CA distance and tolerance in Å: anything within the tolerance is free.
    stiffness : float
        kT per Å² beyond it.

    Raises
    ------
    ValueError
        If there are no pairs, or one that is not two residues, a distance and a tolerance.

    Examples
    --------
    >>> Contacts([(2, 18, 6.0, 0.5)]).pairs
    ((2, 18, 6.0, 0.5),)
    """

    name = "contacts"

    def __init__(
        self, pairs: Sequence[tuple[int, int, float, float]], stiffness: float = 10.0
    ) -> None:
        self.pairs = tuple(_contact(*pair) for pair in pairs)
        if not self.pairs:
            raise ValueError("contacts: give at least one pair of residues")
        if not 0 <= stiffness < inf:
            raise ValueError(f"contacts: `stiffness` {stiffness:g}: must be 0 or more, kT per Å²")
        self.stiffness = stiffness
        first, second, distance, tolerance = zip(*self.pairs, strict=True)
        self.first, self.second = torch.tensor(first) - 1, torch.tensor(second) - 1
        self.distance = torch.tensor(distance).double()
        self.tolerance = torch.tensor(tolerance).double()

    def for_sample(self, length: int, rng: np.random.Generator) -> Contacts:
        for i, j, *_ in self.pairs:
            if not (1 <= i <= length and 1 <= j <= length):
                raise ValueError(
                    f"contact {i}-{j}: the chain has {length} residues; number them 1 to {length}"
                )
        return self

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        squares = (ca[self.first] - ca[self.second]).square().sum(-1)
        free = FREE_SHARE * self.tolerance
        # A pair is too far apart if its estimated positions are: while positions are uncertain,
        # these lie near each other, so a pair that may still come near is not pulled. It is too
        # near if its expected distance is too short, with the uncertainty in it. To use the
        # expected distance for both would make the chain collapse before it has a fold.
        far = (squares + 1e-6).sqrt() - self.distance - free
        near = self.distance - free - (squares + 2 * spread**2).sqrt()
        return self.stiffness / 2 * (far.clamp_min(0).square() + near.clamp_min(0).square()).sum()


def _contact(
    i: float, j: float, distance: float, tolerance: float
) -> tuple[int, int, float, float]:
    """A pair of `Contacts`; ValueError for one that means nothing, as with a NaN."""
    pair = float(i), float(j), float(distance), float(tolerance)
    if not (pair[0].is_integer() and pair[1].is_integer() and i != j):
        raise ValueError(f"contact {i:g}-{j:g}: must be of two residues, by their numbers from 1")
    if not (0 < pair[2] < inf and 0 <= pair[3] < inf):
        raise ValueError(
            f"contact {i:g}-{j:g}: distance {distance:g} and tolerance {tolerance:g} must be "
            "numbers in Å, the first above 0, the second 0 or more"
        )
    return int(i), int(j), pair[2], pair[3]


@dataclass(frozen=True)
class RadiusOfGyration(Potential):
    """Radius of gyration of the CA atoms.

    Parameters
    ----------
    target : float
        Å.
    precision : float
        Relative standard deviation.

    Examples
    --------
    >>> RadiusOfGyration(12.0).target
    12.0
    """

    target: float
    precision: float = 0.005
    name: str = "radius of gyration"

    def __post_init__(self) -> None:
        if not 0 < self.target < inf:
            raise ValueError(f"radius of gyration {self.target}: must be positive, in Å")
        if not 0 < self.precision < inf:
            raise ValueError(f"radius of gyration: `precision` {self.precision}: must be positive")

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        rg = ((ca - ca.mean(0)).square().sum(-1).mean() + spread**2).sqrt()
        return 0.5 * ((rg / self.target - 1) / self.precision) ** 2
