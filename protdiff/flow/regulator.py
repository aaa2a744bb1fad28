"""RG regulators: how a mode dissolves as the cut-off Λ falls below its momentum k."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch

__all__ = ["REGULATORS", "Regulator", "log_expm1", "rg_cutoff", "softplus"]


@dataclass(frozen=True)
class Regulator:
    """RG regulator r(x), x = (k/Λ)²; the signal kept is α² = r / (1 + r).

    `gamma` is -ln r as a function of ln x, `log_x` its inverse.
    """

    gamma: Callable
    log_x: Callable


def softplus(x):
    """ln(1 + e^x); torch drops the 1 beyond 20, which is 2e-9 off."""
    return torch.nn.functional.softplus(x, threshold=40)


def log_expm1(y):
    """ln(e^y - 1) for y > 0, without overflow."""
    return y + torch.log(-torch.expm1(-y))


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
