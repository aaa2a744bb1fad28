"""Samplers: plain functions over the ``denoise`` protocol, every coefficient per component.

``sampler(denoise, flow, times, noise, temperature=1.0, callback=None, start=None)`` walks from
noise to structure and returns the clean estimate (B, D, 3) at the last time:

- ``denoise(x, u)`` gives a clean estimate of noisy components x (B, D, 3) at times u (B,).
- ``times`` falls from 1 to 0. A grid of n times costs n calls of the network (`heun`: 2n - 1).
- ``noise()`` returns standard normal numbers (B, D, 3).
- ``temperature`` scales the variance of all noise: a Gaussian chain is then drawn from
  p^(1/temperature).
- ``callback(index, u, x, clean)`` is called at every time.
- ``start`` is a state at the first time, in place of a draw from the prior.

Notation as in docs/theory.md 3: from u to s < u, ``h = ½(γ_u - γ_s)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from .matched_weights import matched_weights
from .schedule import VE
from .walk import Walk, extrapolation_weight, mean_progress, step_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    from jaxtyping import Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, Noise, PerComponent, Times
    from .walk import SamplerOptions

    Grid = Float[Tensor, "times"]

__all__ = [
    "SAMPLERS", "ancestral", "ddim", "edm_churn", "heun", "matched", "multistep", "ode_2m",
    "sde_2m",
]  # fmt: skip


def ancestral(
    denoise: Denoise,
    flow: Flow,
    times: Grid,
    noise: Noise,
    *,
    variance: Literal["analytic", "posterior", "beta"] = "analytic",
    **options: Unpack[SamplerOptions],
) -> Components:
    """DDPM's ancestral sampler (Ho et al., arXiv 2006.11239), docs/theory.md 3.1.

    Parameters
    ----------
    denoise, flow, times, noise, **options
        See the module.
    variance : {"analytic", "posterior", "beta"}
        Variance of a step: the posterior's, σ_s²(1-e^{-2h}), plus B²τ, which is exact on Gaussian
        data in any number of steps; the posterior's alone; or the forward process's,
        σ_u²(1-e^{-2h}), RGDM's choice (zero in the last step of each component).
    """
    if variance not in ("analytic", "posterior", "beta"):
        raise ValueError(f"unknown variance {variance!r}: analytic, posterior or beta")
    walk = Walk(denoise, flow, times, noise, **options)
    x = walk.first_state()
    for index, u, s in walk.steps():
        clean = walk.estimate(x, index)
        at_u, at_s, h = step_kernels(flow, u, s)
        before, after = at_u.sigma[..., None], at_s.sigma[..., None]
        shrink = -torch.expm1(-2 * h)
        gain = at_s.alpha[..., None] * shrink
        width = after**2 * shrink
        if variance == "analytic":
            width = width + gain**2 * (flow.variance * at_u.sigma**2 / at_u.total)[..., None]
        elif variance == "beta":
            # Nothing is added to a component that comes to rest in this step.
            moves = (at_s.alpha < 1 - 1e-9)[..., None] & (s > times[-1])[:, None, None]
            width = before**2 * shrink * moves
        mean = after / before * torch.exp(-h) * x + gain * clean
        x = walk.masked(mean + (width * walk.temperature).sqrt() * noise())
    return walk.last_estimate(x)


def multistep(
    denoise: Denoise,
    flow: Flow,
    times: Grid,
    noise: Noise,
    *,
    diffusion: float = 1.0,
    order: int = 2,
    weights: Iterator[PerComponent] | None = None,
    **options: Unpack[SamplerOptions],
) -> Components:
    """Exponential integrator of the reverse processes between SDE and ODE.

    They share their marginals: drift fX - (1 + λ²)/2 g² s, noise λ g. Over a step in which the
    clean estimate D does not change, the solution is ``X_s = (σ_s/σ_u) e^{-λ²h} X_u + α_s
    (1 - e^{-(1+λ²)h}) D + σ_s sqrt(1 - e^{-2λ²h}) ξ``; the second order puts D's linear
    extrapolation to the middle of the step in its place (DPM-Solver++(2M), arXiv 2211.01095).

    Parameters
    ----------
    denoise, flow, times, noise, **options
        See the module.
    diffusion : float
        λ² ≥ 0: 1 for the reverse SDE, 0 for the probability-flow ODE (one minus the λ of arXiv
        2106.02808).
    order : {1, 2}
    weights : iterator of Tensor, shape (B, D), optional
        Weights of the last difference of estimates, for every step but the first; by default those
        of the linear extrapolation.
    """
    if not diffusion >= 0 or order not in (1, 2):
        raise ValueError(f"diffusion {diffusion} must be at least 0, order {order} must be 1 or 2")
    walk = Walk(denoise, flow, times, noise, **options)
    x, previous, h_previous = walk.first_state(), None, None
    for index, u, s in walk.steps():
        clean = extrapolated = walk.estimate(x, index)
        at_u, at_s, h = step_kernels(flow, u, s)
        if previous is not None and h_previous is not None and order == 2:
            weight = next(weights)[..., None] if weights else extrapolation_weight(h, h_previous)
            extrapolated = clean + weight * (clean - previous)
        sigma = at_s.sigma[..., None]
        gain = at_s.alpha[..., None] * -torch.expm1(-(1 + diffusion) * h)
        x = sigma / at_u.sigma[..., None] * torch.exp(-diffusion * h) * x + gain * extrapolated
        if diffusion:
            width = walk.temperature * -torch.expm1(-2 * diffusion * h)
            x = x + width.sqrt() * sigma * noise()
        x, previous, h_previous = walk.masked(x), clean, h
    return walk.last_estimate(x)


def matched(
    denoise: Denoise, flow: Flow, times: Grid, noise: Noise, **options: Unpack[SamplerOptions]
) -> Components:
    """Stochastic multistep sampler that keeps the variance of a Gaussian chain; for few calls.

    It differs from `sde_2m` in the weight of the last difference of estimates: in every step each
    component has the weight, at most 0.6, that makes its variance right (docs/theory.md 3.2).

    Examples
    --------
    >>> import torch, protdiff
    >>> from protdiff.flow import gaussian_oracle, matched, uniform_times
    >>> flow = protdiff.flows.get("rg", length=20)
    >>> normal = lambda: torch.randn(1, 40, 3, dtype=torch.float64)
    >>> matched(gaussian_oracle(flow), flow, uniform_times(5), normal).shape
    torch.Size([1, 40, 3])
    """
    variance = flow.start
    if options.get("start") is not None:
        variance = flow.kernel(times[0].expand(len(flow.mask))).total
    weights = matched_weights(flow, times, variance)
    return multistep(denoise, flow, times, noise, weights=weights, **options)


def sde_2m(
    denoise: Denoise, flow: Flow, times: Grid, noise: Noise, **options: Unpack[SamplerOptions]
) -> Components:
    """Second-order multistep stochastic sampler (SDE-DPM-Solver++(2M), midpoint)."""
    return multistep(denoise, flow, times, noise, diffusion=1.0, order=2, **options)


def ode_2m(
    denoise: Denoise, flow: Flow, times: Grid, noise: Noise, **options: Unpack[SamplerOptions]
) -> Components:
    """Second-order multistep deterministic sampler (DPM-Solver++(2M)) with per-mode weights."""
    return multistep(denoise, flow, times, noise, diffusion=0.0, order=2, **options)


def ddim(
    denoise: Denoise, flow: Flow, times: Grid, noise: Noise, **options: Unpack[SamplerOptions]
) -> Components:
    """First-order deterministic sampler (DDIM = DPM-Solver++(1)); noise enters at the start."""
    return multistep(denoise, flow, times, noise, diffusion=0.0, order=1, **options)


def heun(
    denoise: Denoise,
    flow: Flow,
    times: Grid,
    noise: Noise,
    *,
    variable: Literal["log_snr", "sigma"] | None = None,
    churn: Callable[[Times, int], Times] | None = None,
    noise_scale: float = 1.0,
    **options: Unpack[SamplerOptions],
) -> Components:
    """Heun's rule for the probability-flow ODE, EDM's deterministic sampler (arXiv 2206.00364).

    Two calls a step: at its begin, and at its end as `ddim` reaches it. With w of their difference,
    ``X_s = (σ_s/σ_u) X_u + α_s ((1 - e^{-h}) D_u + w (D_s - D_u))``. EDM's trapezoidal rule in σ/α
    has w = ½(e^h - 1), which grows beyond all measure where a mode moves fast. With D linear in the
    log-SNR, w = 1 - (1 - e^{-h})/h, below 1 for every step. Both are of second order.

    Parameters
    ----------
    denoise, flow, times, noise, **options
        See the module.
    variable : {"log_snr", "sigma"}, optional
        By default "sigma" on `VE` schedules, whose times EDM chose for it, and "log_snr" on others.
    churn : callable, optional
        ``churn(u, steps)`` gives the time û ≥ u to which noise is added before each step; see
        `edm_churn`.
    noise_scale : float
        EDM's S_noise: factor of the noise that churn adds.
    """
    if variable not in (None, "log_snr", "sigma"):
        raise ValueError(f"unknown variable {variable!r}: log_snr or sigma")
    in_sigma = isinstance(flow.schedule, VE) if variable is None else variable == "sigma"
    walk = Walk(denoise, flow, times, noise, **options)
    x = walk.first_state()
    for index, u, s in walk.steps():
        clean = walk.estimate(x, index)
        if churn is not None and (up := churn(u, len(times) - 1)).gt(u).any():
            at_up, at_u, h = step_kernels(flow, up, u)
            fresh = at_up.sigma[..., None] * (walk.temperature * -torch.expm1(-2 * h)).sqrt()
            x = (at_up.alpha / at_u.alpha)[..., None] * x + noise_scale * fresh * noise()
            u, clean = up, denoise(x, up)
        at_u, at_s, h = step_kernels(flow, u, s)
        alpha = at_s.alpha[..., None]
        ahead = (at_s.sigma / at_u.sigma)[..., None] * x - alpha * torch.expm1(-h) * clean
        weight = torch.expm1(h) / 2 if in_sigma else mean_progress(h)
        x = walk.masked(ahead + alpha * weight * (denoise(ahead, s) - clean))
    return walk.last_estimate(x)


def edm_churn(
    schedule: VE, amount: float = 40.0, low: float = 0.05, high: float = 50.0
) -> Callable[[Times, int], Times]:
    """EDM's churn: σ rises by the share min(amount/steps, √2 - 1) where low ≤ σ ≤ high.

    Parameters
    ----------
    schedule : VE
    amount, low, high : float
        S_churn, S_min and S_max; the defaults are those of ImageNet-64.

    Returns
    -------
    callable
        For `heun`.
    """

    def churn(u: Times, steps: int) -> Times:
        sigma = schedule.sigma(u)
        rise = ((sigma >= low) & (sigma <= high)).double() * min(amount / steps, 2**0.5 - 1)
        return torch.where(rise > 0, schedule.time_at(sigma * (1 + rise)), u)

    return churn


def rgdm_ancestral(
    denoise: Denoise, flow: Flow, times: Grid, noise: Noise, **options: Unpack[SamplerOptions]
) -> Components:
    """RGDM's sampler: ancestral with the forward process's variance (arXiv 2501.09064).

    On the flow "rgdm-shell" a mode that enters the shell is drawn from the prior, and one that
    leaves it gets no more noise.
    """
    return ancestral(denoise, flow, times, noise, variance="beta", **options)


SAMPLERS = {
    "matched": matched, "sde_2m": sde_2m, "ode_2m": ode_2m, "ancestral": ancestral, "ddim": ddim,
    "heun": heun, "rgdm": rgdm_ancestral,
}  # fmt: skip
