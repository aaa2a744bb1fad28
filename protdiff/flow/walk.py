"""Code that all samplers share: the first state, the calls of the denoiser, the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, Kernel, Noise, Times

    #: ``callback(index, u, x, clean)`` is called after every estimate.
    Callback = Callable[[int, float, Components, Components], object]

__all__ = ["SamplerOptions", "Walk", "extrapolation_weight", "mean_progress", "step_kernels"]

#: Half log-SNR by which a component must change in a step to count as moving.
STILL = 1e-12


class SamplerOptions(TypedDict, total=False):
    """Keywords that every sampler takes.

    Attributes
    ----------
    temperature : float
        Factor of the variance of all noise; 1 by default.
    callback : callable or None
        ``callback(index, u, x, clean)`` is called at every time.
    start : Tensor, shape (B, D, 3), or None
        State at the first time, in place of a draw from the prior.
    """

    temperature: float
    callback: Callback | None
    start: Components | None


@dataclass(frozen=True)
class Walk:
    """A walk from noise to structure, down a grid of times.

    Parameters
    ----------
    denoise : callable
    flow : Flow
    times : Tensor, shape (T,)
        Falling.
    noise : callable
    temperature, callback, start
        See `SamplerOptions`.
    """

    denoise: Denoise
    flow: Flow
    times: Float[Tensor, "times"]
    noise: Noise
    temperature: float = 1.0
    callback: Callback | None = None
    start: Components | None = None

    def first_state(self) -> Components:
        """State at the first time."""
        if self.start is not None:
            return self.start
        return self.flow.prior_sample(self.noise()) * self.temperature**0.5

    def steps(self) -> Iterator[tuple[int, Times, Times]]:
        """Index of every step, and the times (B,) between which it leads."""
        batch = len(self.flow.mask)
        for index, (u, s) in enumerate(pairwise(self.times)):
            yield index, u.expand(batch), s.expand(batch)

    def estimate(self, x: Components, index: int) -> Components:
        """Clean estimate of a state at the time of this index; the callback sees it."""
        u = self.times[index]
        clean = self.denoise(x, u.expand(len(self.flow.mask)))
        if self.callback is not None:
            self.callback(index, float(u.detach()), x, clean)
        return clean

    def last_estimate(self, x: Components) -> Components:
        """Clean estimate at the last time: what a sampler returns."""
        return self.masked(self.estimate(x, len(self.times) - 1))

    def masked(self, x: Components) -> Components:
        """State with 0 in the components that are masked: noise must not move the centroid."""
        return x.masked_fill(~self.flow.mask[..., None], 0)


def step_kernels(
    flow: Flow, u: Times, s: Times
) -> tuple[Kernel, Kernel, Float[Tensor, "batch components 1"]]:
    """Kernels at both times of a step from u to s < u, and h = ½(γ_u - γ_s) of every component."""
    h = ((flow.gamma(u) - flow.gamma(s)) / 2).clamp_min(0)
    return flow.kernel(u), flow.kernel(s), h[..., None]


def extrapolation_weight(
    h: Float[Tensor, "batch components 1"], h_previous: Float[Tensor, "batch components 1"]
) -> Float[Tensor, "batch components 1"]:
    """Weight h / (2 h_previous) that extrapolates the estimate to the middle of a step.

    It multiplies the last difference of estimates; 0 where a mode does not move.
    """
    still = (h < STILL) | (h_previous < STILL)
    return torch.where(still, torch.zeros_like(h), h / (2 * torch.where(still, 1.0, h_previous)))


def mean_progress(h: Float[Tensor, "batch components 1"]) -> Float[Tensor, "batch components 1"]:
    """How far through a step of log-SNR h its state sees the estimate on average: from 0 to 1.

    ∫ e^{-(h-t)} t/h dt over t from 0 to h; 0 where a mode does not move.
    """
    still = h < STILL
    return torch.where(still, 0.0, 1 + torch.expm1(-h) / torch.where(still, 1.0, h))
