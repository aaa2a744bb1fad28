"""Mode variances: RGDM's free-field prior, its calibration, and the spectrum of real chains.

All variances are per Cartesian coordinate, in Å². Momenta k in radians per residue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log, pi
from typing import TYPE_CHECKING

import torch

from .modes import chain_momenta

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jaxtyping import Float
    from torch import Tensor

    Momenta = Float[Tensor, "*shape"]

__all__ = [
    "RGDM_C",
    "RGDM_MASS",
    "MeasuredSpectrum",
    "bond_and_rg",
    "calibrate",
    "calibrated_prior",
    "free_field",
    "harmonic",
]

#: RGDM's constants (arXiv 2501.09064): with them, and m = 0, the rms bond of an infinite chain is
#: 3.8 Å. 3 (2/π)(Si(π) - 2/π) = 2.32108.
RGDM_C = 3.8**2 / 2.3211
RGDM_MASS = pi / 100


def free_field(
    momenta: Momenta, c: float | Tensor = RGDM_C, mass_squared: float | Tensor = RGDM_MASS**2
) -> Momenta:
    """Gaussian fixed point of the flow: c / (k² + m²)."""
    return c / (momenta**2 + mass_squared)


def harmonic(momenta: Momenta, bond: float = 3.8) -> Momenta:
    """EigenFold's prior, beads on springs of rms length `bond`: 1 / (3/bond² · 4 sin²(k/2))."""
    return bond**2 / (12 * torch.sin(momenta / 2) ** 2)


def bond_and_rg(variance: Float[Tensor, "modes"], length: int) -> tuple[float, float]:
    """Root-mean-square bond and radius of gyration of a Gaussian chain, exact.

    Parameters
    ----------
    variance : Tensor, shape (N - 1,)
        Variances of modes 1 … N-1, Å².
    length : int
        N.

    Returns
    -------
    bond, radius : float
        Å.
    """
    k = torch.arange(1, length, dtype=torch.float64) * (pi / length)
    bond = 3 / (length - 1) * (variance * 4 * torch.sin(k / 2) ** 2).sum()
    return float(bond.sqrt()), float((3 * variance.sum() / length).sqrt())


@lru_cache(maxsize=4096)
def calibrate(length: int, bond: float = 3.8, radius: float | None = None) -> tuple[float, float]:
    """Free-field constants with which a chain has the bond length and size of real proteins.

    Parameters
    ----------
    length : int
        Residues, at least 3.
    bond : float
        Root-mean-square CA-CA distance, Å.
    radius : float, optional
        Radius of gyration, Å; 2.2 N^0.38 by default.

    Returns
    -------
    c, mass_squared : float
        For `free_field`. `mass_squared` is negative for the shortest chains (N ≤ 8), which are more
        extended than an ideal one; it stays above -k_1².
    """
    wanted = radius or 2.2 * length**0.38
    k = torch.arange(1, length, dtype=torch.float64) * (pi / length)

    def solve(mass_squared: float) -> tuple[float, float]:
        """Constant with which the bond is right, and the radius that follows."""
        shape = 1 / (k**2 + mass_squared)
        unit_bond, unit_radius = bond_and_rg(shape, length)
        c = (bond / unit_bond) ** 2
        return c, unit_radius * c**0.5

    low, high = -(float(k[0]) ** 2) * (1 - 1e-9), 10.0  # the radius falls as m² rises
    if not solve(high)[1] < wanted < solve(low)[1]:
        raise ValueError(
            f"no free-field prior has rms bond {bond} Å and radius of gyration {wanted:.2f} Å "
            f"at length {length}"
        )
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if solve(middle)[1] > wanted else (low, middle)
    return solve(low)[0], low


def calibrated_prior(
    lengths: Sequence[int], size: int | None = None
) -> Float[Tensor, "batch size"]:
    """Calibrated free field of every chain, with finite values in the padding."""
    momenta, _ = chain_momenta(lengths, size)
    constants = torch.tensor([calibrate(int(n)) for n in lengths], dtype=torch.float64)
    return free_field(momenta, constants[:, :1], constants[:, 1:])


def _hat_weights(
    values: Float[Tensor, "*shape"], at: Sequence[float] | Tensor
) -> Float[Tensor, "*shape knots"]:
    """Weights of linear interpolation between knots, constant beyond the ends."""
    knots = torch.as_tensor(at, dtype=torch.float64)
    values = values.clamp(knots[0], knots[-1])
    upper = torch.searchsorted(knots, values.contiguous()).clamp(1, len(knots) - 1)
    fraction = (values - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    weights = torch.zeros(*values.shape, len(knots), dtype=torch.float64)
    weights.scatter_(-1, (upper - 1)[..., None], (1 - fraction)[..., None])
    return weights.scatter_add_(-1, upper[..., None], fraction[..., None])


@dataclass(frozen=True)
class MeasuredSpectrum:
    """Mode variances of real chains as a smooth function of momentum and length.

    ``lam(k, N) = calibrated free field(k, N) * exp(g(ln k, ln N))``, g interpolated linearly
    between knots. Outside the measured lengths the correction is that of the nearest measured one,
    and the trend with length is that of the calibrated prior.

    Parameters
    ----------
    log_momenta, log_lengths : tuple of float
        Knots.
    correction : tuple of tuple of float, shape (lengths, momenta)
        g at the knots.
    """

    log_momenta: tuple[float, ...]
    log_lengths: tuple[float, ...]
    correction: tuple[tuple[float, ...], ...]

    def __call__(
        self, lengths: Sequence[int], size: int | None = None
    ) -> Float[Tensor, "batch size"]:
        """Variances of a batch of chains in Å², finite in the padding."""
        momenta, _ = chain_momenta(lengths, size)
        log_n = torch.as_tensor(lengths, dtype=torch.float64).log()
        table = torch.as_tensor(self.correction, dtype=torch.float64)
        row = _hat_weights(log_n, self.log_lengths) @ table
        g = torch.einsum("bnk,bk->bn", _hat_weights(momenta.log(), self.log_momenta), row)
        return calibrated_prior(lengths, size) * g.exp()

    @classmethod
    def fit(
        cls,
        mode_squares: Iterable[tuple[int, Float[Tensor, "modes"]]],
        momentum_knots: int = 48,
        length_knots: Sequence[float] = (40, 64, 96, 144, 256, 512),
    ) -> MeasuredSpectrum:
        """Fit a spectrum to modes of real chains.

        The correction is the logarithm of the mean ratio to the calibrated prior, in overlapping
        bins as wide as two knots, smoothed. The bins flatten narrow peaks a little: the helix peak
        of real chains by 5-10 %.

        Parameters
        ----------
        mode_squares : iterable of (int, Tensor)
            Length N of a chain, and the mean over x, y, z of X_n² for n = 1 … N-1, Å².
        momentum_knots : int
            Number of knots along the momentum.
        length_knots : sequence of float
            Lengths of the knots.
        """
        # Uniform in ln k at long wavelengths, uniform in k where the helix peak is narrow.
        slow = torch.linspace(log(pi / 512), log(0.5), momentum_knots // 2, dtype=torch.float64)
        fast = torch.linspace(0.5, pi, momentum_knots - len(slow) + 1, dtype=torch.float64)[1:]
        knots_k = torch.cat([slow, fast.log()])
        knots_n = torch.tensor(length_knots, dtype=torch.float64).log()
        sums = torch.zeros(len(knots_n), len(knots_k), dtype=torch.float64)
        counts = torch.zeros_like(sums)
        for n, squares in mode_squares:
            k, mask = chain_momenta([n])
            ratio = squares / calibrated_prior([n])[mask]
            weight_k = _hat_weights(k[mask].log(), knots_k)
            weight_n = _hat_weights(torch.tensor([float(n)], dtype=torch.float64).log(), knots_n)
            sums += weight_n.T @ (ratio[None] @ weight_k)
            counts += weight_n.T @ weight_k.sum(0, keepdim=True)
        target = torch.where(counts > 0, (sums / counts.clamp_min(1e-9)), torch.ones(())).log()
        return cls(
            tuple(knots_k.tolist()),
            tuple(knots_n.tolist()),
            tuple(map(tuple, _smooth(target, counts).tolist())),
        )


def _smooth(
    target: Float[Tensor, "lengths momenta"],
    counts: Float[Tensor, "lengths momenta"],
    stiffness: float = 20.0,
) -> Float[Tensor, "lengths momenta"]:
    """Penalised least squares on the knot grid: rows are lengths, columns momenta."""
    rows, columns = target.shape

    def penalty(size: int) -> Float[Tensor, "{size} {size}"]:
        second = torch.diff(torch.eye(size, dtype=torch.float64), n=2, dim=0)
        return second.T @ second

    eye_r, eye_c = (torch.eye(s, dtype=torch.float64) for s in (rows, columns))
    system = (
        torch.diag(counts.flatten())
        + stiffness * torch.kron(penalty(rows), eye_c)
        + stiffness * torch.kron(eye_r, penalty(columns))
    )
    return torch.linalg.solve(system, (counts * target).flatten()).reshape(rows, columns)
