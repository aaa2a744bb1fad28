"""Noise schedules: gamma_n(u), minus the log-SNR of every component in units of its prior variance.

``gamma(momenta, u)`` is the schedule; u runs from 0 (data) to 1 (prior). Under RG and GUD schedules
components of larger momentum dissolve first. ``log_cutoff(u)`` is the measure of time that the
network is given, and ``time_of`` its inverse. Everything is float64: ln α² reaches -240 and 1 - α²
reaches 1e-15 (docs/theory.md 13).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, NamedTuple

import torch

from .regulator import REGULATORS, log_expm1, softplus

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    PerComponent = Float[Tensor, "batch components"]
    Times = Float[Tensor, "batch"]
    #: One number for all chains, or one each.
    PerChain = float | Float[Tensor, "batch"]

__all__ = ["GUD", "PROFILES", "RG", "VE", "VP", "sequential_steepness"]

#: Beyond these values of γ a component is pure signal or pure noise in double precision.
MIN_GAMMA, MAX_GAMMA = -30.0, 30.0


def _double(value: float | Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


@dataclass(frozen=True)
class RG:
    """Renormalization-group schedule: the cut-off Λ falls, modes above it dissolve.

    Λ(u) = first · (last/first)^u, γ_n(u) = -ln r((k_n/Λ(u))²).

    Parameters
    ----------
    first, last : float or Tensor, shape (B,)
        Cut-off at u = 0 and at u = 1, radians per residue; the last one depends on the length.
    regulator : str
        Key of `REGULATORS`.
    """

    first: PerChain
    last: PerChain
    regulator: str = "lognormal"

    def log_cutoff(self, u: Times) -> Times:
        """ln Λ(u)."""
        first, last = _double(self.first).log(), _double(self.last).log()
        return first + u * (last - first)

    def time_of(self, log_cutoff: Times) -> Times:
        """The u at which ln Λ(u) has the given value."""
        first, last = _double(self.first).log(), _double(self.last).log()
        return (log_cutoff - first) / (last - first)

    def gamma(self, momenta: PerComponent, u: Times) -> PerComponent:
        """γ of every component."""
        log_x = 2 * (momenta.log() - self.log_cutoff(u)[..., None])
        return REGULATORS[self.regulator].gamma(log_x).clamp(MIN_GAMMA, MAX_GAMMA)


def _beta_time(gamma: Tensor, rise: float = 9.95, start: float = 0.1) -> Tensor:
    """v of γ where ᾱ = exp(-(start v + rise v²))."""
    return ((start**2 + 4 * rise * softplus(gamma)).sqrt() - start) / (2 * rise)


class Profile(NamedTuple):
    """Law of a scalar schedule: γ as a function of a time v, and v as a function of γ."""

    gamma: Callable[[Tensor], Tensor]
    time: Callable[[Tensor], Tensor]


#: Profiles of scalar schedules.
PROFILES = {
    "log_snr": Profile(lambda v: v, lambda gamma: gamma),
    # DDPM: β rises linearly, ᾱ = exp(-(0.1 v + 9.95 v²))
    "linear": Profile(lambda v: log_expm1(0.1 * v + 9.95 * v**2), _beta_time),
    # Nichol & Dhariwal (arXiv 2102.09672): ᾱ = cos²(πv/2)
    "cosine": Profile(
        lambda v: 2 * torch.tan(torch.pi / 2 * v).log(),
        lambda gamma: 2 / torch.pi * torch.atan((gamma / 2).exp()),
    ),
}


@dataclass(frozen=True)
class VP:
    """Variance-preserving schedule, the same for all components: γ rises from low to high.

    Parameters
    ----------
    low, high : float or Tensor, shape (B,)
        γ at u = 0 and at u = 1.
    profile : str
        Key of `PROFILES`: the law between the ends.
    """

    low: PerChain = -13.0
    high: PerChain = 5.0
    profile: str = "log_snr"

    def _scalar(self, u: Times) -> Times:
        """γ(u)."""
        law, time = PROFILES[self.profile]
        low, high = time(_double(self.low)), time(_double(self.high))
        return law(low + _double(u) * (high - low))

    def log_cutoff(self, u: Times) -> Times:
        """-γ/4: ln Λ of an RG flow whose mode of momentum k = 1 has this γ = 4 ln(k/Λ)."""
        return -self._scalar(u) / 4

    def time_of(self, log_cutoff: Times) -> Times:
        """The u at which `log_cutoff` has the given value."""
        _, time = PROFILES[self.profile]
        low, high = time(_double(self.low)), time(_double(self.high))
        return (time(-4 * _double(log_cutoff)) - low) / (high - low)

    def gamma(self, momenta: PerComponent, u: Times) -> PerComponent:
        """γ of every component."""
        return self._scalar(u)[..., None].expand(momenta.shape)


@dataclass(frozen=True)
class VE:
    """Variance-exploding schedule with EDM's law of noise levels (arXiv 2206.00364).

    The signal stays, α = 1, and the noise is σ(u)² times the prior variance ("shape"), with
    σ(u)^(1/ρ) linear in u. Belongs to a `Flow` that is not `preserving`.

    Parameters
    ----------
    low, high : float or Tensor, shape (B,)
        σ at u = 0 and at u = 1.
    rho : float
        ρ.
    """

    low: PerChain = 0.002
    high: PerChain = 80.0
    rho: float = 7.0

    def sigma(self, u: Times) -> Times:
        """Noise level σ(u)."""
        low, high = (_double(v) ** (1 / self.rho) for v in (self.low, self.high))
        return (low + _double(u) * (high - low)) ** self.rho

    def time_at(self, sigma: Times) -> Times:
        """The u at which the noise level is σ."""
        low, high = (_double(v) ** (1 / self.rho) for v in (self.low, self.high))
        return (_double(sigma) ** (1 / self.rho) - low) / (high - low)

    def log_cutoff(self, u: Times) -> Times:
        """-γ/4, as for `VP`; EDM gives its network ln(σ)/4 instead."""
        return -self.sigma(u).log() / 2

    def time_of(self, log_cutoff: Times) -> Times:
        """The u at which `log_cutoff` has the given value."""
        return self.time_at((-2 * _double(log_cutoff)).exp())

    def gamma(self, momenta: PerComponent, u: Times) -> PerComponent:
        """γ = ln σ² of every component."""
        return 2 * self.sigma(u).log()[..., None].expand(momenta.shape)


@dataclass(frozen=True)
class GUD:
    """GUD's soft-conditioning: components dissolve in order; `steepness` sets how far apart.

    γ = low + a (l - l_fast) + u (high - low + a (l_fast - l_slow)) with l = ln(k² + m²): the
    fastest component starts at `low`, the slowest ends at `high`. a = 0 is plain diffusion, a = 1
    RGDM's flow of images, a → ∞ one component after the other (arXiv 2410.02667; docs/theory.md
    2.3).

    Parameters
    ----------
    slow, fast : float or Tensor, shape (B,)
        Momentum of the slowest and of the fastest component.
    steepness : float
        a, one over the paper's softness.
    low, high : float or Tensor, shape (B,)
        γ of the fastest component at u = 0, and of the slowest at u = 1.
    mass_squared : float
        m².
    clip : bool
        Keep γ between `low` and `high`, as the sequential form of the paper does.
    """

    slow: PerChain
    fast: PerChain
    steepness: float = 1.0
    low: PerChain = -7.0
    high: PerChain = 3.0
    mass_squared: float = 0.0
    clip: bool = False

    def _order(self, momenta: float | Tensor) -> Tensor:
        return (_double(momenta) ** 2 + self.mass_squared).log()

    def span(self) -> Tensor:
        """dγ/du, the same for all components that are not clipped."""
        reach = self._order(self.fast) - self._order(self.slow)
        return self.high - self.low + self.steepness * reach

    def log_cutoff(self, u: Times) -> Times:
        """-γ/4 of a component of momentum 1, unclipped."""
        start = self.low + self.steepness * (self._order(1.0) - self._order(self.fast))
        return -(start + _double(u) * self.span()) / 4

    def time_of(self, log_cutoff: Times) -> Times:
        """The u at which `log_cutoff` has the given value."""
        start = self.low + self.steepness * (self._order(1.0) - self._order(self.fast))
        return (-4 * _double(log_cutoff) - start) / self.span()

    def gamma(self, momenta: PerComponent, u: Times) -> PerComponent:
        """γ of every component."""
        behind = self._order(momenta) - self._order(self.fast)[..., None]
        low, high = (_double(v)[..., None] for v in (self.low, self.high))
        gamma = (low + self.steepness * behind + (_double(u) * self.span())[..., None]).clamp(
            MIN_GAMMA, MAX_GAMMA
        )
        return gamma.clamp(low, high) if self.clip else gamma


def sequential_steepness(
    overlap: float, slow: float, fast: float, low: float = -7.0, high: float = 3.0
) -> float:
    """The steepness at which `GUD` with `clip` is the paper's sequential schedule.

    Component i stands still until τ_i = τ_max (l_fast - l_i) / (l_fast - l_slow), then runs from
    `low` to `high` in a time 1 - τ_max.

    Parameters
    ----------
    overlap : float
        τ_max, at least 0 and below 1: the time at which the last component starts.
    slow, fast : float
        Momenta of the slowest and of the fastest component.
    low, high : float
        γ at the ends, as in `GUD`.
    """
    if not 0 <= overlap < 1:
        raise ValueError(f"the last component must start at a time in [0, 1), not {overlap}")
    return overlap / (1 - overlap) * (high - low) / (2 * log(fast / slow))
