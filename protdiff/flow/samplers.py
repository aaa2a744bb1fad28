"""Samplers: plain functions over the ``denoise`` protocol, every coefficient per component.

``denoise(x, u) -> clean estimate`` takes noisy components (B, D, 3) and times (B,). ``noise()``
returns standard normal numbers (B, D, 3). ``times`` falls from 1 to 0; the result is the clean
estimate at the last time, so a grid of n times costs n network calls. ``callback(step, u, x,
clean)`` sees every call. ``start`` is a state at the first of `times`, in place of a draw from the
prior. Notation as in docs/theory.md 3: from u to s < u,
``h = ½(γ_u - γ_s)`` and ``B = α_s (1 - e^{-2h})``.
"""

import torch

__all__ = ["SAMPLERS", "ancestral", "ddim", "ode_2m", "sde_2m", "uniform_times"]


def uniform_times(steps):
    """`steps` equally spaced times from 1 to 0, for RG flows uniform in ln Λ; (steps,) float64."""
    if steps < 2:
        raise ValueError(f"a sampler needs at least 2 steps, not {steps}")
    return torch.linspace(1, 0, steps, dtype=torch.float64)


def _step(flow, u, s):
    """Coefficients of the exact posterior q(x_s | x_u, x_0): ratio, B, σ_s, h; (B, D, 1)."""
    h = ((flow.gamma(u) - flow.gamma(s)) / 2).clamp_min(0)
    at_u, at_s = flow.kernel(u), flow.kernel(s)
    gain = at_s.alpha * -torch.expm1(-2 * h)
    return tuple(t[..., None] for t in (at_s.sigma / at_u.sigma, gain, at_s.alpha, at_s.sigma, h))


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
            callback(index, float(u), x, clean)
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
        exact on Gaussian data in any number of steps; or c(1 - α_u²/α_s²), RGDM's choice (zero in
        the last step).
    temperature : float
        Scales the variance of all noise; a Gaussian chain is then drawn from p^(1/temperature).
    """

    def step(x, clean, _previous, _h, u, s):
        ratio, gain, _, sigma, h = _step(flow, u, s)
        width = sigma**2 * -torch.expm1(-2 * h)
        if variance == "analytic":
            k = flow.kernel(u)
            width = width + gain**2 * (flow.variance * k.sigma**2 / k.total)[..., None]
        elif variance == "beta":
            growth = torch.nn.functional.logsigmoid
            log_ratio = growth(-flow.gamma(u)) - growth(-flow.gamma(s))  # ln α_u²/α_s²
            width = (flow.prior * -torch.expm1(log_ratio))[..., None]
            width = width * (s > times[-1])[:, None, None]
        elif variance != "posterior":
            raise ValueError(f"unknown variance {variance!r}: analytic, posterior or beta")
        mean = ratio * torch.exp(-h) * x + gain * clean
        return mean + (width * temperature).sqrt() * noise(), h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def ddim(denoise, flow, times, noise, *, temperature=1.0, callback=None, start=None):
    """First-order deterministic sampler (DDIM = DPM-Solver++(1)); noise enters at the start."""

    def step(x, clean, _previous, _h, u, s):
        ratio, _, alpha, _, h = _step(flow, u, s)
        return ratio * x - alpha * torch.expm1(-h) * clean, h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def ode_2m(denoise, flow, times, noise, *, temperature=1.0, callback=None, start=None):
    """Second-order multistep deterministic sampler (DPM-Solver++(2M)) with per-mode weights."""

    def step(x, clean, previous, h_previous, u, s):
        ratio, _, alpha, _, h = _step(flow, u, s)
        if previous is not None:
            clean = clean + _extrapolation(h, h_previous) * (clean - previous)
        return ratio * x - alpha * torch.expm1(-h) * clean, h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


def sde_2m(denoise, flow, times, noise, *, temperature=1.0, callback=None, start=None):
    """Second-order multistep stochastic sampler (SDE-DPM-Solver++(2M), midpoint)."""

    def step(x, clean, previous, h_previous, u, s):
        ratio, gain, _, sigma, h = _step(flow, u, s)
        if previous is not None:
            clean = clean + _extrapolation(h, h_previous) * (clean - previous)
        width = (temperature * -torch.expm1(-2 * h)).sqrt() * sigma
        return ratio * torch.exp(-h) * x + gain * clean + width * noise(), h

    return _walk(denoise, flow, times, noise, step, temperature, callback, start)


SAMPLERS = {"sde_2m": sde_2m, "ode_2m": ode_2m, "ancestral": ancestral, "ddim": ddim}
