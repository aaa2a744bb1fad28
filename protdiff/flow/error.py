"""Where a sampler's error comes from: the start, the steps, the score (docs/theory.md 3.4).

Closed forms for Gaussian data; sums over the three coordinates of a component, in nats.
"""

from itertools import pairwise

import torch

__all__ = ["initialisation_error", "path_kl", "score_error"]


def initialisation_error(flow, variance=None):
    """KL(q_1 ‖ prior) per component: noised data at u = 1 against what samplers start from; (B, D).

    Parameters
    ----------
    variance : Tensor, shape (B, D), optional
        Of the data; the flow's λ by default.
    """
    variance = flow.variance if variance is None else variance
    k = flow.kernel(torch.ones(len(flow.mask), dtype=torch.float64))
    ratio = (k.alpha**2 * variance + k.sigma**2) / flow.prior
    return (1.5 * (ratio - 1 - ratio.log())).masked_fill(~flow.mask, 0)


def score_error(flow, times, error):
    """½ ∫ dSNR E|D_θ - D|² per component, by Simpson's rule; (B, D).

    Parameters
    ----------
    times : Tensor, shape (T,)
        Rising or falling, an odd number of equally spaced points.
    error : callable
        ``error(u)`` gives E|D_θ - D|² (B, D) at times (B,).
    """
    if len(times) % 2 == 0:
        raise ValueError(f"Simpson's rule needs an odd number of times, not {len(times)}")
    batch, values = len(flow.mask), []
    for u in times:
        u = u.expand(batch)
        k = flow.kernel(u)
        values.append(0.5 * flow.rate(u) * (k.alpha / k.sigma).square() * error(u))
    weight = torch.ones(len(times), dtype=torch.float64)
    weight[1:-1:2], weight[2:-1:2] = 4, 2
    width = (times[1] - times[0]).abs() / 3
    total = width * torch.einsum("t,tbd->bd", weight, torch.stack(values))
    return total.masked_fill(~flow.mask, 0)


def path_kl(flow, times, error, variance=None):
    """KL between the paths of the forward process and of the ancestral sampler; (B, D).

    The sampler has posterior variances and starts from the prior. Every step costs for its
    variance, which lacks B²τ, and for the error of its denoiser; the first vanishes as 1/steps.

    Parameters
    ----------
    times : Tensor, shape (T,)
        Falls from 1 to 0.
    error : callable
        ``error(u)`` gives E|D_θ - D|² (B, D) at times (B,).
    """
    variance = flow.variance if variance is None else variance
    total, batch = initialisation_error(flow, variance), len(flow.mask)
    for u, s in pairwise(times):
        u, s = u.expand(batch), s.expand(batch)
        at_u, at_s = flow.kernel(u), flow.kernel(s)
        shrink = -torch.expm1(flow.gamma(s) - flow.gamma(u))
        moves = flow.mask & (shrink > 1e-12)
        width = torch.where(moves, at_s.sigma.square() * shrink, 1.0)
        gain = (at_s.alpha * shrink).square()
        tau = variance * at_u.sigma**2 / (at_u.alpha**2 * variance + at_u.sigma**2)
        excess = gain * tau / width
        step = 1.5 * (excess - excess.log1p()) + 0.5 * gain * error(u) / width
        total = total + step.masked_fill(~moves, 0)
    return total
