"""Likelihood of data under a denoiser: importance weights and the probability flow.

Denoisers follow the ``denoise`` protocol of the samplers. Values are in nats per component of the
flow, and densities are those of the components, three coordinates each (docs/theory.md 6). The
variational bound is in `elbo`.
"""

from __future__ import annotations

from itertools import pairwise
from math import pi
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Bool, Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, PerComponent, Times

    Grid = Float[Tensor, "times"]
    #: State of any number of coordinates.
    State = Float[Tensor, "batch components *coordinates"]

__all__ = ["gaussian_log_density", "ode_log_density", "path_weights"]

#: Half log-SNR by which a component must change in a step to count as moving.
STILL = 1e-9


def gaussian_log_density(
    x: Components, variance: PerComponent, mask: Bool[Tensor, "batch components"]
) -> PerComponent:
    """ln N(x; 0, variance) per component, zero where masked."""
    variance = torch.where(mask, variance, 1.0)
    value = -0.5 * (x.square().sum(-1) / variance + 3 * (2 * pi * variance).log())
    return value.masked_fill(~mask, 0)


def path_weights(
    denoise: Callable[[State, Times], State],
    flow: Flow,
    state: State,
    times: Grid,
    noise: Callable[[], State],
    variance: Literal["posterior", "analytic"] = "posterior",
) -> PerComponent:
    """ln p(path) - ln q(path | first state) of one path of the forward process.

    The path starts at the given state at the last of `times` and runs to the first; p is the
    ancestral sampler in these steps, started from the prior, q the forward process. The mean is
    a lower bound on ln p(state); exp of it is an unbiased estimate of p(state) (importance
    weighting).

    Parameters
    ----------
    denoise : callable
    flow : Flow
    state : Tensor, shape (B, D, ...)
        State at ``times[-1]``; the last axes are coordinates.
    times : Tensor, shape (T,)
        Falls from 1 to 0, as for a sampler.
    noise : callable
        ``noise()`` gives standard normal numbers in the shape of the state.
    variance : {"posterior", "analytic"}
        Of the sampler's steps, as in `ancestral`.

    Returns
    -------
    Tensor, shape (B, D)
        Sum over the coordinates of a component.
    """
    x, total = state.double(), torch.zeros(state.shape[:2], dtype=torch.float64)
    batch = len(state)

    def wide(t: PerComponent) -> Tensor:
        """The same values with axes for the coordinates, to broadcast over them."""
        return t.reshape(*t.shape, *(1,) * (state.ndim - 2))

    for s, u in pairwise(times.flip(0)):
        s, u = s.expand(batch), u.expand(batch)
        at_s, at_u = flow.kernel(s), flow.kernel(u)
        ratio = at_u.alpha / at_s.alpha
        h = (flow.gamma(u) - flow.gamma(s)) / 2
        # Where γ is clipped a component does not change, and adds nothing to either density.
        moves = flow.mask & (h > STILL)
        shrink = torch.where(moves, -torch.expm1(-2 * h), 1.0)
        spread = at_u.sigma.square() * shrink  # σ_u² - ratio² σ_s², without cancellation
        width = at_s.sigma.square() * shrink
        following = wide(ratio) * x + wide(spread.sqrt()) * noise()
        following = torch.where(wide(moves), following, x)
        if variance == "analytic":
            width = width + (at_s.alpha * shrink).square() * flow.variance * (
                at_u.sigma.square() / at_u.total
            )
        mean = wide(at_s.sigma / at_u.sigma * torch.exp(-h)) * following
        mean = mean + wide(at_s.alpha * shrink) * denoise(following, u)
        backward = _log_normal(x, mean, wide(width))
        forward = _log_normal(following, wide(ratio) * x, wide(spread))
        total = total + (backward - forward).masked_fill(~moves, 0)
        x = following
    total = total + _log_normal(x, torch.zeros_like(x), wide(flow.start))
    return total.masked_fill(~flow.mask, 0)


def _log_normal(x: State, mean: State, variance: State) -> PerComponent:
    """ln N(x; mean, variance), summed over the coordinates of a component."""
    value = -0.5 * ((x - mean).square() / variance + (2 * pi * variance).log())
    return value.flatten(2).sum(-1) if x.ndim > 2 else value


def ode_log_density(
    denoise: Denoise,
    flow: Flow,
    state: Components,
    times: Grid,
    *,
    probes: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "batch"]:
    """ln p of a state by the probability flow, dX/du = ½ γ' α (α X - D).

    Runge-Kutta of fourth order from the last of `times` (0) to the first (1). The divergence is
    estimated with Rademacher vectors in the components (Hutchinson): no variance at all where the
    Jacobian is diagonal.

    Parameters
    ----------
    denoise : callable
    flow : Flow
    state : Tensor, shape (B, D, 3)
        State at ``times[-1]``; the density refers to data smoothed by σ there.
    times : Tensor, shape (T,)
        Falls from 1 to 0.
    probes : int
        Random vectors; each costs a backward pass per evaluation.
    generator : torch.Generator, optional
        Of the random vectors.

    Returns
    -------
    Tensor, shape (B,)
    """
    mask = flow.mask[..., None]
    signs = [
        (torch.randint(0, 2, state.shape, generator=generator) * 2 - 1).double() * mask
        for _ in range(probes)
    ]
    x, total = state.double(), torch.zeros(len(state), dtype=torch.float64)
    for u, following in pairwise(times.flip(0)):
        step = following - u
        v1, d1 = _velocity(denoise, flow, x, u, signs)
        v2, d2 = _velocity(denoise, flow, x + step / 2 * v1, u + step / 2, signs)
        v3, d3 = _velocity(denoise, flow, x + step / 2 * v2, u + step / 2, signs)
        v4, d4 = _velocity(denoise, flow, x + step * v3, following, signs)
        x = x + step / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        total = total + step / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    return total + gaussian_log_density(x, flow.start, flow.mask).sum(-1)


def _velocity(
    denoise: Denoise, flow: Flow, x: Components, u: Tensor, signs: list[Components]
) -> tuple[Components, Float[Tensor, "batch"]]:
    """dX/du of the probability flow, and an estimate of its divergence."""
    u, mask = u.expand(len(x)), flow.mask[..., None]
    k, half_rate = flow.kernel(u), 0.5 * flow.rate(u)
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        clean = denoise(x, u)
        weighted = (half_rate * k.alpha)[..., None] * clean
        traces = [
            (torch.autograd.grad((weighted * e).sum(), x, retain_graph=True)[0] * e)
            .flatten(1)
            .sum(1)
            for e in signs
        ]
    linear = (half_rate * k.alpha.square())[..., None] * mask
    divergence = 3 * linear.sum((1, 2)) - torch.stack(traces).mean(0)
    return (linear * x - weighted * mask).detach(), divergence.detach()
