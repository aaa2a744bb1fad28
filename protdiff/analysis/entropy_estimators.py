"""Estimates of entropy production on batches of real chains (docs/theory.md 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float64
    from torch import Tensor

    from .chain_batches import ChainBatch, NoiseSource

__all__ = ["distance_from_prior", "entropy_production", "loss_of_step"]

#: Runge-Kutta steps of the probability flow.
FLOW_STEPS = 24
#: Change of the half log-SNR in a step under which a component counts as standing still.
MIN_CHANGE = 1e-9


def entropy_production(
    batch: ChainBatch, noise: NoiseSource, times: Float64[Tensor, "repeats chains"]
) -> Float64[Tensor, "chains"]:
    """Nats per residue and unit of u, mean over times."""
    import torch

    from ..flow.thermodynamics import entropy_production_rate

    flow, denoise, clean, residues = batch
    total, moment = torch.zeros_like(residues), clean.square().sum(-1)
    for u in times:
        k, noisy = flow.kernel(u), flow.noise(clean, u, noise(clean))
        error = (clean - denoise(noisy, u)).square().sum(-1)
        # The Gaussian chain's error, known exactly, takes out most of the noise.
        error = error - (clean - k.c_skip[..., None] * noisy).square().sum(-1)
        error = error + (1 - k.alpha * k.c_skip).square() * moment + 3 * (k.c_skip * k.sigma) ** 2
        total = total + entropy_production_rate(flow, u, error, moment).sum(1)
    return total / len(times) / residues


def loss_of_step(
    batch: ChainBatch, noise: NoiseSource, s: float, u: float, repeats: int
) -> Float64[Tensor, "chains"]:
    """One step of the ancestral sampler from time u to s, on states of the forward process.

    Divergence per residue of its law from the forward process's, given the chain.
    """
    import torch

    flow, denoise, clean, residues = batch
    earlier, later = batch.at(s), batch.at(u)
    kernel = flow.kernel(earlier)
    h = (flow.gamma(later) - flow.gamma(earlier)) / 2
    moves = flow.mask & (h > MIN_CHANGE)
    gain = -torch.expm1(-2 * h)
    width = torch.where(moves, kernel.sigma.square() * gain, 1.0)
    scale = torch.where(moves, kernel.alpha * gain / width.sqrt(), 0.0)[..., None]
    loss = torch.zeros_like(residues)
    for _ in range(repeats):
        noisy = flow.noise(clean, later, noise(clean))
        gap = scale * (clean - denoise(noisy, later))
        loss = loss + 0.5 * gap.square().sum((1, 2)) / repeats
    return loss / residues


def distance_from_prior(
    batch: ChainBatch, noise: NoiseSource, generator: torch.Generator
) -> Float64[Tensor, "chains"]:
    """ln p - ln prior per residue of data at u = 0, by the probability flow."""
    import torch

    from ..flow.likelihood import gaussian_log_density, ode_log_density

    flow, denoise, clean, residues = batch
    state = flow.noise(clean, batch.at(0), noise(clean))
    times = torch.linspace(1, 0, FLOW_STEPS + 1, dtype=torch.float64)
    density = ode_log_density(denoise, flow, state, times, generator=generator)
    return (density - gaussian_log_density(state, flow.prior, flow.mask).sum(1)) / residues
