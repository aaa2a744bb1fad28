"""Sampling times fitted to a flow by closed forms, without a network (docs/theory.md 3.5)."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import torch

from .sampler_error import sampler_error
from .samplers import ode_2m
from .times import uniform_times

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow
    from .sampler_error import Sampler

__all__ = ["fit_schedule", "perturbed_spectra"]


def perturbed_spectra(
    flow: Flow, count: int = 3, spread: float = 0.3, knots: int = 5, seed: int = 0
) -> Float[Tensor, "{count} components"]:
    """Variances of the data, changed smoothly along ln k.

    Parameters
    ----------
    flow : Flow
        One chain.
    count : int
    spread : float
        Standard deviation of the change of ln λ at every knot.
    knots : int
        Equally spaced in ln k, between them the change is linear.
    seed : int
    """
    generator = torch.Generator().manual_seed(seed)
    heights = spread * torch.randn(count, knots, generator=generator, dtype=torch.float64)
    order = flow.momenta[0].log()
    real = order[flow.mask[0]]
    place = ((order - real.min()) / (real.max() - real.min()).clamp_min(1e-9)).clamp(0, 1)
    place = place * (knots - 1)
    below = place.floor().long().clamp(max=knots - 2)
    share = place - below
    change = (1 - share) * heights[:, below] + share * heights[:, below + 1]
    return flow.variance * change.exp()


def fit_schedule(
    flow: Flow,
    calls: int,
    sampler: Sampler = ode_2m,
    *,
    variances: Float[Tensor, "spectra components"] | None = None,
    iterations: int = 60,
    last: float = 0.0,
    **options: Any,
) -> Float[Tensor, "{calls}"]:
    """Times that minimise the sampler's exact error on Gaussian data.

    Quasi-Newton descent on the logarithms of the increments of u, which start equal, with
    gradients through the sampler. The error is a mean over several spectra, because part of the
    gain on a single one is a cancellation of errors that another spectrum would not have.

    Parameters
    ----------
    flow : Flow
        One chain.
    calls : int
        Times of the grid, at least 2.
    sampler : callable
        One of `protdiff.flow.SAMPLERS`, with its `options`.
    variances : Tensor, shape (S, D), optional
        Spectra of the data; the flow's own and three `perturbed_spectra` by default.
    iterations : int
        Of the descent, at most.
    last : float
        Last time.

    Returns
    -------
    Tensor, shape (calls,)
        From 1 to `last`, falling.
    """
    if len(flow.mask) != 1:
        raise ValueError(f"fit_schedule takes one chain, not {len(flow.mask)}")
    if calls < 2:
        raise ValueError(f"a grid needs at least 2 times, not {calls}")
    if variances is None:
        variances = torch.cat([flow.variance, perturbed_spectra(flow)])
    spectra = variances
    rows = torch.zeros(len(spectra), dtype=torch.long)

    def grid(logits: Tensor) -> Tensor:
        falls = torch.cumsum(torch.softmax(logits, 0), 0)
        return 1 - (1 - last) * torch.cat([falls.new_zeros(1), falls[:-1], falls.new_ones(1)])

    def error(times: Tensor) -> Tensor:
        return sampler_error(sampler, flow[rows], times, spectra, **options).sum(1).mean()

    logits = torch.zeros(calls - 1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [logits], max_iter=iterations, history_size=20, line_search_fn="strong_wolfe",
        tolerance_grad=1e-7, tolerance_change=1e-10,
    )  # fmt: skip

    def closure() -> Tensor:
        search.zero_grad()
        value = error(grid(logits)).log()
        value.backward()
        return value

    search.step(closure)
    with torch.no_grad():
        times = grid(logits)
        even = 1 - (1 - last) * (1 - uniform_times(calls))
        fitted = float(error(times).log())
        return times if fitted < log(float(error(even))) else even
