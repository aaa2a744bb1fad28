"""Bonds that corrections of an estimate turn, but do not stretch.

The Gaussian chain that conditions rest on has springs for bonds, but real bonds are rods. A
correction that is spread by the chain's covariance alone strains the CA-CA distances near whatever
it moves, by 0.05 Å rms beside known residues. The network's own estimate knows the bonds better. A
bond of length b whose mean vector has the length m has the variance s² = (b² - m²)/3 per
coordinate: a mean that is shorter than a bond says how uncertain the bond is. Bonds enter the law
of the clean data as observations along the estimate's directions, after all others.
"""

# Some methods of torch have no complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..flow import cosine_modes

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["HELD_FROM", "Bonds"]

#: Bonds keep their lengths at times up to this one; at noisier times their directions are open.
HELD_FROM = 0.5
#: Gauss-Newton steps; the directions change as bonds turn.
GAUSS_NEWTON_STEPS = 3


@dataclass(frozen=True)
class BondNoise:
    """Uncertainty of a bond along itself.

    Parameters
    ----------
    shortest : float
        Å. Trans bonds of real chains are seldom shorter (3.80 ± 0.03); cis bonds are not held.
    least, most : float
        Smallest standard deviation (Å) that a bond is given, and the largest with which it is used.
    """

    shortest: float = 3.75
    least: float = 0.02
    most: float = 1.0


BOND_NOISE = BondNoise()


class Bonds:
    """Bonds of an estimate, and corrections to it that keep their lengths.

    Parameters
    ----------
    estimate : Tensor, shape (2N, 3)
        Clean components.
    variance : Tensor, shape (2N,)
        Of the clean components, per coordinate.
    rows : Tensor, shape (R, 2N), optional
        Other observations, which the bonds move no further than their noise allows.
    precision : Tensor, shape (R, R), optional
        Precision of those observations (`protdiff.flow.conditional.observation_precision`).
    """

    def __init__(
        self,
        estimate: Float[Tensor, "components 3"],
        variance: Float[Tensor, " components"],
        rows: Float[Tensor, "observations components"] | None = None,
        precision: Float[Tensor, "observations observations"] | None = None,
    ) -> None:
        n = len(estimate) // 2
        bonds = torch.zeros(n - 1, 2 * n, dtype=torch.float64)
        bonds[:, :n] = cosine_modes(n).T.diff(dim=0)
        length = (bonds @ estimate).norm(dim=1)
        shortest, least, most = BOND_NOISE.shortest, BOND_NOISE.least, BOND_NOISE.most
        noise = ((shortest**2 - length**2) / 3).clamp(min=least**2)
        use = noise < most**2
        self.rows, self.length, self.noise = bonds[use], length[use], noise[use]
        # Covariance of components and bonds, and of bonds, per coordinate.
        gain = variance[:, None] * self.rows.mT
        if rows is not None and precision is not None:
            gain = gain - variance[:, None] * (rows.mT @ (precision @ (rows @ gain)))
        self.gain, self.covariance = gain, self.rows @ gain
        self.linearise(estimate)

    def linearise(self, clean: Float[Tensor, "components 3"]) -> None:
        """Take the directions of the bonds from these components."""
        along = self.rows @ clean
        self.along = along / along.norm(dim=1, keepdim=True).clamp_min(1e-9)
        system = (self.along @ self.along.mT) * self.covariance + torch.diag(self.noise)
        self.inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))

    def _corrected(
        self, clean: Float[Tensor, "components 3"], gap: Float[Tensor, " bonds"]
    ) -> Float[Tensor, "components 3"]:
        """Components after the bonds have grown by `gap` along themselves."""
        return clean + self.gain @ (self.along * (self.inverse @ gap)[:, None])

    def turned(self, change: Float[Tensor, "components 3"]) -> Float[Tensor, "components 3"]:
        """A change of the components without the part that stretches bonds; differentiable."""
        return self._corrected(change, -(self.along * (self.rows @ change)).sum(1))

    def kept(self, estimate: Float[Tensor, "components 3"]) -> Float[Tensor, "components 3"]:
        """A corrected estimate with its bonds as long as they were before the correction."""
        result, bonds = estimate, self.rows @ estimate
        for _ in range(GAUSS_NEWTON_STEPS):
            self.linearise(result)
            result = self._corrected(estimate, self.length - (self.along * bonds).sum(1))
        return result
