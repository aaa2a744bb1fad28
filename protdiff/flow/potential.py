"""Franz-Parisi potential: how likely clones of one state are to end at a distance from each other.

    V(q; u) = -ln P(q),   q = Σ_n |x_n - y_n|²,

with x and y two draws from the posterior of one state at time u, and P their density over states
too (the annealed average: Yu & Huang, arXiv 2405.11932, average the logarithm over states and
references, which needs the posterior itself). One minimum: the state is decided up to fluctuations.
A second one at large q: there are several classes that it may still end in.
"""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow, PerComponent

__all__ = ["gaussian_potential", "pair_distances", "posterior_variance", "sampled_potential"]

#: Logarithm of the modulus at which the characteristic function ends, and standard deviations
#: that its period spans; frequencies at most.
SMALLEST, SPAN, MAX_FREQUENCIES = 34.0, 60.0, 2**21
#: Frequencies times distances that are summed at a time.
CHUNK = 4_000_000


def posterior_variance(flow: Flow, u: float, variance: PerComponent | None = None) -> PerComponent:
    """τ = λσ²/v of Gaussian data, per coordinate; 0 where masked."""
    spread = flow.variance if variance is None else variance
    k = flow.kernel(torch.full((len(flow.mask),), float(u), dtype=torch.float64))
    tau = spread * k.sigma**2 / (k.alpha**2 * spread + k.sigma**2)
    return tau.masked_fill(~flow.mask, 0)


def pair_distances(
    clones: Float[Tensor, "clones batch components 3"],
) -> Float[Tensor, "pairs batch components"]:
    """Squared distances of all pairs of clones, per component."""
    first, second = torch.triu_indices(len(clones), len(clones), 1)
    return (clones[first] - clones[second]).square().sum(-1)


def gaussian_potential(
    tau: Float[Tensor, " components"], q: Float[Tensor, " distances"]
) -> Float[Tensor, " distances"]:
    """V(q) of Gaussian data, exactly: q is a sum of 2τ_n times χ² numbers of 3 degrees of freedom.

    Its characteristic function ∏ (1 - 4iωτ_n)^{-3/2} is inverted by the trapezoidal rule, whose
    error is exponentially small for a density that ends smoothly within the period.

    Parameters
    ----------
    tau : Tensor, shape (D,)
        Variance of the posterior per coordinate, see `posterior_variance`; zeros add nothing.
    q : Tensor, shape (K,)
        Squared distances.

    Returns
    -------
    Tensor, shape (K,)
        In nats; infinity where the density is below 1e-11 of its largest value, which rounding
        hides.

    Raises
    ------
    ValueError
        If fewer than two components have a variance: the characteristic function falls too slowly.

    Examples
    --------
    >>> from scipy.stats import chi2  # twelve equal components: a scaled χ² of 36 degrees
    >>> q = torch.tensor([20.0, 40.0, 60.0], dtype=torch.float64)
    >>> value = gaussian_potential(torch.full((12,), 0.5, dtype=torch.float64), q)
    >>> torch.allclose(value, -torch.from_numpy(chi2.logpdf(q, 36)))
    True
    """
    weights = 2 * tau[tau > 0].double()
    if len(weights) < 2:
        raise ValueError("`tau`: at least two components must have a variance")
    period = float(3 * weights.sum() + SPAN * (6 * weights.square().sum()).sqrt())
    period = max(period, 1.5 * float(q.max()))
    spacing, last = 2 * pi / period, _last_frequency(weights)
    count = int(last / spacing) + 2
    if count > MAX_FREQUENCIES:
        raise ValueError("`tau`: too few components, or of too unequal variances, to sum over")
    scale = (6 * weights.square().sum()).sqrt() * (2 * pi) ** 0.5  # 1 / the Gaussian peak
    density = torch.zeros_like(q, dtype=torch.float64)
    rows = max(1, CHUNK // max(len(q), len(weights)))
    for start in range(0, count, rows):
        omega = spacing * torch.arange(start, min(start + rows, count), dtype=torch.float64)
        angle = 2 * omega[:, None] * weights
        size = (-0.75 * torch.log1p(angle.square()).sum(1)).exp()
        size = torch.where(omega == 0, 0.5, size)
        phase = 1.5 * torch.atan(angle).sum(1)
        density += (size[:, None] * torch.cos(phase[:, None] - omega[:, None] * q)).sum(0)
    density = 2 / period * density
    return torch.where(density * scale > 1e-11, -density.clamp_min(1e-300).log(), torch.inf)


def _last_frequency(weights: Float[Tensor, " components"]) -> float:
    """Frequency at which the modulus of the characteristic function is e^-34."""
    low, high = 0.0, 1.0 / float(weights.max())

    def fall(omega: float) -> float:
        return float(0.75 * torch.log1p((2 * omega * weights).square()).sum())

    while fall(high) < SMALLEST:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if fall(middle) < SMALLEST else (low, middle)
    return high


def sampled_potential(
    distances: Float[Tensor, "pairs states"], edges: Float[Tensor, " edges"]
) -> tuple[Float[Tensor, " bins"], Float[Tensor, " bins"]]:
    """V(q) of sampled distances in bins, and its standard error over states.

    Parameters
    ----------
    distances : Tensor, shape (P, S)
        Squared distance of every pair of clones of every state.
    edges : Tensor, shape (K + 1,)
        Of the bins, rising.

    Returns
    -------
    potential, error : Tensor, shape (K,)
        In nats; infinity and NaN for empty bins.
    """
    inside = (distances[..., None] >= edges[:-1]) & (distances[..., None] < edges[1:])
    shares = inside.double().mean(0)  # (S, K): pairs of a state are not independent
    mean = shares.mean(0)
    error = shares.std(0) / len(shares) ** 0.5 / mean
    return -(mean / edges.diff()).log(), torch.where(mean > 0, error, torch.nan)
