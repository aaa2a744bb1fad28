"""Exact denoisers on the network's protocol, on which samplers and likelihoods are tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, PerComponent, Times

__all__ = ["correlated_oracle", "empirical_oracle", "gaussian_oracle", "mixture_oracle"]


def gaussian_oracle(flow: Flow, variance: PerComponent | None = None) -> Denoise:
    """Exact denoiser of Gaussian data with independent components.

    Parameters
    ----------
    flow : Flow
    variance : Tensor, shape (B, D), optional
        Variance of the data; the flow's λ by default.

    Returns
    -------
    callable
        ``denoise(x, u) = α λ x / (α² λ + σ²)`` (docs/theory.md 1.4).

    Examples
    --------
    >>> import torch, protdiff
    >>> from protdiff.flow import gaussian_oracle
    >>> denoise = gaussian_oracle(protdiff.flows.get("rg", length=20))
    >>> denoise(torch.ones(1, 40, 3), torch.tensor([0.5])).shape
    torch.Size([1, 40, 3])
    """
    spread = flow.variance if variance is None else variance

    def denoise(x: Components, u: Times) -> Components:
        k = flow.kernel(u)
        return (k.alpha * spread / (k.alpha**2 * spread + k.sigma**2))[..., None] * x

    return denoise


def correlated_oracle(
    flow: Flow, covariance: Float[Tensor, "batch components components"]
) -> Denoise:
    """Exact denoiser of Gaussian data whose components are correlated.

    Parameters
    ----------
    flow : Flow
    covariance : Tensor, shape (B, D, D)
        Of the data, per coordinate; rows and columns of masked components are ignored.

    Returns
    -------
    callable
        ``denoise(x, u) = C A (A C A + Σ)⁻¹ x`` with A = diag(α), Σ = diag(σ²).
    """
    real = flow.mask[:, :, None] & flow.mask[:, None]
    covariance = covariance.masked_fill(~real, 0)

    def denoise(x: Components, u: Times) -> Components:
        k = flow.kernel(u)
        forward = k.alpha[:, :, None] * covariance
        total = forward * k.alpha[:, None] + torch.diag_embed(k.sigma.square())
        return forward.mT @ torch.linalg.solve(total, x.to(total.dtype))

    return denoise


def mixture_oracle(
    flow: Flow, means: Float[Tensor, "means components 3"], variance: PerComponent | None = None
) -> Denoise:
    """Exact denoiser of a mixture of Gaussians of equal weight.

    Parameters
    ----------
    flow : Flow
    means : Tensor, shape (K, D, 3)
    variance : Tensor, shape (B, D), optional
        Variance within a Gaussian, per coordinate; the flow's λ by default.

    Returns
    -------
    callable
    """
    spread = flow.variance if variance is None else variance

    def denoise(x: Components, u: Times) -> Components:
        k = flow.kernel(u)
        total = k.alpha**2 * spread + k.sigma**2
        total = torch.where(flow.mask, total, 1.0)
        gap = x[:, None] - k.alpha[:, None, :, None] * means  # (B, K, D, 3)
        energy = (gap.square() / total[:, None, :, None]).flatten(2).sum(-1)
        weight = torch.softmax(-energy / 2, 1)[..., None, None]
        shrink = (k.alpha * spread / total)[:, None, :, None]
        return (weight * (means + shrink * gap)).sum(1)

    return denoise


def empirical_oracle(flow: Flow, points: Float[Tensor, "points components 3"]) -> Denoise:
    """Exact denoiser of a finite set of points: what a network that memorises learns."""
    return mixture_oracle(flow, points, torch.zeros_like(flow.variance))
