"""Thermodynamics of a flow: entropy production and collapse.

A variance-preserving flow is reversible with respect to its prior N(0, c), so the entropy that it
produces equals the decrease of the data's KL divergence from the prior, whatever the schedule
(docs/theory.md 7). Variance-exploding flows have no stationary law and are refused. Every value is
a sum over the three coordinates of a component, in nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .process import Flow, PerComponent, Times

__all__ = [
    "collapse_time",
    "entropy_production",
    "entropy_production_rate",
    "require_reversible",
]


def require_reversible(flow: Flow) -> None:
    """Refuse a flow without a stationary law.

    Raises
    ------
    ValueError
        If the flow is variance exploding: its noise only ever grows, so there is no equilibrium
        from which entropy production could be counted.
    """
    if not flow.preserving:
        raise ValueError(
            "the flow is variance exploding: it has no fixed point, so its entropy production is "
            "not defined; take weights of a variance-preserving flow, such as an RG flow"
        )


def entropy_production(flow: Flow, variance: PerComponent | None = None) -> PerComponent:
    """Entropy production of Gaussian data from u = 0 to 1, per component.

    KL(p_0 ‖ prior) - KL(p_1 ‖ prior), with the data as they are at u = 0. ValueError for flows
    that are not reversible, see `require_reversible`.
    """
    require_reversible(flow)
    spread = flow.variance if variance is None else variance

    def kl(u: float) -> PerComponent:
        k = flow.kernel(torch.full((len(flow.mask),), float(u), dtype=torch.float64))
        ratio = (k.alpha**2 * spread + k.sigma**2) / flow.prior
        return 1.5 * (ratio - 1 - ratio.log())

    return (kl(0) - kl(1)).masked_fill(~flow.mask, 0)


def entropy_production_rate(
    flow: Flow, u: Times, error: PerComponent, second_moment: PerComponent
) -> PerComponent:
    """Entropy production per unit of u, per component.

    (b c / 2) E|s + X/c|² with b = -d(ln α²)/du and the score s. By Stein's identity it needs two
    expectations only.

    Parameters
    ----------
    u : Tensor, shape (B,)
    error : Tensor, shape (B, D)
        E|x - D|², of the denoiser. An error above the smallest possible gives a lower bound.
    second_moment : Tensor, shape (B, D)
        E|x|² of the data.

    Raises
    ------
    ValueError
        For flows that are not reversible, see `require_reversible`.
    """
    require_reversible(flow)
    k, c = flow.kernel(u), flow.prior
    b = flow.rate(u) * torch.sigmoid(flow.gamma(u))
    score = (3 - k.alpha**2 / k.sigma**2 * error) / k.sigma**2
    moment = k.alpha**2 * second_moment + 3 * k.sigma**2
    return (0.5 * b * c * (score - 6 / c + moment / c**2)).masked_fill(~flow.mask, 0)


def collapse_time(flow: Flow, count: float, variance: PerComponent | None = None) -> Times:
    """u at which an exact empirical score of `count` points collapses onto a single point.

    Solves Σ (3/2) ln(1 + λ SNR) = ln(count): the information that X(u) has about its origin is
    just enough to tell the points apart (docs/theory.md 7). Exact for Gaussian data; other data
    with these variances have less information, so the collapse comes later in the reverse
    process, at a finer scale.
    """
    variance = flow.variance if variance is None else variance
    target = torch.log(torch.tensor(float(count), dtype=torch.float64))
    low, high = (torch.full((len(flow.mask),), v, dtype=torch.float64) for v in (0.0, 1.0))
    for _ in range(60):
        middle = (low + high) / 2
        k = flow.kernel(middle)
        information = 1.5 * torch.log1p(variance * (k.alpha / k.sigma).square())
        above = information.masked_fill(~flow.mask, 0).sum(1) > target
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    return (low + high) / 2
