"""Noise schedules: gamma_n(u), minus the log-SNR of every mode in units of its prior variance.

A schedule is data with one method, ``gamma(momenta, u)``. u runs from 0 (data) to 1 (prior).
Everything is float64: ln α² reaches -240 and 1 - α² reaches 1e-15 (docs/theory.md 13).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch

__all__ = ["REGULATORS", "RG", "VP", "Regulator", "gamma_range"]

#: Beyond ±30 a mode is pure noise or pure signal in double precision.
gamma_range = (-30.0, 30.0)


@dataclass(frozen=True)
class Regulator:
    """RG regulator r(x), x = (k/Λ)²; the signal kept is α² = r / (1 + r).

    `gamma` is -ln r as a function of ln x, `log_x` its inverse.
    """

    gamma: Callable
    log_x: Callable


def _lognormal_gamma(log_x):
    q = torch.nn.functional.softplus(log_x) ** 2  # ln²(1 + x)
    return q + torch.log(-torch.expm1(-q))  # ln(e^q - 1), without overflow


def _softplus(x):
    """ln(1 + e^x); torch drops the 1 beyond 20, which is 2e-9 off."""
    return torch.nn.functional.softplus(x, threshold=40)


def _log_expm1(y):
    """ln(e^y - 1) for y > 0."""
    return y + torch.log(-torch.expm1(-y))


REGULATORS = {
    # RGDM's for proteins: α² = exp(-ln²(1 + x))
    "lognormal": Regulator(
        _lognormal_gamma,
        lambda gamma: _log_expm1(_softplus(gamma).sqrt()),
    ),
    # RGDM's for images: α² = 1 / (1 + x)
    "rational": Regulator(lambda log_x: log_x, lambda gamma: gamma),
    # heat kernel, EigenFold's: α² = exp(-x)
    "heat": Regulator(
        lambda log_x: _log_expm1(log_x.exp()),
        lambda gamma: _softplus(gamma).log(),
    ),
}


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

    first: float | torch.Tensor
    last: float | torch.Tensor
    regulator: str = "lognormal"

    def _log_ends(self):
        """ln Λ at u = 0 and at u = 1."""
        ends = (self.first, self.last)
        return tuple(torch.as_tensor(v, dtype=torch.float64).log() for v in ends)

    def log_cutoff(self, u):
        """ln Λ(u); (B,)."""
        first, last = self._log_ends()
        return first + u * (last - first)

    def time_of(self, log_cutoff):
        """The u at which ln Λ(u) has the given value."""
        first, last = self._log_ends()
        return (log_cutoff - first) / (last - first)

    def gamma(self, momenta, u):
        """γ of every mode; (B, D) from momenta (B, D) and u (B,)."""
        log_x = 2 * (momenta.log() - self.log_cutoff(u)[..., None])
        return REGULATORS[self.regulator].gamma(log_x).clamp(*gamma_range)


@dataclass(frozen=True)
class VP:
    """Variance-preserving (DDPM) schedule, the same for all modes: γ = low + u (high - low)."""

    low: float = -13.0
    high: float = 5.0

    def log_cutoff(self, u):
        """The network's clock: ln of the cut-off at which RG's mode k = 1 has this γ, 4 ln(k/Λ)."""
        return -(self.low + u * (self.high - self.low)) / 4

    def gamma(self, momenta, u):
        """γ of every mode; (B, D)."""
        value = self.low + u.to(torch.float64) * (self.high - self.low)
        return value[..., None].expand(momenta.shape)


def rg_cutoff(momenta, signal, regulator="lognormal"):
    """Cut-off Λ at which a mode of momentum k keeps the signal α².

    Parameters
    ----------
    momenta : float or Tensor
    signal : float
        α², between 0 and 1.
    """
    gamma = torch.tensor(log((1 - signal) / signal), dtype=torch.float64)
    return momenta * torch.exp(-REGULATORS[regulator].log_x(gamma) / 2)
