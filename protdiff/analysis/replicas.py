"""Replicas: two structures drawn from one noised real chain, a calibration of trained weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .chain_batches import chain_batches, mean_period, noise_source

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from ..network import Denoiser
    from ..structure.backbone import Backbone
    from .chain_batches import ChainBatch, NoiseSource

__all__ = ["ReplicaDistances", "measure_replicas"]


@dataclass(frozen=True)
class ReplicaDistances:
    """Distances of replicas that branch at one time of the flow.

    Attributes
    ----------
    u : float
        Time of the noised chain.
    period : float or None
        Period 2π/Λ of the cut-off there, residues; None for flows without a cut-off.
    between, to_truth : float
        Rms distance per residue (Å) between the two replicas, and to the real chain.
    gap, gap_error : float
        between² / to_truth² - 1, and its standard error over chains. It is 0 for a calibrated
        denoiser: real chain and replicas are then draws from one posterior.
    decided : float
        1 - between² / (2 Rg²), with the mean Rg² of the real chains: how much of the structure, its
        orientation included, two runs of the network from one state have in common. 0 where they
        are independent, 1 where they are equal. A Gaussian chain has 1 - Στ/Σλ.
    """

    u: float
    period: float | None
    between: float
    to_truth: float
    gap: float
    gap_error: float
    decided: float


def measure_replicas(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    times: Sequence[float],
    *,
    steps: int = 25,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> list[ReplicaDistances]:
    """Noise real chains, draw two structures from each, and compare the three.

    Parameters
    ----------
    denoiser : Denoiser
    chains : sequence of Backbone
        Whole, unbroken, with all backbone atoms; lengths may differ.
    times : sequence of float
        Times u, from 0 (data) to 1 (noise), at which the replicas branch.
    steps : int
        Network calls per replica.
    seed : int
    advance : callable, optional
        Called with 1 for each time.

    Returns
    -------
    list of ReplicaDistances

    Examples
    --------
    >>> from protdiff.network.weights import load_weights
    >>> rows = measure_replicas(load_weights(), chains, [0.25, 0.5])  # doctest: +SKIP
    >>> rows[0].gap  # doctest: +SKIP
    0.03
    """
    import torch

    from ..network.numerics import flush_denormals

    batches, (noise, _) = chain_batches(denoiser, chains), noise_source(seed)
    size = torch.cat([_squared_size(batch) for batch in batches]).mean()
    rows: list[ReplicaDistances] = []
    with flush_denormals(), torch.inference_mode():
        for u in times:
            parts = [_squared_distances(batch, u, noise, steps) for batch in batches]
            between, truth = torch.cat(parts, 1)
            gap = float(between.mean() / truth.mean() - 1)
            # Standard error of a ratio of means over chains.
            error = (between - (1 + gap) * truth).std() / truth.mean() / len(truth) ** 0.5
            rows.append(
                ReplicaDistances(
                    u=u,
                    period=mean_period(batches, u),
                    between=float(between.mean().sqrt()),
                    to_truth=float(truth.mean().sqrt()),
                    gap=gap,
                    gap_error=float(error),
                    decided=float(1 - between.mean() / (2 * size)),
                )
            )
            if advance is not None:
                advance(1)
    return rows


def _squared_size(batch: ChainBatch) -> Float64[Tensor, "chains"]:
    """Squared radius of gyration (Å²) of the real chains."""
    trace = batch.clean[:, : batch.clean.shape[1] // 2]
    return trace.square().sum((1, 2)) / batch.residues


def _squared_distances(
    batch: ChainBatch, u: float, noise: NoiseSource, steps: int
) -> Float64[Tensor, "2 chains"]:
    """Mean squared distance per residue (Å²) between replicas, and to the real chain."""
    import torch

    from ..flow.samplers import sde_2m
    from ..flow.thermodynamics import replica_distances

    flow, denoise, clean, residues = batch
    size = clean.shape[1] // 2
    distances = replica_distances(
        denoise, flow, clean, u, lambda: noise(clean), steps=steps, sampler=sde_2m
    )
    return torch.stack([squared[:, :size].sum(1) / residues for squared in distances])
