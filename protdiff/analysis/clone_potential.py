"""Franz-Parisi potential of a network's clones, beside that of the Gaussian chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float64
    from torch import Tensor

    from .chain_batches import ChainBatch

__all__ = ["ClonePotential", "clone_potential"]

#: Bins of the squared distance.
BINS = 10


@dataclass(frozen=True)
class ClonePotential:
    """V(q; u) = -ln P(q) at one time, q the squared distance per residue of two clones (Å²).

    Of the trace, without superposition; P is a density over pairs and chains (annealed, see
    `protdiff.flow.potential`). None stands for an empty bin, or for a density too small to compute.

    Attributes
    ----------
    q : list of float
        Middles of the bins.
    clones, clones_error : list of float or None
        Of pairs of clones; standard error over chains.
    truth : list of float or None
        Of clone and real chain: the same law if the network is calibrated.
    gaussian : list of float or None
        Of the Gaussian chain with the flow's variances, exactly.
    """

    q: list[float]
    clones: list[float | None]
    clones_error: list[float | None]
    truth: list[float | None]
    gaussian: list[float | None]


def clone_potential(
    batches: Sequence[ChainBatch],
    u: float,
    pairs: Float64[Tensor, "pairs chains"],
    to_truth: Float64[Tensor, "clones chains"],
) -> ClonePotential:
    """Potentials of squared distances per residue (Å²) between clones, and to the real chains."""
    import torch

    from ..flow.potential import gaussian_potential, posterior_variance, sampled_potential

    both = torch.cat([pairs.flatten(), to_truth.flatten()])
    low, high = float(both.min()), float(both.max())
    edges = torch.linspace(low, high + 1e-9 * (high - low + 1), BINS + 1, dtype=torch.float64)
    middles = (edges[1:] + edges[:-1]) / 2
    clones, error = sampled_potential(pairs, edges)
    truth, _ = sampled_potential(to_truth, edges)
    densities = []
    for batch in batches:
        size = batch.clean.shape[1] // 2
        tau = posterior_variance(batch.flow, u)[:, :size]
        for row, residues in zip(tau, batch.residues, strict=True):
            densities.append((-gaussian_potential(row / residues, middles)).exp())
    gaussian = -torch.stack(densities).mean(0).log()
    return ClonePotential(
        middles.tolist(), *(_finite(values) for values in (clones, error, truth, gaussian))
    )


def _finite(values: Tensor) -> list[float | None]:
    return [value if abs(value) < float("inf") else None for value in values.tolist()]
