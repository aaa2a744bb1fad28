"""Three forms of one denoiser: clean estimate D, noise ε* and score s (docs/theory.md 1.4).

They are the same knowledge, by Tweedie's formula, component by component:

    ε* = E[ε | X] = (X - α D) / σ,    s = ∇ ln p_u = -ε* / σ,    D = (X - σ ε*) / α.

So a network that was trained to predict noise or a score walks through every sampler of this
package, and the one of this package answers in their terms. Noise that is coloured, as RGDM's
network predicts it, is σ ε*: divided by σ² it is the score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Components, Denoise, Flow, Times

    #: ``predict(x, u)``: noise or score of noisy components x at times u, in their shape.
    Predict = Callable[[Components, Times], Components]

__all__ = ["denoiser_from_noise", "denoiser_from_score", "noise_predictor", "score_function"]


def noise_predictor(denoise: Denoise, flow: Flow) -> Predict:
    """Noise predictor ε* = E[ε | X] of a denoiser.

    Parameters
    ----------
    denoise : callable
        ``denoise(x, u)``, such as `Denoiser.bind` or an oracle gives it.
    flow : Flow
        The flow of `denoise`.

    Returns
    -------
    callable
        ``predict(x, u)``, shape (B, D, 3), float64, without a unit; zero where masked. ε has
        variance 1 per coordinate in every component, whatever the prior's.

    Notes
    -----
    The explicit noise predictor of Yun (arXiv 2507.04203) is this identity.

    Examples
    --------
    >>> import torch, protdiff
    >>> from protdiff.flow import gaussian_oracle, noise_predictor
    >>> flow = protdiff.flows.get("rg", length=20)
    >>> predict = noise_predictor(gaussian_oracle(flow), flow)
    >>> predict(torch.ones(1, 40, 3), torch.tensor([0.5])).shape
    torch.Size([1, 40, 3])
    """

    def predict(x: Components, u: Times) -> Components:
        k = flow.kernel(u)
        noise = (x - k.alpha[..., None] * denoise(x, u)) / k.sigma[..., None]
        return noise.masked_fill(~flow.mask[..., None], 0)

    return predict


def score_function(denoise: Denoise, flow: Flow) -> Predict:
    """Score s = ∇ ln p_u of a denoiser, in 1/Å for modes; otherwise as `noise_predictor`.

    Examples
    --------
    >>> import torch, protdiff
    >>> from protdiff.flow import gaussian_oracle, score_function
    >>> flow = protdiff.flows.get("rg", length=20)
    >>> x, u = torch.ones(1, 40, 3), torch.tensor([0.5])
    >>> score = score_function(gaussian_oracle(flow), flow)(x, u)[0, 1, 0]
    >>> round(float(score * flow.kernel(u).total[0, 1]), 6)
    -1.0
    """
    predict = noise_predictor(denoise, flow)

    def score(x: Components, u: Times) -> Components:
        return -predict(x, u) / flow.kernel(u).sigma[..., None]

    return score


def denoiser_from_noise(predict: Predict, flow: Flow) -> Denoise:
    """Denoiser of a noise predictor: the inverse of `noise_predictor`.

    Where hardly any signal is left, α D is a small difference of large numbers, and so D is known
    as well as the noise times σ/α.

    Examples
    --------
    >>> import torch, protdiff
    >>> from protdiff.flow import denoiser_from_noise, matched, uniform_times
    >>> flow = protdiff.flows.get("rg", length=20)
    >>> def predict(x, u):  # the noise of a Gaussian chain
    ...     k = flow.kernel(u)
    ...     return (k.sigma / k.total)[..., None] * x
    >>> normal = lambda: torch.randn(1, 40, 3, dtype=torch.float64)
    >>> matched(denoiser_from_noise(predict, flow), flow, uniform_times(5), normal).shape
    torch.Size([1, 40, 3])
    """

    def denoise(x: Components, u: Times) -> Components:
        k = flow.kernel(u)
        clean = (x - k.sigma[..., None] * predict(x, u)) / k.alpha[..., None]
        return clean.masked_fill(~flow.mask[..., None], 0)

    return denoise


def denoiser_from_score(score: Predict, flow: Flow) -> Denoise:
    """Denoiser of a score, D = (X + σ² s) / α: the inverse of `score_function`."""
    return denoiser_from_noise(lambda x, u: -flow.kernel(u).sigma[..., None] * score(x, u), flow)
