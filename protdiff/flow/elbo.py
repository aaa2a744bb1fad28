"""A variational bound on ln p of data under a denoiser, in continuous time.

Denoisers follow the ``denoise`` protocol of the samplers. Values are in nats per component of the
flow, and densities are those of the components, three coordinates each (docs/theory.md 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .likelihood import gaussian_log_density

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jaxtyping import Bool, Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, Kernel, Noise, PerComponent, Times

    #: Orthonormal map of the components to places.
    Projection = Callable[[Components], Float[Tensor, "batch places 3"]]

__all__ = ["Bound", "Quadrature", "elbo"]


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
        The same sum split by time: intervals from `last` to 1, then the term at `last` itself.
    by_place : Tensor, shape (B, R), or None
        The bound split by the places to which `project` maps.
    error : Tensor, shape (B,)
        Standard error of the total; NaN for one repetition.
    calls : int
        Evaluations of the denoiser per chain.
    """

    gaussian: PerComponent
    gain: PerComponent
    gain_by_time: Float[Tensor, "times batch"]
    by_place: Float[Tensor, "batch places"] | None
    error: Float[Tensor, "batch"]
    calls: int

    @property
    def total(self) -> Float[Tensor, "batch"]:
        """The bound."""
        return (self.gaussian + self.gain).sum(-1)


@dataclass(frozen=True)
class Quadrature:
    """Intervals and repetitions with which the integral over time is estimated.

    Parameters
    ----------
    steps, samples : int
        Intervals of time, and repetitions: (steps + 1) · samples calls of the denoiser.
    last : float
        Time at which the integral ends. Detail that is still noise at that time keeps the density
        of the Gaussian chain.
    """

    steps: int = 16
    samples: int = 2
    last: float = 0.0

    @property
    def width(self) -> float:
        """Length of an interval."""
        return (1 - self.last) / self.steps

    def terms(
        self, flow: Flow, generator: torch.Generator | None
    ) -> Iterator[tuple[Times, Kernel, PerComponent]]:
        """Time, kernel and weight of every interval, and of the end at `last`."""
        batch = len(flow.mask)
        for i in range(self.steps):
            uniform = torch.rand(batch, generator=generator, dtype=torch.float64)
            u = self.last + (i + uniform) * self.width
            k = flow.kernel(u)
            yield u, k, 0.5 * self.width * flow.rate(u) * (k.alpha / k.sigma).square()
        u = torch.full((batch,), float(self.last), dtype=torch.float64)
        k = flow.kernel(u)
        yield u, k, 0.5 / k.c_out.square()


def elbo(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    noise: Noise,
    *,
    quadrature: Quadrature | None = None,
    generator: torch.Generator | None = None,
    project: Projection | None = None,
) -> Bound:
    """Continuous-time variational bound: the Gaussian chain's density and the denoiser's gain.

    For the Gaussian chain, whose denoiser is D = c_skip X, the bound is exact: ln N(x; 0, λ). For
    any other denoiser the difference to it is the I-MMSE integral

        ½ ∫ γ' SNR (|x - c_skip X|² - |x - D|²) du + ½ (|x - c_skip X|² - |x - D|²) / τ at `last`

    with the decoder N(x; D, τ), τ = λσ²/v, v = α²λ + σ². Both terms have the same noise, which
    takes out most of the variance, and components whose estimate is that of the Gaussian chain add
    none. The times are stratified: one uniform draw in each of `steps` equal intervals.

    Parameters
    ----------
    denoise : callable
    flow : Flow
    clean : Tensor, shape (B, D, 3)
    noise : callable
        ``noise()`` gives standard normal numbers (B, D, 3).
    quadrature : Quadrature, optional
    generator : torch.Generator, optional
        Of the times.
    project : callable, optional
        Orthonormal map of (B, D, 3) to (B, R, 3): splits the bound by place.

    Returns
    -------
    Bound
    """
    rule = quadrature or Quadrature()
    clean, batch, mask, samples = clean.double(), len(clean), flow.mask, rule.samples
    gain: PerComponent = torch.zeros_like(flow.variance)
    places = torch.zeros((), dtype=torch.float64)
    by_time: list[Tensor] = []
    totals: list[Tensor] = []
    for _ in range(samples):
        rows: list[Tensor] = []
        for u, k, weight in rule.terms(flow, generator):
            scale = weight.masked_fill(~mask, 0).sqrt()[..., None]
            errors = [scale * error for error in _errors(denoise, flow, clean, u, k, noise())]
            rows.append(errors[0].square().sum(-1) - errors[1].square().sum(-1))
            if project is not None:
                first, second = (project(error).square().sum(-1) for error in errors)
                places = places + (first - second) / samples
        table = torch.stack(rows)
        gain = gain + table.sum(0) / samples
        by_time.append(table.sum(-1))
        totals.append(table.sum((0, 2)))
    gaussian = gaussian_log_density(clean, flow.variance, mask)
    error = torch.full((batch,), torch.nan)
    if samples > 1:
        error = torch.stack(totals).std(0) / samples**0.5
    return Bound(
        gaussian=gaussian,
        gain=gain,
        gain_by_time=torch.stack(by_time).mean(0),
        by_place=None if project is None else _by_place(places, project, flow, clean, gaussian),
        error=error,
        calls=(rule.steps + 1) * samples,
    )


def _errors(
    denoise: Denoise, flow: Flow, clean: Components, u: Times, k: Kernel, epsilon: Components
) -> tuple[Components, Components]:
    """x - c_skip X and x - D of one noisy state."""
    noisy = k.alpha[..., None] * clean + k.sigma[..., None] * epsilon
    noisy = noisy.masked_fill(~flow.mask[..., None], 0)
    return clean - k.c_skip[..., None] * noisy, clean - denoise(noisy, u).double()


def _by_place(
    gain: Float[Tensor, "batch places"],
    project: Projection,
    flow: Flow,
    clean: Components,
    gaussian: PerComponent,
) -> Float[Tensor, "batch places"]:
    """Bound by place: gain and squares at their places, normalising constants spread evenly."""
    white = clean / torch.where(flow.mask, flow.variance, 1.0).sqrt()[..., None]
    squares = project(white).square().sum(-1)
    constant = gaussian.sum(1) + 0.5 * squares.sum(1)
    present = _places(project, flow.mask)
    share = constant[:, None] * present / present.sum(1, keepdim=True)
    return gain - 0.5 * squares + share


def _places(
    project: Projection, mask: Bool[Tensor, "batch components"]
) -> Float[Tensor, "batch places"]:
    """Places that any component reaches, as 0 or 1."""
    generator = torch.Generator().manual_seed(0)
    probe = torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64)
    reached = project(probe.masked_fill(~mask[..., None], 0)).abs().sum(-1)
    return (reached > 1e-9).double()
