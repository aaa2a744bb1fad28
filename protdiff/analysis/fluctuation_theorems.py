"""Fluctuation theorems of a network on trajectories of real chains (docs/theory.md 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..flow.fluctuations import Entropies
    from .chain_batches import ChainBatch, NoiseSource

__all__ = ["Trajectories", "shell_entropies", "theorems_of"]

#: Steps per shell of the trajectories.
SUBSTEPS = 4


@dataclass(frozen=True)
class Trajectories:
    """Fluctuation theorems over whole trajectories and over shells (docs/theory.md 7).

    Attributes
    ----------
    mean, error, bias : float
        ⟨e^{-S}⟩ of the components' trajectories from data to noise, 1 for an exact denoiser; its
        standard error over chains; and what it changes when steps are halved in length.
    effective : float
        Effective number of samples of that mean. With less than some hundred it says nothing.
    entropy : float
        Mean S of a component, nats.
    slope, slope_error, slope_bias : float
        Crooks' slope of all shells, 1 for an exact denoiser; its standard error; and what it
        changes when steps are halved in length.
    """

    mean: float
    error: float
    bias: float
    effective: float
    entropy: float
    slope: float
    slope_error: float
    slope_bias: float


def shell_entropies(
    batches: Sequence[ChainBatch], noise: NoiseSource, edges: Sequence[float]
) -> Entropies:
    """Entropies of all chains by shell, on trajectories from data to noise."""
    import torch

    from ..flow.fluctuations import Entropies, trajectory_entropies

    parts = [
        trajectory_entropies(
            batch.denoise, batch.flow, batch.clean, edges,
            lambda like=batch.clean: noise(like), substeps=SUBSTEPS,
        )
        for batch in batches
    ]  # fmt: skip
    # Smaller batches are padded: what stands still has no entropy.
    size = max(part.data.shape[2] for part in parts)
    return Entropies(
        *(
            torch.cat([torch.nn.functional.pad(x, (0, size - x.shape[2])) for x in field], 1)
            for field in zip(*parts, strict=True)
        )
    )


def theorems_of(entropies: Entropies) -> Trajectories:
    """The theorems over whole trajectories, and Crooks' slope of all shells."""
    from ..flow.fluctuations import crooks_slope, integral_theorem

    whole = entropies.data.sum(0)
    theorem = integral_theorem(whole, entropies.coarse.sum(0))
    slope, slope_error = crooks_slope(entropies.data, entropies.equilibrium)
    coarse_slope, _ = crooks_slope(entropies.coarse, entropies.coarse_equilibrium)
    return Trajectories(
        *theorem,
        entropy=float(whole[whole != 0].mean()),
        slope=slope,
        slope_error=slope_error,
        slope_bias=slope - coarse_slope,
    )
