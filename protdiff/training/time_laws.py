"""Laws of the times at which a network is trained, other than uniform in the flow's own clock.

Every law is a density q(u) of the time u of each chain, kept on a grid: draws invert its integral,
and are divided by it where a loss is to be an unbiased integral over all times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import ConfigDict

from ..flow import VE, VP

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float64
    from torch import Tensor

    from ..flow import Flow

    Grid = Float64[Tensor, "chains cells"]

__all__ = ["TimeLaw", "draw_times"]

#: Cells of the grid of u.
CELLS = 500
#: EDM's σ_data, the standard deviation of its data: the unit of `mean`.
EDM_DATA = 0.5


@dataclass(frozen=True)
class TimeLaw:
    """How the times of training are drawn: the table ``[times]``.

    Parameters
    ----------
    law : str
        "clock": uniform in the flow's clock (ln Λ of RG flows, log-SNR of scalar ones). "time":
        uniform in u. "lognormal": ln σ of the noise is normal, EDM's law (arXiv 2206.00364).
        "debiased": density ∝ g²/σ², with which a likelihood loss has the least variance
        (arXiv 2106.02808).
    mean, std : float
        Of ln σ in the lognormal law, P_mean and P_std, in EDM's unit: σ_data, the rms of the data
        over components, counts as 0.5.
    truncation : float
        Time below which the density of the debiased law does not rise further; to 1/500.

    Raises
    ------
    ValueError
        For a number out of its range.
    """

    #: For pydantic, where this is part of a configuration.
    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid"}

    law: Literal["clock", "time", "lognormal", "debiased"] = "clock"
    mean: float = -1.2
    std: float = 1.2
    truncation: float = 2e-3

    def __post_init__(self) -> None:
        if not 0.05 <= self.std <= 10:
            raise ValueError(f"`std` {self.std:g}: must be 0.05 to 10")
        if not -10 <= self.mean <= 10:
            raise ValueError(f"`mean` {self.mean:g}: must be -10 to 10")
        if not 0 <= self.truncation <= 0.5:
            raise ValueError(f"`truncation` {self.truncation:g}: must be 0 to 0.5")


def draw_times(
    law: TimeLaw, flow: Flow, quantiles: Float64[Tensor, " chains"]
) -> tuple[Float64[Tensor, " chains"], Float64[Tensor, " chains"]]:
    """Times of chains at quantiles of a law, and its density there.

    Parameters
    ----------
    law : TimeLaw
    flow : Flow
        Of the chains, or of one that stands for all.
    quantiles : Tensor, shape (chains,)
        Between 0 and 1; uniform numbers give draws.

    Returns
    -------
    u, density : Tensor, shape (chains,)
        The density integrates to 1 over [0, 1] and is constant in each of `CELLS` cells.

    Examples
    --------
    >>> import torch
    >>> from protdiff import flows
    >>> flow = flows.get("ddpm", length=40)
    >>> u, q = draw_times(TimeLaw("debiased"), flow, torch.tensor([0.25, 0.75]).double())
    >>> bool(u[0] < 0.25 and q[0] > q[1])  # more often where little noise is left
    True
    """
    width = 1 / CELLS
    middle = (torch.arange(CELLS, dtype=torch.float64) + 0.5) * width
    shape = DENSITIES[law.law](law, flow, middle)
    mass = (shape / shape.sum(1, keepdim=True)).expand(len(quantiles), -1)
    upto = mass.cumsum(1)
    cell = torch.searchsorted(upto, quantiles[:, None]).clamp_max(CELLS - 1)
    inside = mass.gather(1, cell)
    below = upto.gather(1, cell) - inside
    share = ((quantiles[:, None] - below) / inside.clamp_min(1e-300)).clamp(0, 1)
    return ((cell + share) * width)[:, 0], (inside / width)[:, 0]


def _ends(flow: Flow, u: Float64[Tensor, " cells"]) -> tuple[Grid, Grid]:
    """Clock of every chain at both ends of each cell, the earlier one first."""
    shape, half = (len(u), len(flow.mask)), 0.5 / CELLS
    first, last = (flow.schedule.log_cutoff(end[:, None]) for end in (u - half, u + half))
    return first.expand(shape).mT, last.expand(shape).mT


def _clock(law: TimeLaw, flow: Flow, u: Float64[Tensor, " cells"]) -> Grid:
    first, last = _ends(flow, u)
    return first - last


def _time(law: TimeLaw, flow: Flow, u: Float64[Tensor, " cells"]) -> Grid:
    return torch.ones(len(flow.mask), len(u), dtype=torch.float64)


def _lognormal(law: TimeLaw, flow: Flow, u: Float64[Tensor, " cells"]) -> Grid:
    """Mass of the normal law of ln σ in each cell; σ is the noise over the prior's deviation."""
    if not isinstance(flow.schedule, (VE, VP)):
        raise ValueError("`law`: lognormal is for flows with one noise level, vp and ve")
    size = flow.mask.shape[1] // 2
    trace = flow.mask[:, :size]
    ratio = (flow.variance / flow.prior)[:, :size].masked_fill(~trace, 0).sum(1) / trace.sum(1)
    mean = law.mean + 0.5 * ratio.log() - log(EDM_DATA)

    # The clock of scalar schedules is -γ/4, and γ = 2 ln σ.
    first, last = (
        torch.special.ndtr((-2 * clock - mean[:, None]) / law.std) for clock in _ends(flow, u)
    )
    return last - first


def _debiased(law: TimeLaw, flow: Flow, u: Float64[Tensor, " cells"]) -> Grid:
    """Mean over components of g²/σ² = dγ/du."""
    edges = torch.linspace(0, 1, CELLS + 1, dtype=torch.float64)
    rise = [
        flow[torch.full((len(edges),), row)].gamma(edges)[:, mask].sum(1).diff()
        for row, mask in enumerate(flow.mask)
    ]
    shape = torch.stack(rise).clamp_min(0)
    first = min(int(law.truncation * CELLS), CELLS - 1)
    shape[:, :first] = shape[:, first : first + 1]
    return shape


#: Mass of every cell of the grid, up to a factor, by law.
DENSITIES: dict[str, Callable[[TimeLaw, Flow, Float64[Tensor, " cells"]], Grid]] = {
    "clock": _clock,
    "time": _time,
    "lognormal": _lognormal,
    "debiased": _debiased,
}
