"""Grids of sampling times compared by the variational bound that their steps spend (theory 3.5).

A step of the ancestral sampler from u to s costs ½ (SNR_s - SNR_u) E|x - D(u)|² per component, and
infinitely many steps ½ ∫ E|x - D|² dSNR. The difference is what a grid loses by its steps, whatever
the network's own error is: E_D beside E_S of Wang, He & Tao (arXiv 2406.12839), for the first-order
sampler and mode by mode. The network's E|x - D|² is that of the Gaussian chain, which is known at
every time, times a measured ratio by band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .component_bands import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Float64, Int64
    from torch import Tensor

    from ..flow import Flow

    Grid = Float[Tensor, " times"]

__all__ = ["GRIDS", "ErrorRatios", "compare_grids", "grid_excess"]

#: Grids that are compared, and what they are.
GRIDS = {
    "equal": "equally spaced in u",
    "default": "of `sampling_times`",
    "fitted": "of `fit_schedule`: least error of ode_2m on Gaussian chains",
    "by bound": "densest where steps cost most in this bound",
}
#: Times of the integral.
FINE = 2001


class ErrorRatios(NamedTuple):
    """E|x - D|² of a network over that of the Gaussian chain.

    Attributes
    ----------
    times : Tensor, shape (T,)
        Rising.
    ratios : Tensor, shape (T, rows)
        By band, the links last.
    """

    times: Float64[Tensor, " times"]
    ratios: Float64[Tensor, "times rows"]

    def at(self, u: Grid, band: Int64[Tensor, " components"]) -> Float64[Tensor, "at components"]:
        """Ratios of components at any times, linear between the measured ones."""
        import numpy as np
        import torch

        columns = [
            torch.from_numpy(np.interp(u, self.times, self.ratios[:, row])) for row in range(ROWS)
        ]
        return torch.stack(columns, 1)[:, band.clamp_min(0)]


def _signal(flow: Flow, u: Grid) -> tuple[Float64[Tensor, "at components"], ...]:
    """SNR and Gaussian error 3τ of the components of one chain at times u; zero where masked."""
    import torch

    wide = flow[torch.zeros(len(u), dtype=torch.long)]
    k = wide.kernel(u)
    snr = (k.alpha / k.sigma).square().masked_fill(~wide.mask, 0)
    tau = (wide.variance * k.sigma**2 / k.total).masked_fill(~wide.mask, 0)
    return snr, 3 * tau


def grid_excess(
    flow: Flow, grid: Grid, ratios: ErrorRatios, band: Int64[Tensor, " components"]
) -> float:
    """Nats per chain that the steps of a grid lose against infinitely many.

    Parameters
    ----------
    flow : Flow
        Of one chain.
    grid : Tensor, shape (T,)
        Falling.
    ratios : ErrorRatios
    band : Tensor, shape (D,)
        Of `component_bands`, for this chain.
    """
    import torch

    fine = torch.linspace(float(grid[0]), float(grid[-1]), FINE, dtype=torch.float64)
    snr, error = _signal(flow, grid)
    error = error * ratios.at(grid, band)
    steps = 0.5 * ((snr[1:] - snr[:-1]) * error[:-1]).sum()
    fine_snr, _ = _signal(flow, fine)
    # 3τ dSNR = 3 d ln(1 + λ SNR), which is smooth where SNR is not.
    information = 1.5 * torch.log1p(flow.variance * fine_snr)
    ratio = ratios.at(fine, band)
    integral = (0.5 * (ratio[1:] + ratio[:-1]) * information.diff(dim=0)).sum()
    return float(steps - integral)


def best_grid(
    flow: Flow, count: int, last: float, ratios: ErrorRatios, band: Int64[Tensor, " components"]
) -> Grid:
    """Grid of density ∝ sqrt(-Σ SNR' (E|x - D|²)'), the best one for many steps."""
    import numpy as np
    import torch

    fine = torch.linspace(1, last, FINE, dtype=torch.float64)
    snr, error = _signal(flow, fine)
    error = error * ratios.at(fine, band)
    # Noise of the ratios can make an error rise towards data; such pieces cost nothing.
    cost = (snr.diff(dim=0) * -error.diff(dim=0)).sum(1).clamp_min(0).sqrt()
    amount = torch.cat([cost.new_zeros(1), torch.cumsum(cost + 1e-9 * cost.max(), 0)])
    wanted = torch.linspace(0, float(amount[-1]), count, dtype=torch.float64)
    return torch.from_numpy(np.interp(wanted, amount, fine))


def compare_grids(
    flow: Flow,
    calls: Sequence[int],
    ratios: ErrorRatios,
    band: Int64[Tensor, " components"],
) -> dict[str, dict[int, float]]:
    """`grid_excess` of every grid of `GRIDS` by number of calls, from u = 1 to one last time."""
    import torch

    from ..flow import fit_schedule, sampling_times

    found: dict[str, dict[int, float]] = {name: {} for name in GRIDS}
    for count in calls:
        default = sampling_times(flow, count)
        last = float(default[-1])
        with torch.inference_mode(mode=False):
            fitted = fit_schedule(flow, count, last=last)
        grids = (
            torch.linspace(1, last, count, dtype=torch.float64), default, fitted,
            best_grid(flow, count, last, ratios, band),
        )  # fmt: skip
        for name, grid in zip(GRIDS, grids, strict=True):
            found[name][count] = grid_excess(flow, grid, ratios, band)
    return found
