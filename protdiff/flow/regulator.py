"""RG regulators: how a mode dissolves as the cut-off Λ falls below its momentum k."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["REGULATORS", "Regulator", "log_expm1", "rg_cutoff", "softplus"]


@dataclass(frozen=True)
class Regulator:
    """RG regulator r(x), x = (k/Λ)²; the signal kept is α² = r / (1 + r).

    Parameters
    ----------
    gamma : callable
        -ln r as a function of ln x, elementwise.
    log_x : callable
        Its inverse.
    """

    gamma: Callable[[Tensor], Tensor]
    log_x: Callable[[Tensor], Tensor]


def softplus(x: Tensor) -> Tensor:
    """ln(1 + e^x); with torch's own threshold of 20 it would be 2e-9 off just above it."""
    return torch.nn.functional.softplus(x, threshold=40)


def log_expm1(y: Tensor) -> Tensor:
    """ln(e^y - 1) for y > 0, without overflow."""
    return y + torch.log(-torch.expm1(-y))


#: Named regulators.
REGULATORS = {
    # RGDM's for proteins: α² = exp(-ln²(1 + x))
    "lognormal": Regulator(
        lambda log_x: log_expm1(torch.nn.functional.softplus(log_x) ** 2),
        lambda gamma: log_expm1(softplus(gamma).sqrt()),
    ),
    # RGDM's for images: α² = 1 / (1 + x)
    "rational": Regulator(lambda log_x: log_x, lambda gamma: gamma),
    # heat kernel, EigenFold's: α² = exp(-x)
    "heat": Regulator(
        lambda log_x: log_expm1(log_x.exp()),
        lambda gamma: softplus(gamma).log(),
    ),
}


def rg_cutoff(momenta: float | Tensor, signal: float, regulator: str = "lognormal") -> Tensor:
    """Cut-off Λ at which a mode of momentum k keeps the signal α².

    Parameters
    ----------
    momenta : float or Tensor
        Radians per residue.
    signal : float
        α², between 0 and 1.
    regulator : str
        Key of `REGULATORS`.

    Examples
    --------
    >>> from protdiff.flow import rg_cutoff
    >>> round(float(rg_cutoff(1.0, signal=0.5, regulator="heat")), 3)
    1.201
    """
    gamma = torch.tensor(log((1 - signal) / signal), dtype=torch.float64)
    return momenta * torch.exp(-REGULATORS[regulator].log_x(gamma) / 2)
