"""Exact denoisers on the same protocol as the network: every sampler is proved on these first."""

__all__ = ["gaussian_oracle"]


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
