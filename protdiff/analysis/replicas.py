"""Replicas: structures drawn from one noised real chain, a calibration of trained weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .chain_batches import chain_batches, mean_period, noise_source
from .clone_folds import share_of_fold
from .clone_potential import ClonePotential, clone_potential

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from ..network import Denoiser
    from ..structure.backbone import Backbone
    from .chain_batches import ChainBatch, NoiseSource

    PerChain = Float64[Tensor, " chains"]

__all__ = ["ReplicaDistances", "measure_replicas"]


@dataclass(frozen=True)
class ReplicaDistances:
    """What replicas that branch at one time of the flow have in common.

    Attributes
    ----------
    u : float
        Time of the noised chain.
    period : float or None
        Period 2π/Λ of the cut-off there, residues; None for flows without a cut-off.
    between, to_truth : float
        Rms distance per residue (Å) between replicas, and to the real chain.
    gap, gap_error : float
        between² / to_truth² - 1, and its standard error over chains. It is 0 for a calibrated
        denoiser: real chain and replicas are then draws from one posterior.
    decided : float
        1 - between² / (2 Rg²), with the mean Rg² of the real chains: how much of the structure, its
        orientation included, two runs of the network from one state have in common. 0 where they
        are independent, 1 where they are equal. A Gaussian chain has 1 - Στ/Σλ.
    same_fold, same_fold_error : float
        Cloning curve φ: share of pairs of replicas with a TM-score of at least 0.5 (residue by
        residue), and its standard error over chains.
    potential : ClonePotential
        Franz-Parisi potential.
    """

    u: float
    period: float | None
    between: float
    to_truth: float
    gap: float
    gap_error: float
    decided: float
    same_fold: float
    same_fold_error: float
    potential: ClonePotential


class Replicas(NamedTuple):
    """Of the chains of a batch: squared distances per residue (Å²), and shares of pairs."""

    pairs: Float64[Tensor, "pairs chains"]
    to_truth: Float64[Tensor, "replicas chains"]
    same_fold: PerChain


def measure_replicas(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    times: Sequence[float],
    *,
    replicas: int = 2,
    steps: int = 25,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> list[ReplicaDistances]:
    """Noise real chains, draw structures from each, and compare them.

    Parameters
    ----------
    denoiser : Denoiser
    chains : sequence of Backbone
        Whole, unbroken, with all backbone atoms; lengths may differ.
    times : sequence of float
        Times u, from 0 (data) to 1 (noise), at which the replicas branch.
    replicas : int
        Structures that are drawn from each noised chain, at least 2.
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

    if replicas < 2:
        raise ValueError(f"`replicas` {replicas}: must be at least 2")
    batches, (noise, _) = chain_batches(denoiser, chains), noise_source(seed)
    size = float(torch.cat([_squared_size(batch) for batch in batches]).mean())
    rows: list[ReplicaDistances] = []
    with flush_denormals(), torch.inference_mode():
        for u in times:
            parts = [_draw(batch, u, noise, replicas, steps) for batch in batches]
            found = Replicas(*(torch.cat(part, -1) for part in zip(*parts, strict=True)))
            rows.append(_row(batches, u, found, size))
            if advance is not None:
                advance(1)
    return rows


def _row(batches: Sequence[ChainBatch], u: float, found: Replicas, size: float) -> ReplicaDistances:
    """Means over chains, and their errors."""
    between, truth = found.pairs.mean(0), found.to_truth.mean(0)
    gap = float(between.mean() / truth.mean() - 1)
    root = len(truth) ** 0.5
    # Standard error of a ratio of means over chains.
    error = (between - (1 + gap) * truth).std() / truth.mean() / root
    return ReplicaDistances(
        u=u,
        period=mean_period(batches, u),
        between=float(between.mean().sqrt()),
        to_truth=float(truth.mean().sqrt()),
        gap=gap,
        gap_error=float(error),
        decided=float(1 - between.mean() / (2 * size)),
        same_fold=float(found.same_fold.mean()),
        same_fold_error=float(found.same_fold.std() / root),
        potential=clone_potential(batches, u, found.pairs, found.to_truth),
    )


def _squared_size(batch: ChainBatch) -> PerChain:
    """Squared radius of gyration (Å²) of the real chains."""
    trace = batch.clean[:, : batch.clean.shape[1] // 2]
    return trace.square().sum((1, 2)) / batch.residues


def _draw(batch: ChainBatch, u: float, noise: NoiseSource, replicas: int, steps: int) -> Replicas:
    """Replicas of every chain, compared."""
    import torch

    from ..flow import to_coords
    from ..flow.clones import clone
    from ..flow.potential import pair_distances
    from ..flow.samplers import sde_2m

    flow, denoise, clean, residues = batch
    size = clean.shape[1] // 2
    ends = clone(
        denoise, flow, clean, u, lambda: noise(clean), count=replicas, steps=steps, sampler=sde_2m
    )[:, :, :size]
    to_truth = (ends - clean[:, :size]).square().sum((2, 3)) / residues
    lengths = [int(n) for n in residues]
    traces = torch.stack([to_coords(modes, lengths) for modes in ends])
    return Replicas(
        pair_distances(ends).sum(-1) / residues,
        to_truth,
        share_of_fold(traces, lengths),
    )
