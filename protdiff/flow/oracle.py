"""Exact denoisers on the same protocol as the network: every sampler is proved on these first."""

import torch

__all__ = ["empirical_oracle", "gaussian_oracle", "mixture_oracle"]


def gaussian_oracle(flow, variance=None):
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
    """
    variance = flow.variance if variance is None else variance

    def denoise(x, u):
        k = flow.kernel(u)
        return (k.alpha * variance / (k.alpha**2 * variance + k.sigma**2))[..., None] * x

    return denoise


def mixture_oracle(flow, means, variance=None):
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
    variance = flow.variance if variance is None else variance

    def denoise(x, u):
        k = flow.kernel(u)
        total = k.alpha**2 * variance + k.sigma**2
        total = torch.where(flow.mask, total, 1.0)
        gap = x[:, None] - k.alpha[:, None, :, None] * means  # (B, K, D, 3)
        energy = (gap.square() / total[:, None, :, None]).flatten(2).sum(-1)
        weight = torch.softmax(-energy / 2, 1)[..., None, None]
        shrink = (k.alpha * variance / total)[:, None, :, None]
        return (weight * (means + shrink * gap)).sum(1)

    return denoise


def empirical_oracle(flow, points):
    """Exact denoiser of a finite set of points (K, D, 3): what a network that memorises learns."""
    return mixture_oracle(flow, points, torch.zeros_like(flow.variance))
