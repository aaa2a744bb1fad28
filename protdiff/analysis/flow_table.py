"""What a flow resolves at each step of a sampler, and what the steps cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from ..flow import ChainFlow

__all__ = ["FlowRow", "PriorSize", "flow_table", "prior_sizes"]


@dataclass(frozen=True)
class FlowRow:
    """A flow at one time.

    Attributes
    ----------
    u : float
    half_resolved : float or None
        Shortest period (residues) of the modes that are more signal than noise; None if all are
        mostly noise.
    modes, all_modes : int
        Modes above the noise floor, which the network is shown, and modes in all.
    beads : int
        Beads that the network is shown.
    slowest, fastest : float
        Share of signal in the variance of the slowest component, and of the fastest: the links,
        if the flow has them.
    """

    u: float
    half_resolved: float | None
    modes: int
    all_modes: int
    beads: int
    slowest: float
    fastest: float


@dataclass(frozen=True)
class PriorSize:
    """Size of the chains that a law of the modes draws: rms bond and radius of gyration, Å."""

    name: str
    bond: float
    rg: float


def flow_table(recipe: ChainFlow, length: int, times: Float64[Tensor, "times"]) -> list[FlowRow]:
    """What a flow resolves at each time.

    Parameters
    ----------
    recipe : ChainFlow
    length : int
        Residues.
    times : Tensor, shape (times,)
        Times u, from 1 (prior) to 0 (data).

    Examples
    --------
    >>> from protdiff import flows
    >>> from protdiff.flow import uniform_times
    >>> first, *_, last = flow_table(flows.recipe("rg"), 64, uniform_times(10))
    >>> first.beads < last.beads, round(last.slowest, 3)
    (True, 1.0)
    """
    from ..flow.resolution import half_resolved, signal_share
    from ..network.decimation import bead_count
    from ..network.parametrisation import active_modes

    flow = recipe([length])
    decimated = recipe.schedule == "rg" and recipe.basis == "cosine"
    real = flow.mask[0, :length].nonzero()[:, 0]
    ordered = real[flow.momenta[0, real].argsort()]
    fastest = length if bool(flow.mask[0, length:].any()) else int(ordered[-1])
    rows: list[FlowRow] = []
    for u in times:
        signal = signal_share(flow, u[None])[0]
        period = float(half_resolved(flow, u[None]))
        active = active_modes(flow.kernel(u[None]).alpha, flow.mask)[0]
        modes, links = int(active[:length].sum()), bool(active[length:].any())
        rows.append(
            FlowRow(
                u=float(u),
                half_resolved=period if np.isfinite(period) else None,
                modes=modes,
                all_modes=len(real),
                beads=bead_count(modes + 1, length) if decimated and not links else length,
                slowest=float(signal[ordered[0]]),
                fastest=float(signal[fastest]),
            )
        )
    return rows


def prior_sizes(recipe: ChainFlow, length: int) -> list[PriorSize]:
    """Sizes of chains from the prior of a flow, beside those of real chains and other priors.

    Empty for flows whose components are no modes of the whole chain, or that have no prior.
    """
    from ..flow import bond_and_rg, calibrated_prior, chain_momenta, free_field
    from ..flow.reference_spectrum import real_spectrum

    flow = recipe([length])
    if not flow.preserving or recipe.basis not in ("cosine", "laplacian"):
        return []
    variances = {
        "of this flow": flow.prior[0, 1:length],
        "real chains": real_spectrum()([length])[0, 1:],
        "calibrated": calibrated_prior([length])[0, 1:],
        # Over k, not over the flow's own momenta, which may be others for the same modes.
        "RGDM": free_field(chain_momenta([length])[0][0, 1:]),
    }
    return [PriorSize(name, *bond_and_rg(v, length)) for name, v in variances.items()]
