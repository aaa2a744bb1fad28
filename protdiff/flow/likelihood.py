"""How probable data are under a denoiser: lower bounds, importance weights, probability flow.

All on the ``denoise`` protocol of the samplers and in nats, per component of the flow; densities
are those of the components, three coordinates each (docs/theory.md 6).
"""

from dataclasses import dataclass
from itertools import pairwise
from math import log, pi

import torch

__all__ = ["Bound", "elbo", "gaussian_log_density", "ode_log_density", "path_weights"]


#: Half log-SNR by which a component must change in a step to count as moving.
STILL = 1e-9


@dataclass(frozen=True)
class Bound:
    """A lower bound on ln p, in nats.

    Attributes
    ----------
    gaussian : Tensor, shape (B, D)
        ln density of every component in the Gaussian chain: exact, no network in it.
    gain : Tensor, shape (B, D)
        What the denoiser adds to it, mean over repetitions.
    gain_by_time : Tensor, shape (times, B)
        The same sum split by time: strata from `last` to 1, the last row the end at `last`.
    by_place : Tensor, shape (B, R), or None
        The bound split by the places that `project` names.
    error : Tensor, shape (B,)
        Standard error of the total; NaN for one repetition.
    calls : int
        Evaluations of the denoiser per chain.
    """

    gaussian: torch.Tensor
    gain: torch.Tensor
    gain_by_time: torch.Tensor
    by_place: torch.Tensor | None
    error: torch.Tensor
    calls: int

    @property
    def total(self):
        """The bound; (B,)."""
        return (self.gaussian + self.gain).sum(-1)


def gaussian_log_density(x, variance, mask):
    """ln N(x; 0, variance) per component, zero where masked; (B, D) from (B, D, 3)."""
    variance = torch.where(mask, variance, 1.0)
    value = -0.5 * (x.square().sum(-1) / variance + 3 * (2 * pi * variance).log())
    return value.masked_fill(~mask, 0)


def elbo(
    denoise, flow, clean, noise, *, steps=16, samples=2, last=0.0, generator=None, project=None
):
    """Continuous-time variational bound, as what the denoiser gains over the Gaussian chain.

    For the Gaussian chain, whose denoiser is D = c_skip X, the bound is exact: ln N(x; 0, λ). For
    any other denoiser the difference to it is the I-MMSE integral

        ½ ∫ γ' SNR (|x - c_skip X|² - |x - D|²) du + ½ (|x - c_skip X|² - |x - D|²) / τ at `last`

    with the decoder N(x; D, τ), τ = λσ²/v. The same noise in both terms takes out most of the
    variance, and components that the denoiser leaves to the Gaussian chain cost nothing. The
    times are stratified: one uniform draw in each of `steps` equal intervals.

    Parameters
    ----------
    denoise : callable
    flow : Flow
    clean : Tensor, shape (B, D, 3)
    noise : callable
        ``noise()`` gives standard normal numbers (B, D, 3).
    steps, samples : int
        Intervals of time, and repetitions: (steps + 1) · samples calls.
    last : float
        Time at which the integral ends: the resolution. Detail that is still noise there keeps
        the density of the Gaussian chain.
    generator : torch.Generator, optional
        Of the times.
    project : callable, optional
        Orthonormal map of (B, D, 3) to (B, R, 3): splits the bound by place.

    Returns
    -------
    Bound
    """
    clean, batch, mask = clean.double(), len(clean), flow.mask
    width = (1 - last) / steps
    gain, by_time, totals, places = 0.0, [], [], 0.0
    for _ in range(samples):
        rows = []
        for i in range(steps + 1):
            if i < steps:
                u = last + (i + torch.rand(batch, generator=generator, dtype=torch.float64)) * width
                k = flow.kernel(u)
                weight = 0.5 * width * flow.rate(u) * (k.alpha / k.sigma).square()
            else:
                k = flow.kernel(u := torch.full((batch,), float(last), dtype=torch.float64))
                weight = 0.5 / k.c_out.square()
            scale = weight.masked_fill(~mask, 0).sqrt()[..., None]
            errors = [scale * error for error in _errors(denoise, flow, clean, u, k, noise())]
            rows.append(errors[0].square().sum(-1) - errors[1].square().sum(-1))
            if project is not None:
                first, second = (project(error).square().sum(-1) for error in errors)
                places = places + (first - second) / samples
        rows = torch.stack(rows)
        gain = gain + rows.sum(0) / samples
        by_time.append(rows.sum(-1))
        totals.append(rows.sum((0, 2)))
    totals = torch.stack(totals)
    gaussian = gaussian_log_density(clean, flow.variance, mask)
    if project is not None:
        white = clean / torch.where(mask, flow.variance, 1.0).sqrt()[..., None]
        squares = project(white).square().sum(-1)
        constant = gaussian.sum(1) + 0.5 * squares.sum(1)
        present = _places(project, mask)
        share = constant[:, None] * present / present.sum(1, keepdim=True)
        places = places - 0.5 * squares + share
    return Bound(
        gaussian=gaussian,
        gain=gain,
        gain_by_time=torch.stack(by_time).mean(0),
        by_place=None if project is None else places,
        error=totals.std(0) / samples**0.5 if samples > 1 else torch.full((batch,), torch.nan),
        calls=(steps + 1) * samples,
    )


def _errors(denoise, flow, clean, u, k, epsilon):
    """x - c_skip X and x - D of one noisy state; (B, D, 3) each."""
    noisy = k.alpha[..., None] * clean + k.sigma[..., None] * epsilon
    noisy = noisy.masked_fill(~flow.mask[..., None], 0)
    return clean - k.c_skip[..., None] * noisy, clean - denoise(noisy, u).double()


def _places(project, mask):
    """Places that any component reaches, as 0 or 1; (B, R)."""
    generator = torch.Generator().manual_seed(0)
    probe = torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64)
    reached = project(probe.masked_fill(~mask[..., None], 0)).abs().sum(-1)
    return (reached > 1e-9).double()


def path_weights(denoise, flow, state, times, noise, variance="posterior"):
    """ln p(path) - ln q(path | first state) of one path of the forward process.

    The path starts at the given state at the last of `times` and runs to the first; p is the
    ancestral sampler in these steps, started from the prior, q the forward process. The mean is
    a lower bound on ln p(state); exp of it is an unbiased estimate of p(state) (importance
    weighting).

    Parameters
    ----------
    state : Tensor, shape (B, D, ...)
        State at ``times[-1]``; the last axes are coordinates.
    times : Tensor, shape (T,)
        Falls from 1 to 0, as for a sampler.
    variance : {"posterior", "analytic"}
        Of the sampler's steps, as in `ancestral`.

    Returns
    -------
    Tensor, shape (B, D)
        Sum over the coordinates of a component.
    """
    extra = (1,) * (state.ndim - 2)

    def wide(t):
        return t.reshape(*t.shape, *extra)

    def log_normal(x, mean, var):
        value = -0.5 * ((x - mean).square() / var + (2 * pi * var).log())
        return value.flatten(2).sum(-1) if state.ndim > 2 else value

    x, total = state.double(), 0.0
    batch = len(state)
    for s, u in pairwise(times.flip(0)):
        s, u = s.expand(batch), u.expand(batch)
        at_s, at_u = flow.kernel(s), flow.kernel(u)
        ratio = at_u.alpha / at_s.alpha
        h = (flow.gamma(u) - flow.gamma(s)) / 2
        # At a clipped end a component stands still: it costs nothing either way.
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
        backward = log_normal(x, mean, wide(width))
        forward = log_normal(following, wide(ratio) * x, wide(spread))
        total = total + (backward - forward).masked_fill(~moves, 0)
        x = following
    total = total + log_normal(x, 0.0, wide(flow.start))
    return total.masked_fill(~flow.mask, 0)


def ode_log_density(denoise, flow, state, times, *, probes=1, generator=None):
    """ln p of a state by the probability flow, dX/du = ½ γ' α (α X - D).

    Runge-Kutta of fourth order from the last of `times` (0) to the first (1). The divergence is
    estimated with Rademacher vectors in the components (Hutchinson): no variance at all where the
    Jacobian is diagonal.

    Parameters
    ----------
    state : Tensor, shape (B, D, 3)
        State at ``times[-1]``; the density refers to data smoothed by σ there.
    times : Tensor, shape (T,)
    probes : int
        Random vectors; each costs a backward pass per evaluation.

    Returns
    -------
    Tensor, shape (B,)
    """
    batch = len(state)
    mask = flow.mask[..., None]
    signs = [
        (torch.randint(0, 2, state.shape, generator=generator) * 2 - 1).double() * mask
        for _ in range(probes)
    ]

    def velocity(x, u):
        u = u.expand(batch)
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

    x, total = state.double(), torch.zeros(batch, dtype=torch.float64)
    grid = times.flip(0)
    for u, following in pairwise(grid):
        step = following - u
        v1, d1 = velocity(x, u)
        v2, d2 = velocity(x + step / 2 * v1, u + step / 2)
        v3, d3 = velocity(x + step / 2 * v2, u + step / 2)
        v4, d4 = velocity(x + step * v3, following)
        x = x + step / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        total = total + step / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    return total + gaussian_log_density(x, flow.start, flow.mask).sum(-1)


def bits(nats):
    """Nats as bits."""
    return nats / log(2)
