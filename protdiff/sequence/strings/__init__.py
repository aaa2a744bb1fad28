"""Exact discrete diffusion of strings on matrix product states."""

from .contraction import (
    any_symbol,
    draw,
    log_norm,
    log_prob,
    log_weight,
    marginals,
    one_hot,
    sample,
    site_entropy,
    site_log_probs,
)
from .diffusion import add_noise, noise, noised, posterior, reverse_trajectory
from .fitting import Fit, fit, fit_born
from .metropolis import autocorrelation_time, metropolis
from .mps import MPS, born, mixture

__all__ = [
    "MPS", "Fit", "add_noise", "any_symbol", "autocorrelation_time", "born", "draw", "fit",
    "fit_born", "log_norm", "log_prob", "log_weight", "marginals", "metropolis", "mixture", "noise",
    "noised", "one_hot", "posterior", "reverse_trajectory", "sample", "site_entropy",
    "site_log_probs",
]  # fmt: skip
