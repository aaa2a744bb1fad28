"""Thermodynamics of a flow: entropy production, speciation, collapse, replicas.

A variance-preserving flow is reversible with respect to its prior N(0, c), so the entropy that it
produces equals the decrease of the data's KL divergence from the prior, whatever the schedule
(docs/theory.md 7). Variance-exploding flows have no stationary law and are refused. Every value is
a sum over the three coordinates of a component, in nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

from .predictors import score_function
from .samplers import ancestral

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from .process import Components, Denoise, Flow, Noise, PerComponent, Times
    from .sampler_error import Sampler

__all__ = [
    "collapse_time",
    "entropy_production",
    "entropy_production_rate",
    "mode_speciation_time",
    "replica_distances",
    "require_reversible",
    "speciation_time",
    "top_eigenvalue",
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


def mode_speciation_time(flow: Flow, variance: PerComponent | None = None) -> PerComponent:
    """u at which the data SNR λα²/σ² of each component is 1."""
    spread = flow.variance if variance is None else variance

    def signal(u: Times) -> PerComponent:
        k = flow.kernel(u)
        return spread * (k.alpha / k.sigma).square()

    return _bisect_rows(lambda u: signal(u) > 1, flow.mask.shape)


def _bisect_rows(above: Callable[[Times], Tensor], shape: tuple[int, ...]) -> PerComponent:
    """Largest u in [0, 1], element by element, of a condition that holds up to some u."""
    low, high = (torch.full(shape, v, dtype=torch.float64) for v in (0.0, 1.0))
    for _ in range(50):
        middle = (low + high) / 2
        # The condition takes one time per row, so it is evaluated column by column.
        holds = torch.stack([above(middle[:, d])[:, d] for d in range(shape[1])], 1)
        low, high = torch.where(holds, middle, low), torch.where(holds, high, middle)
    return low


def top_eigenvalue(
    denoise: Denoise,
    flow: Flow,
    u: float,
    iterations: int = 30,
    generator: torch.Generator | None = None,
) -> float:
    """Largest eigenvalue of c^½ ∇s c^½ at X = 0, by Lanczos on products with the denoiser.

    Parameters
    ----------
    denoise : callable
    flow : Flow
        Of one chain.
    u : float
    iterations : int
        Products with the Jacobian, two backward passes each; fewer where the space is smaller.
    """
    time = torch.tensor([float(u)], dtype=torch.float64)
    score, root, mask = (
        score_function(denoise, flow),
        flow.prior.sqrt()[..., None],
        flow.mask[..., None],
    )
    origin = torch.zeros(*flow.mask.shape, 3, dtype=torch.float64)

    def product(v: Tensor) -> Tensor:
        """c^½ ∇s c^½ v."""
        result = torch.autograd.functional.jvp(lambda x: score(x, time), origin, root * v)
        return root * cast("Tensor", result[1])

    v = torch.randn(origin.shape, generator=generator, dtype=torch.float64).masked_fill(~mask, 0)
    basis: list[Tensor] = []
    images: list[Tensor] = []
    for _ in range(min(iterations, 3 * int(flow.mask.sum()))):
        for _ in range(2):  # the second time removes what rounding left
            for other in basis:
                v = v - (v * other).sum() * other
        if float(v.norm()) < 1e-10:
            break
        basis.append(v / v.norm())
        images.append(product(basis[-1]))
        v = images[-1]
    small = torch.stack(basis).flatten(1) @ torch.stack(images).flatten(1).T
    return float(torch.linalg.eigvalsh((small + small.T) / 2)[-1])


def speciation_time(
    denoise: Denoise, flow: Flow, threshold: float = -0.5, halvings: int = 40, **options: Any
) -> float:
    """First time of the reverse process at which the largest eigenvalue passes -1/2.

    The effective potential of a trajectory at the centre then has a maximum instead of a minimum
    (Yu & Huang), in any basis. For exact denoisers: a network is not trained at X = 0, and its
    normalisation makes the Jacobian there meaningless. The interval of times is halved `halvings`
    times; `options` are those of `top_eigenvalue`.
    """
    low, high = 0.0, 1.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if top_eigenvalue(denoise, flow, middle, **options) > threshold:
            low = middle
        else:
            high = middle
    return (low + high) / 2


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


def replica_distances(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    u: float,
    noise: Noise,
    *,
    steps: int = 50,
    sampler: Sampler = ancestral,
) -> tuple[PerComponent, PerComponent]:
    """Distances between two replicas that descend from one noised state, and to the truth.

    The truth and the replicas are draws from the same posterior if the denoiser is exact, so the
    two means are equal (Nishimori's identity): a calibration test of a learned denoiser.

    Parameters
    ----------
    clean : Tensor, shape (B, D, 3)
    u : float
        Time of the common state.
    noise : callable
    steps : int
        Denoiser calls per replica.
    sampler : callable
        One of `SAMPLERS`.

    Returns
    -------
    between, to_truth : Tensor, shape (B, D)
        Squared distances per component; to_truth is the mean of the two replicas.
    """
    start = flow.noise(clean.double(), torch.full((len(clean),), float(u)), noise())
    times = torch.linspace(float(u), 0, steps, dtype=torch.float64)
    first, second = (sampler(denoise, flow, times, noise, start=start) for _ in range(2))
    between = (first - second).square().sum(-1)
    to_first, to_second = ((x - clean).square().sum(-1) for x in (first, second))
    return between, (to_first + to_second) / 2
