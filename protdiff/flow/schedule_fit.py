"""Step positions that suit a flow, from closed forms alone: no network (docs/theory.md 3.5)."""

from math import log

import torch

from .sampler_error import sampler_error
from .samplers import ode_2m, uniform_times

__all__ = ["fit_schedule", "perturbed_spectra"]


def perturbed_spectra(flow, count=3, spread=0.3, knots=5, seed=0):
    """Variances of the data, changed smoothly along ln k; (count, D).

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


def fit_schedule(flow, calls, sampler=ode_2m, *, variances=None, iterations=60, **options):
    """Times that minimise the sampler's exact error on Gaussian data.

    Quasi-Newton descent on the logarithm of the increments of u, from equal ones, through the
    sampler itself. Part of what one spectrum gains is cancellation of errors on that spectrum,
    hence the mean error over several.

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

    Returns
    -------
    Tensor, shape (calls,)
        From 1 to 0, falling.
    """
    if len(flow.mask) != 1:
        raise ValueError(f"fit_schedule takes one chain, not {len(flow.mask)}")
    if calls < 2:
        raise ValueError(f"a grid needs at least 2 times, not {calls}")
    if variances is None:
        variances = torch.cat([flow.variance, perturbed_spectra(flow)])
    rows = torch.zeros(len(variances), dtype=torch.long)

    def grid(logits):
        falls = torch.cumsum(torch.softmax(logits, 0), 0)
        return 1 - torch.cat([falls.new_zeros(1), falls[:-1], falls.new_ones(1)])

    def error(times):
        return sampler_error(sampler, flow[rows], times, variances, **options).sum(1).mean()

    logits = torch.zeros(calls - 1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [logits], max_iter=iterations, history_size=20, line_search_fn="strong_wolfe",
        tolerance_grad=1e-7, tolerance_change=1e-10,
    )  # fmt: skip

    def closure():
        search.zero_grad()
        value = error(grid(logits)).log()
        value.backward()
        return value

    search.step(closure)
    with torch.no_grad():
        times = grid(logits)
        even = uniform_times(calls)
        found = float(error(times).log())
        return times if found < log(float(error(even))) else even
