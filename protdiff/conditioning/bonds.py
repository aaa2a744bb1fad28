"""Corrections turn bonds, they do not stretch them.

The Gaussian chain that conditions rest on has springs for bonds; real bonds are rods. A correction
spread by its covariance alone strains the CA-CA distances near whatever it moves, by 0.05 Å rms
beside known residues. The network's own estimate knows them better. As b² = |mean|² + 3 s² for a
bond of length b, a mean shorter than bonds are tells how uncertain it is, and one that is not is
certain. Bonds enter the law of the clean data as observations along the estimate's directions,
after all others.
"""

import torch

from ..flow import cosine_modes

__all__ = ["HELD_FROM", "Bonds"]

#: Å; bonds of real chains are seldom shorter (3.80 ± 0.03), but for cis ones, which are not held.
SHORTEST = 3.75
#: Time from which bonds are held: before it their directions are open.
HELD_FROM = 0.5
#: Standard deviations in Å of a bond along itself: least, and most to be of use.
LEAST, MOST = 0.02, 1.0
#: Gauss-Newton steps: directions change as bonds turn.
STEPS = 3


class Bonds:
    """Bonds of an estimate, and what they allow of corrections to it.

    Parameters
    ----------
    estimate : Tensor, shape (2N, 3)
        Clean components.
    variance : Tensor, shape (2N,)
        Of the clean components, per coordinate.
    rows : Tensor, shape (R, 2N), optional
        What else is observed: bonds do not move it beyond its noise.
    precision : Tensor, shape (R, R), optional
        Of those observations (`protdiff.flow.conditional.observation_precision`).
    """

    def __init__(self, estimate, variance, rows=None, precision=None):
        n = len(estimate) // 2
        every = torch.zeros(n - 1, 2 * n, dtype=torch.float64)
        every[:, :n] = cosine_modes(n).T.diff(dim=0)
        length = (every @ estimate).norm(dim=1)
        noise = ((SHORTEST**2 - length**2) / 3).clamp(min=LEAST**2)
        use = noise < MOST**2
        self.rows, self.length, self.noise = every[use], length[use], noise[use]
        # Covariance of components and bonds, and of bonds, per coordinate.
        gain = variance[:, None] * self.rows.mT
        if rows is not None:
            gain = gain - variance[:, None] * (rows.mT @ (precision @ (rows @ gain)))
        self.gain, self.covariance = gain, self.rows @ gain
        self.linearise(estimate)

    def linearise(self, clean):
        """Take the directions of the bonds from these components."""
        along = self.rows @ clean
        self.along = along / along.norm(dim=1, keepdim=True).clamp_min(1e-9)
        system = (self.along @ self.along.mT) * self.covariance + torch.diag(self.noise)
        self.inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))

    def _mended(self, clean, gap):
        return clean + self.gain @ (self.along * (self.inverse @ gap)[:, None])

    def turned(self, change):
        """A change (2N, 3) of the components without what stretches bonds; differentiable."""
        return self._mended(change, -(self.along * (self.rows @ change)).sum(1))

    def kept(self, made):
        """The corrected estimate `made` (2N, 3), its bonds as long as they were."""
        result, bonds = made, self.rows @ made
        for _ in range(STEPS):
            self.linearise(result)
            result = self._mended(made, self.length - (self.along * bonds).sum(1))
        return result
