"""Error of a sampler, from its start, its steps and its score (docs/theory.md 3.4).

Closed forms for Gaussian data, in nats; every value is a sum over the three coordinates of a
component.
"""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import torch

from .oracles import gaussian_oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    from .process import Components, Flow, PerComponent, Times

    Grid = Float[Tensor, "times"]
    Sampler = Callable[..., Components]

__all__ = ["initialisation_error", "path_kl", "sampler_error", "score_error"]


def initialisation_error(flow: Flow, variance: PerComponent | None = None) -> PerComponent:
    """KL(q_1 ‖ prior) per component: noised data at u = 1 against what samplers start from.

    Parameters
    ----------
    variance : Tensor, shape (B, D), optional
        Of the data; the flow's λ by default.
    """
    variance = flow.variance if variance is None else variance
    k = flow.kernel(torch.ones(len(flow.mask), dtype=torch.float64))
    ratio = (k.alpha**2 * variance + k.sigma**2) / flow.start
    return (1.5 * (ratio - 1 - ratio.log())).masked_fill(~flow.mask, 0)


def sampler_variance(
    sampler: Sampler,
    flow: Flow,
    times: Grid,
    variance: PerComponent | None = None,
    **options: Any,
) -> PerComponent:
    """Variance of a sampler's state at the last time with the exact denoiser.

    On Gaussian data every component is a linear function of the noise numbers, so the squares of
    its responses to unit impulses, one per draw, add up to its variance: exact, no sampling.
    """
    spread = flow.variance if variance is None else variance
    chains, size = flow.mask.shape

    def run(draws: int, noise: Callable[[Tensor], Tensor]) -> Tensor:
        """Last state of a sampler that draws `draws` times from `noise`, one row for each."""
        rows = torch.arange(chains).repeat_interleave(draws)
        states: dict[str, Tensor] = {}
        sampler(
            gaussian_oracle(flow[rows], spread[rows]), flow[rows], times, lambda: noise(rows),
            callback=lambda index, u, x, clean: states.update(last=x), **options,
        )  # fmt: skip
        return states["last"]

    # A first run with silent noise counts the draws.
    calls = count()
    with torch.no_grad():
        run(1, lambda rows: next(calls) * torch.zeros(len(rows), size, 1, dtype=torch.float64))
    draws, draw_number = next(calls), count()

    def impulse(rows: Tensor) -> Tensor:
        unit = torch.zeros(chains, draws, size, 1, dtype=torch.float64)
        unit[:, next(draw_number)] = 1
        return unit.flatten(0, 1)

    return run(draws, impulse).reshape(chains, draws, size).square().sum(1)


def sampler_error(
    sampler: Sampler,
    flow: Flow,
    times: Grid,
    variance: PerComponent | None = None,
    **options: Any,
) -> PerComponent:
    """KL(sampler ‖ noised data) per component, of a sampler's last state and the data at that time.

    Errors of the start and of the steps together, for Gaussian data and the exact denoiser.

    Parameters
    ----------
    sampler : callable
        One of `protdiff.flow.SAMPLERS`, with its `options`.
    flow : Flow
    times : Tensor, shape (T,)
        Falls from 1 to 0; the state at the last time is judged. Differentiable.
    variance : Tensor, shape (B, D), optional
        Of the data; the flow's λ by default.
    """
    variance = flow.variance if variance is None else variance
    drawn = sampler_variance(sampler, flow, times, variance, **options)
    k = flow.kernel(times[-1].detach().expand(len(flow.mask)))
    ratio = torch.where(flow.mask, drawn / (k.alpha**2 * variance + k.sigma**2), 1.0)
    return 1.5 * (ratio - 1 - ratio.log())


def score_error(flow: Flow, times: Grid, error: Callable[[Times], PerComponent]) -> PerComponent:
    """½ ∫ dSNR E|D_θ - D|² per component, by Simpson's rule.

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


def path_kl(
    flow: Flow,
    times: Grid,
    error: Callable[[Times], PerComponent],
    variance: PerComponent | None = None,
) -> PerComponent:
    """KL between the paths of the forward process and of the ancestral sampler.

    The sampler has posterior variances and starts from the prior. Every step adds two terms: one
    for its variance, which lacks B²τ, and one for the error of its denoiser. The sum of the former
    vanishes as 1/steps.

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
