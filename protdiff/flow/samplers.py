"""Samplers: plain functions over the ``denoise`` protocol, every coefficient per component.

``denoise(x, u) -> clean estimate`` takes noisy components (B, D, 3) and times (B,). ``noise()``
returns standard normal numbers (B, D, 3). ``times`` falls from 1 to 0; the result is the clean
estimate at the last time, so a grid of n times costs n network calls (`heun`: 2n - 1).
``temperature`` scales the variance of all noise: a Gaussian chain is then drawn from
p^(1/temperature). ``callback(step, u, x, clean)`` sees every time. ``start`` is a state at the
first of `times`, in place of a draw from the prior. Notation as in docs/theory.md 3: from u to
s < u, ``h = ½(γ_u - γ_s)``.
"""

from itertools import pairwise

import numpy as np
import torch

from .schedule import RG

__all__ = [
    "SAMPLERS", "ancestral", "ddim", "edm_churn", "heun", "matched", "matched_weights", "multistep",
    "ode_2m", "sampling_times", "sde_2m", "uniform_times",
]  # fmt: skip

#: Last of the `sampling_times`, and the peak of their density: height over the rest, place, width.
LAST, PEAK = 0.1, (4.5, 0.55, 0.3)
#: Largest weight of the last difference of estimates in `matched`.
LARGEST_WEIGHT = 0.6


def uniform_times(steps):
    """`steps` equally spaced times from 1 to 0, for RG flows uniform in ln Λ; (steps,) float64.

    On a `VE` schedule these are EDM's noise levels.
    """
    if steps < 1:
        raise ValueError(f"a sampler needs at least 1 step, not {steps}")
    return torch.linspace(1, 0, steps, dtype=torch.float64)


def sampling_times(flow, steps, start=1.0):
    """Times to sample a protein at, from `start` down; (steps,) float64.

    For RG flows down to 0.1 with a density ``1 + 4.5 exp(-((u - 0.55)/0.3)²)``: denser where a
    protein's estimate moves. Of equally spaced times a third would come when all is decided to
    0.2 Å (docs/theory.md 3.5). For other flows equally spaced, down to 0.
    """
    if not isinstance(flow.schedule, RG):
        return start * uniform_times(steps)
    if steps < 1:
        raise ValueError(f"a sampler needs at least 1 step, not {steps}")
    height, place, width = PEAK
    grid = torch.linspace(start, min(LAST, start), 1001, dtype=torch.float64)
    # Its integral, up to a constant.
    rise = height * width * torch.pi**0.5 / 2
    amount = grid + rise * torch.erf((grid - place) / width)
    wanted = torch.linspace(float(amount[0]), float(amount[-1]), steps, dtype=torch.float64)
    return torch.from_numpy(np.interp(wanted.flip(0), amount.flip(0), grid.flip(0))).flip(0)


def _step(flow, u, s):
    """Kernels at both times and h; the last (B, D, 1) like all that samplers multiply with."""
    h = ((flow.gamma(u) - flow.gamma(s)) / 2).clamp_min(0)
    return flow.kernel(u), flow.kernel(s), h[..., None]


def _extrapolation(h, h_previous):
    """Weight h / (2 h_prev) of the last difference; 0 where a mode does not move."""
    still = (h < 1e-12) | (h_previous < 1e-12)
    return torch.where(still, torch.zeros_like(h), h / (2 * torch.where(still, 1.0, h_previous)))


def _walk(denoise, flow, times, noise, step, temperature, callback, start):
    """Run `step(x, clean, previous, h_previous, u, s) -> x, h` down the grid of times."""
    batch, clean, h, absent = len(flow.mask), None, None, ~flow.mask[..., None]
    x = flow.prior_sample(noise()) * temperature**0.5 if start is None else start
    for index, u in enumerate(times):
        now = u.expand(batch)
        previous, clean = clean, denoise(x, now)
        if callback is not None:
            callback(index, float(u.detach()), x, clean)
        if index + 1 < len(times):
            x, h = step(x, clean, previous, h, now, times[index + 1].expand(batch))
            x = x.masked_fill(absent, 0)  # noise must not move the centroid
    return clean.masked_fill(absent, 0)


def ancestral(
    denoise, flow, times, noise, *, temperature=1.0, variance="analytic", callback=None, start=None
):
    """DDPM's ancestral sampler, docs/theory.md 3.1.

    Parameters
    ----------
    variance : {"analytic", "posterior", "beta"}
        Variance of a step: the posterior's, σ_s²(1-e^{-2h}); the posterior's plus B²τ, which is
        exact on Gaussian data in any number of steps; or the forward process's, σ_u²(1-e^{-2h}),
        RGDM's choice (zero in the last step).
    """
    if variance not in ("analytic", "posterior", "beta"):
        raise ValueError(f"unknown variance {variance!r}: analytic, posterior or beta")

    def step(x, clean, _previous, _h, u, s):
        at_u, at_s, h = _step(flow, u, s)
        before, after = at_u.sigma[..., None], at_s.sigma[..., None]
        shrink = -torch.expm1(-2 * h)
        gain = at_s.alpha[..., None] * shrink
        width = after**2 * shrink
        if variance == "analytic":
            width = width + gain**2 * (flow.variance * at_u.sigma**2 / at_u.total)[..., None]
        elif variance == "beta":
            width = before**2 * shrink * (s > times[-1])[:, None, None]
        mean = after / before * torch.exp(-h) * x + gain * clean
        return mean + (width * temperature).sqrt() * noise(), h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def multistep(
    denoise, flow, times, noise, *, diffusion=1.0, order=2, weights=None, temperature=1.0,
    callback=None, start=None,
):  # fmt: skip
    """Exponential integrator of the reverse processes between SDE and ODE.

    They share their marginals: drift fX - (1 + λ²)/2 g² s, noise λ g. Over a step in which the
    clean estimate D does not change, the solution is ``X_s = (σ_s/σ_u) e^{-λ²h} X_u + α_s
    (1 - e^{-(1+λ²)h}) D + σ_s sqrt(1 - e^{-2λ²h}) ξ``; the second order puts D's linear
    extrapolation to the middle of the step in its place.

    Parameters
    ----------
    diffusion : float
        λ² ≥ 0: 1 for the reverse SDE, 0 for the probability-flow ODE (one minus the λ of arXiv
        2106.02808).
    order : {1, 2}
    weights : iterator of Tensor, shape (B, D), optional
        Of the last difference of estimates, one for every step but the first, in place of those of
        the extrapolation.
    """
    if not diffusion >= 0 or order not in (1, 2):
        raise ValueError(f"diffusion {diffusion} must be at least 0, order {order} must be 1 or 2")

    def step(x, clean, previous, h_previous, u, s):
        at_u, at_s, h = _step(flow, u, s)
        if previous is not None and order == 2:
            weight = next(weights)[..., None] if weights else _extrapolation(h, h_previous)
            clean = clean + weight * (clean - previous)
        sigma = at_s.sigma[..., None]
        gain = at_s.alpha[..., None] * -torch.expm1(-(1 + diffusion) * h)
        x = sigma / at_u.sigma[..., None] * torch.exp(-diffusion * h) * x + gain * clean
        if diffusion:
            x = x + (temperature * -torch.expm1(-2 * diffusion * h)).sqrt() * sigma * noise()
        return x, h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def matched_weights(flow, times, variance):
    """Weights of the last difference in the steps of `matched`; yields (B, D) from the second on.

    Follows the sampler on a Gaussian chain, whose exact estimate is ``D = c_skip X``.

    Parameters
    ----------
    variance : Tensor, shape (B, D)
        Of the state at the first time.
    """
    batch, weight = len(flow.mask), torch.zeros_like(variance)
    before = shared = torch.zeros_like(variance)  # Var D_prev and Cov(X, D_prev)
    for index, (u, s) in enumerate(pairwise(times)):
        at_u, at_s, h = _step(flow, u.expand(batch), s.expand(batch))
        shrink, skip = -torch.expm1(-2 * h[..., 0]), at_u.c_skip
        gain, width = at_s.alpha * shrink, at_s.sigma**2 * shrink
        slope = at_s.sigma / at_u.sigma * torch.exp(-h[..., 0]) + gain * skip
        if index:
            # Var X_s = slope² Var X + width + 2 w linear + w² square, to be the chain's own.
            linear = slope * gain * (skip * variance - shared)
            square = gain**2 * (skip**2 * variance - 2 * skip * shared + before).clamp_min(0)
            lacking = (at_s.total - slope**2 * variance - width).clamp_min(0)
            root = linear + (linear**2 + square * lacking).sqrt()
            moves = root > 1e-12 * at_s.total
            weight = torch.where(moves, lacking / torch.where(moves, root, 1.0), 0.0)
            weight = weight.clamp_max(LARGEST_WEIGHT)
            yield weight
        own, other = slope + weight * gain * skip, -weight * gain  # X_s on X and on D_prev
        shared, variance, before = (
            skip * (own * variance + other * shared),
            own**2 * variance + 2 * own * other * shared + other**2 * before + width,
            skip**2 * variance,
        )


def matched(denoise, flow, times, noise, *, start=None, **options):
    """Stochastic multistep sampler that keeps the variance of a Gaussian chain: for few calls.

    As `sde_2m`, but for the weight of the last difference of estimates: per component and step the
    one with which the variance comes out right, up to 0.6 (docs/theory.md 3.2).
    """
    variance = flow.start if start is None else flow.kernel(times[0].expand(len(flow.mask))).total
    weights = matched_weights(flow, times, variance)
    return multistep(denoise, flow, times, noise, weights=weights, start=start, **options)


def sde_2m(denoise, flow, times, noise, **options):
    """Second-order multistep stochastic sampler (SDE-DPM-Solver++(2M), midpoint)."""
    return multistep(denoise, flow, times, noise, diffusion=1.0, order=2, **options)


def ode_2m(denoise, flow, times, noise, **options):
    """Second-order multistep deterministic sampler (DPM-Solver++(2M)) with per-mode weights."""
    return multistep(denoise, flow, times, noise, diffusion=0.0, order=2, **options)


def ddim(denoise, flow, times, noise, **options):
    """First-order deterministic sampler (DDIM = DPM-Solver++(1)); noise enters at the start."""
    return multistep(denoise, flow, times, noise, diffusion=0.0, order=1, **options)


def heun(
    denoise, flow, times, noise, *, churn=None, noise_scale=1.0, temperature=1.0, callback=None,
    start=None,
):  # fmt: skip
    """EDM's deterministic second-order sampler, with churn (arXiv 2206.00364, algorithm 2).

    Heun's rule on dY/dS = (Y - D)/S per component, Y = X/α and S = σ/α. Two calls a step. Unstable
    for few steps where modes move fast (docs/theory.md 3.3): meant for scalar schedules.

    Parameters
    ----------
    churn : callable, optional
        ``churn(u, steps)`` gives the time û ≥ u to which the forward process takes the state back
        before each step; see `edm_churn`.
    noise_scale : float
        EDM's S_noise, on the churn's noise.
    """

    def slope(x, k, clean):
        return (x / k.alpha[..., None] - clean) * (k.alpha / k.sigma)[..., None]

    def step(x, clean, _previous, _h, u, s):
        if churn is not None and (up := churn(u, len(times) - 1)).gt(u).any():
            at_up, at_u, h = _step(flow, up, u)
            fresh = at_up.sigma[..., None] * (temperature * -torch.expm1(-2 * h)).sqrt()
            x = (at_up.alpha / at_u.alpha)[..., None] * x + noise_scale * fresh * noise()
            u, clean = up, denoise(x, up)
        at_u, at_s, h = _step(flow, u, s)
        width = (at_s.sigma / at_s.alpha - at_u.sigma / at_u.alpha)[..., None]
        first = slope(x, at_u, clean)
        start_of = x / at_u.alpha[..., None]
        ahead = at_s.alpha[..., None] * (start_of + width * first)
        second = slope(ahead, at_s, denoise(ahead, s))
        return at_s.alpha[..., None] * (start_of + width * (first + second) / 2), h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def edm_churn(schedule, amount=40.0, low=0.05, high=50.0):
    """EDM's law of churn: σ rises by min(amount/steps, √2 - 1) where low ≤ σ ≤ high.

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

    def churn(u, steps):
        sigma = schedule.sigma(u)
        rise = ((sigma >= low) & (sigma <= high)).double() * min(amount / steps, 2**0.5 - 1)
        return torch.where(rise > 0, schedule.time_at(sigma * (1 + rise)), u)

    return churn


SAMPLERS = {
    "matched": matched, "sde_2m": sde_2m, "ode_2m": ode_2m, "ancestral": ancestral, "ddim": ddim,
    "heun": heun,
}  # fmt: skip
