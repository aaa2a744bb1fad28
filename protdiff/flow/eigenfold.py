"""EigenFold's published steps: its last time and its "rate" schedule (docs/theory.md 2.2).

Modes n of stiffness H_n = (3/3.8²) 4 sin²(k_n/2) dissolve as α² = e^(-H_n t). The process starts at
the time at which all modes together keep 2 nats, and a step lets no active mode move by more than
its share.

Source: Jing et al., arXiv 2304.02198, and its published code.
"""

from __future__ import annotations

from math import exp, expm1, log, pi

import torch

from .spectrum import harmonic

__all__ = ["last_time", "steps"]

#: Nats that are left of the chain at the last time.
NATS_LEFT = 2.0
#: Modes that are kept at any time, at least.
MIN_MODES = 5
#: α and β of the sampler: noise is (1 + α) times that of the forward process, and the score is
#: (1 + αβ/2) times, which draws at a low temperature.
NOISE, SHARPNESS = 1.0, 3.0


def _stiffness(length: int) -> list[float]:
    momenta = pi / length * torch.arange(1, length, dtype=torch.float64)
    return (1 / harmonic(momenta)).tolist()


def last_time(length: int) -> float:
    """Time t at which -(3/2) Σ_n [ln(1 - e^(-H_n t)) + e^(-H_n t)] is 2 nats.

    Parameters
    ----------
    length : int
        Residues.

    Examples
    --------
    >>> round(last_time(100), 1)
    771.4
    """
    stiffness = _stiffness(length)
    low, high = log(1e-3), log(1e12)
    for _ in range(100):
        t = exp((low + high) / 2)
        left = -1.5 * sum(log(-expm1(-h * t)) + exp(-h * t) for h in stiffness)
        low, high = (log(t), high) if left > NATS_LEFT else (low, log(t))
    return exp(high)


def steps(length: int, step: float = 0.5, cutoff: float = 5.0, first_time: float = 0.01) -> int:
    """Network calls of a sample of a chain in the published setting.

    Parameters
    ----------
    length : int
        Residues.
    step : float
        Largest change of an active mode in units of its remaining rate.
    cutoff : float
        Modes of H t from here on are left out, but for the slowest five.
    first_time : float
        Time at which the process ends.

    Returns
    -------
    int

    Examples
    --------
    >>> [steps(length) for length in (64, 100, 200, 300)]
    [138, 159, 193, 213]
    """
    stiffness, t, count = _stiffness(length), last_time(length), 0
    while t > first_time:
        active = [h for n, h in enumerate(stiffness) if n < MIN_MODES or h * t < cutoff]
        t -= step * min(-expm1(-h * t) / h for h in active) / (1 + NOISE * SHARPNESS / 2)
        count += 1
    return count
