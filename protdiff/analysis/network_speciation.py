"""When the trajectories of a network part: the largest eigenvalue of its Jacobian (theory 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .chain_batches import chain_batches, mean_period, noise_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..network import Denoiser
    from ..structure.backbone import Backbone

__all__ = ["NetworkSpeciation", "measure_speciation"]

#: Chains on whose paths the Jacobian is taken, at most, and products with it at every state. With
#: 12 the largest eigenvalue is within 0.01 of that of 20 where it passes -1/2.
CHAINS, PRODUCTS = 6, 12


@dataclass(frozen=True)
class NetworkSpeciation:
    """First times of the reverse process at which neighbouring trajectories part.

    Attributes
    ----------
    time, time_error : float or None
        Mean u over the chains at which the largest eigenvalue of c^½ ∇s c^½ passes -1/2 on the path
        of a noised real chain, and its standard error; None if it does for fewer than two.
    period : float or None
        Of the cut-off there, residues; None for flows without a cut-off.
    gaussian : float or None
        That of a Gaussian chain with the variances of the flow; None if it has none.
    chains, parting : int
        Chains that were looked at, and those of them that passed.
    times, eigenvalues : list of list of float
        For every chain: where it was looked for, from noise to data, and the eigenvalues.
    """

    time: float | None
    time_error: float | None
    period: float | None
    gaussian: float | None
    chains: int
    parting: int
    times: list[list[float]]
    eigenvalues: list[list[float]]


def measure_speciation(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    *,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> NetworkSpeciation:
    """Follow real chains from noise on, until neighbouring trajectories of the network part.

    Parameters
    ----------
    denoiser : Denoiser
    chains : sequence of Backbone
        Whole, unbroken, with all backbone atoms; at most six of them are taken, evenly spaced.
    seed : int
    advance : callable, optional
        Called with 1 at the end.
    """
    import numpy as np

    from ..flow.speciation import gaussian_speciation_time, path_speciation

    chosen = chains[:: max(1, -(-len(chains) // CHAINS))][:CHAINS]
    noise, generator = noise_source(seed)
    batches = [chain_batches(denoiser, [chain])[0] for chain in chosen]
    paths = [
        path_speciation(
            batch.denoise, batch.flow, batch.clean, noise(batch.clean),
            iterations=PRODUCTS, generator=generator,
        )
        for batch in batches
    ]  # fmt: skip
    found = [path.time for path in paths if path.time is not None]
    time = float(np.mean(found)) if len(found) > 1 else None
    gaussian = [gaussian_speciation_time(batch.flow) for batch in batches]
    known = [u for u in gaussian if u is not None]
    if advance is not None:
        advance(1)
    return NetworkSpeciation(
        time=time,
        time_error=float(np.std(found, ddof=1) / len(found) ** 0.5) if len(found) > 1 else None,
        period=None if time is None else mean_period(batches, time),
        gaussian=float(np.mean(known)) if len(known) == len(batches) else None,
        chains=len(batches),
        parting=len(found),
        times=[path.times for path in paths],
        eigenvalues=[path.eigenvalues for path in paths],
    )
