"""Two identities of the noise predictor, by which a denoiser can fail (docs/theory.md 1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .component_bands import by_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float64, Int64
    from torch import Tensor

    from ..flow import Flow
    from ..flow.process import Components, Times

    PerRow = Float64[Tensor, "chains rows"]

__all__ = ["NoiseIdentities", "NoiseMoments", "noise_identities", "noise_moments"]


@dataclass(frozen=True)
class NoiseIdentities:
    """How a noise predictor ε* relates to the noise ε, by band; standard errors over chains.

    Both are 1 for the noise predictor E[ε | X] of the data, in expectation over chains and noise.
    Times count by 4p(1-p), p = α²λ/v the signal's share of a component's variance: where neither
    signal nor noise is certain.

    Attributes
    ----------
    slope, slope_error : list of float
        E[ε·ε*] / E|ε*|²: below 1 where the network predicts too much noise, and so removes too
        much. A conditional mean is orthogonal to its error.
    stein, stein_error : list of float
        E[X·ε*] / 3σ: Stein's identity E[X·s] = -3 for the score s = -ε*/σ.
    """

    slope: list[float]
    slope_error: list[float]
    stein: list[float]
    stein_error: list[float]


class NoiseMoments(NamedTuple):
    """Sums over the components of a band, weighted, for every chain."""

    size: PerRow
    """|ε*|²."""
    miss: PerRow
    """ε*·(ε - ε*)."""
    unit: PerRow
    """3, the variance of ε."""
    stein: PerRow
    """X·(ε* - ε)/σ."""


def noise_moments(
    flow: Flow,
    noisy: Components,
    epsilon: Components,
    estimate: Components,
    u: Times,
    band: Int64[Tensor, "chains components"],
) -> NoiseMoments:
    """Moments at one time of a denoiser's estimates of chains with noise ε.

    Parameters
    ----------
    flow : Flow
    noisy : Tensor, shape (B, D, 3)
        ``flow.noise(clean, u, epsilon)``.
    epsilon, estimate : Tensor, shape (B, D, 3)
        The noise, and the denoiser's clean estimate.
    u : Tensor, shape (B,)
    band : Tensor, shape (B, D)
        Of `component_bands`.
    """
    import torch

    from ..flow import noise_predictor

    predicted = noise_predictor(lambda x, u: estimate, flow)(noisy, u)
    k = flow.kernel(u)
    share = k.alpha.square() * flow.variance / k.total
    weight = (4 * share * (1 - share)).masked_fill(~flow.mask, 0)
    gap = epsilon - predicted
    # E[X·ε] = 3σ exactly, so the difference to it has the same mean as X·ε*, with less noise.
    stein = -(noisy / k.sigma[..., None] * gap).sum(-1)
    values = (predicted.square().sum(-1), (predicted * gap).sum(-1), torch.full_like(weight, 3))
    return NoiseMoments(*(by_band(weight * value, band) for value in (*values, stein)))


def noise_identities(moments: Sequence[NoiseMoments]) -> NoiseIdentities:
    """The identities from moments at several times."""
    import torch

    size, miss, unit, stein = (torch.stack(part).sum(0) for part in zip(*moments, strict=True))
    slope, slope_error = _ratio(miss, size)
    value, error = _ratio(stein, unit)
    return NoiseIdentities(
        slope=(1 + slope).tolist(),
        slope_error=slope_error.tolist(),
        stein=(1 + value).tolist(),
        stein_error=error.tolist(),
    )


def _ratio(above: PerRow, below: PerRow) -> tuple[Tensor, Tensor]:
    """Ratio of means over chains, and its standard error; 0 where a band is empty."""
    mean = below.mean(0).clamp_min(1e-300)
    ratio = above.mean(0) / mean
    return ratio, (above - ratio * below).std(0) / mean / len(above) ** 0.5
