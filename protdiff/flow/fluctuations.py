"""Fluctuation theorems of trajectories (Yu & Huang, arXiv 2405.11932; docs/theory.md 7).

A trajectory of the forward process runs from data towards noise. The entropy that a component
produces on it is the log-ratio of the reverse process to equilibrium, over its steps from u to s:

    S = Σ ln p(x_s | x_u) - ln k(x_s | x_u),

with p the step of a sampler with the denoiser, and k that of a chain which is at the fixed point
N(0, c) already, N(a x_u, c (1 - a²)) with a = α_u/α_s. If p is the law of x_s given x_u, then

- ⟨e^{-S}⟩ = 1 over trajectories of the data (integral theorem),
- P(S) / P_k(S) = e^S, with P_k the law of S where the steps back are those of k (Crooks),
- ⟨S⟩ = KL(p_u1 ‖ prior) - KL(p_u2 ‖ prior).

A denoiser that is not exact fails all three: S holds its own p, and trajectories are those of the
data.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from .thermodynamics import require_reversible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, Noise, PerComponent, Times

    PerShell = Float[Tensor, "shells batch components"]

__all__ = ["Entropies", "Theorem", "crooks_slope", "integral_theorem", "trajectory_entropies"]

#: Change of the half log-SNR in a step under which a component counts as standing still.
MIN_CHANGE = 1e-6
#: Steps of Newton's rule for the slope, and groups of chains that give its error.
NEWTON_STEPS, GROUPS = 25, 8


class Entropies(NamedTuple):
    """Entropy S of every component in every shell of the flow; 0 where it stands still.

    Attributes
    ----------
    data : Tensor, shape (shells, B, D)
        On trajectories of the data.
    coarse : Tensor, shape (shells, B, D)
        The same in half as many steps: what differs is an error of the steps.
    equilibrium : Tensor, shape (shells, B, D)
        On trajectories that go back from the end of the shell as a chain at the fixed point does.
    coarse_equilibrium : Tensor, shape (shells, B, D)
        The same in half as many steps.
    """

    data: PerShell
    coarse: PerShell
    equilibrium: PerShell
    coarse_equilibrium: PerShell


class Theorem(NamedTuple):
    """⟨e^{-S}⟩ over components of trajectories.

    Attributes
    ----------
    mean : float
        1 for an exact denoiser.
    error : float
        Standard error over chains.
    bias : float
        What the mean changes when steps are halved in length: an estimate of the error of steps.
    effective : float
        Effective number of samples, (Σ e^{-S})² / Σ e^{-2S}. The mean of an exponential rests on
        few of many samples where S is large; with less than some hundred it says nothing.
    """

    mean: float
    error: float
    bias: float
    effective: float


def trajectory_entropies(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    edges: Sequence[float],
    noise: Noise,
    *,
    substeps: int = 4,
) -> Entropies:
    """Follow data from u = `edges[0]` to `edges[-1]`, and measure the entropy of every component.

    The steps of p have the variance that is exact for Gaussian data, in any number of steps
    ("analytic" in `ancestral`).

    Parameters
    ----------
    denoise : callable
        2 substeps - 1 calls per shell.
    flow : Flow
    clean : Tensor, shape (B, D, 3)
        Data.
    edges : sequence of float
        Rising times between shells.
    noise : callable
    substeps : int
        Steps per shell, even.

    Raises
    ------
    ValueError
        If `substeps` is odd, or for flows that are not reversible.
    """
    require_reversible(flow)
    if substeps < 2 or substeps % 2:
        raise ValueError(f"`substeps` {substeps}: must be an even number")
    batch, shells = len(clean), []
    x = flow.noise(clean.double(), torch.full((batch,), float(edges[0])), noise())
    for low, high in pairwise(edges):
        times = torch.linspace(low, high, substeps + 1, dtype=torch.float64).expand(batch, -1).T
        states = [x]
        for s, u in pairwise(times):
            states.append(flow.onward(states[-1], s, u, noise()))
        estimates = [denoise(y, u) for y, u in zip(states[1:], times[1:], strict=True)]
        forward = [_entropy(flow, times, states, estimates, k) for k in (1, 2)]
        x = states[-1]
        for i in range(substeps, 0, -1):  # and back, at equilibrium
            states[i - 1] = equilibrium_step(flow, times[i - 1], times[i], states[i], noise())
            if i > 1:
                estimates[i - 2] = denoise(states[i - 1], times[i - 1])
        shells.append((*forward, *(_entropy(flow, times, states, estimates, k) for k in (1, 2))))
    return Entropies(*(torch.stack(part) for part in zip(*shells, strict=True)))


def _entropy(
    flow: Flow,
    times: Float[Tensor, "states batch"],
    states: Sequence[Components],
    estimates: Sequence[Components],
    stride: int,
) -> PerComponent:
    """S of a path in steps over `stride` states; `estimates[i]` is that of `states[i + 1]`."""
    ends = range(stride, len(states), stride)
    steps = [
        step_entropy(
            flow, times[i - stride], times[i], states[i - stride], states[i], estimates[i - 1]
        )
        for i in ends
    ]
    return torch.stack(steps).sum(0)


def _equilibrium_kernel(flow: Flow, s: Times, u: Times) -> tuple[Tensor, Tensor]:
    """a = α_u/α_s and variance c (1 - a²) of k, without cancellation."""
    log_ratio = torch.nn.functional.logsigmoid(-flow.gamma(u))
    log_ratio = log_ratio - torch.nn.functional.logsigmoid(-flow.gamma(s))
    return (0.5 * log_ratio).exp(), -flow.prior * torch.expm1(log_ratio)


def equilibrium_step(
    flow: Flow, s: Times, u: Times, later: Components, epsilon: Components
) -> Components:
    """State at s < u of a chain at the fixed point, given its state at u."""
    ratio, variance = _equilibrium_kernel(flow, s, u)
    earlier = ratio[..., None] * later + variance.sqrt()[..., None] * epsilon
    return earlier.masked_fill(~flow.mask[..., None], 0)


def step_entropy(
    flow: Flow, s: Times, u: Times, earlier: Components, later: Components, estimate: Components
) -> PerComponent:
    """ln p(x_s | x_u) - ln k(x_s | x_u) of one step, per component."""
    at_s, at_u = flow.kernel(s), flow.kernel(u)
    h = (flow.gamma(u) - flow.gamma(s)) / 2
    moves = flow.mask & (h > MIN_CHANGE)
    shrink = -torch.expm1(-2 * h)
    gain = at_s.alpha * shrink
    tau = flow.variance * at_u.sigma**2 / at_u.total
    width = torch.where(moves, at_s.sigma**2 * shrink + gain**2 * tau, 1.0)
    mean = (at_s.sigma / at_u.sigma * torch.exp(-h))[..., None] * later
    mean = mean + gain[..., None] * estimate
    ratio, variance = _equilibrium_kernel(flow, s, u)
    variance = torch.where(moves, variance, 1.0)
    off_k = (earlier - ratio[..., None] * later).square().sum(-1)
    off_p = (earlier - mean).square().sum(-1)
    value = 0.5 * (off_k / variance - off_p / width) + 1.5 * (variance / width).log()
    return value.masked_fill(~moves, 0)


def integral_theorem(data: PerComponent, coarse: PerComponent) -> Theorem:
    """⟨e^{-S}⟩ over the components that move; see `Theorem`.

    Parameters
    ----------
    data, coarse : Tensor, shape (B, D)
        Fields of `Entropies`, of one shell or summed over shells; B at least 2.
    """
    moves = data != 0
    if not bool(moves.any()):
        return Theorem(1.0, 0.0, 0.0, 0.0)
    weights = torch.where(moves, (-data).exp(), 0.0)
    by_chain, count = weights.sum(1), moves.sum(1)
    mean = float(by_chain.sum() / count.sum())
    error = (by_chain - mean * count).std() * len(data) ** 0.5 / count.sum()
    other = torch.where(moves, (-coarse).exp(), 0.0).sum() / count.sum()
    effective = weights.sum() ** 2 / weights.square().sum()
    return Theorem(mean, float(error), mean - float(other), float(effective))


def crooks_slope(data: PerShell, equilibrium: PerShell) -> tuple[float, float]:
    """Slope of ln P(S) - ln P_k(S) in S, and its standard error over groups of chains.

    1 for an exact denoiser. It is the most likely one, by logistic regression of "data or
    equilibrium" on S (Shirts et al., doi 10.1103/PhysRevLett.91.140601), which needs no bins.

    Parameters
    ----------
    data, equilibrium : Tensor, shape (shells, B, D)
        Fields of `Entropies`.
    """
    groups = min(GROUPS, data.shape[1])
    parts = [_logistic_slope(data[:, k::groups], equilibrium[:, k::groups]) for k in range(groups)]
    error = float(torch.tensor(parts).std() / groups**0.5) if groups > 1 else float("nan")
    return _logistic_slope(data, equilibrium), error


def _logistic_slope(data: Tensor, equilibrium: Tensor) -> float:
    """Slope b of the most likely P(data | S) = 1 / (1 + e^{-a - bS})."""
    first, second = data[data != 0], equilibrium[equilibrium != 0]
    x = torch.cat([first, second])
    label = torch.cat([torch.ones_like(first), torch.zeros_like(second)])
    features = torch.stack([torch.ones_like(x), x])
    fit = torch.zeros(2, dtype=x.dtype)
    for _ in range(NEWTON_STEPS):
        share = torch.sigmoid(fit @ features)
        curvature = (features * share * (1 - share)) @ features.T
        ridge = 1e-9 * curvature.diagonal().mean() * torch.eye(2, dtype=x.dtype)
        fit = fit + torch.linalg.solve(curvature + ridge, features @ (label - share))
    return float(fit[1])
