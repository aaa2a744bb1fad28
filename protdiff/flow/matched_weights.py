"""Weights with which a multistep sampler keeps the variance of a Gaussian chain."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from .walk import step_kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor

    from .process import Flow, PerComponent

__all__ = ["matched_weights"]

#: Largest weight of the last difference of estimates.
MAX_WEIGHT = 0.6


def matched_weights(
    flow: Flow, times: Float[Tensor, "times"], variance: PerComponent
) -> Iterator[PerComponent]:
    """Weights of the last difference of estimates in the sampler `matched`.

    They follow the sampler on a Gaussian chain, whose exact estimate is ``D = c_skip X``
    (docs/theory.md 3.2).

    Parameters
    ----------
    flow : Flow
    times : Tensor, shape (T,)
        Falling.
    variance : Tensor, shape (B, D)
        Of the state at the first time.

    Yields
    ------
    Tensor, shape (B, D)
        For every step but the first.
    """
    batch, weight = len(flow.mask), torch.zeros_like(variance)
    before = shared = torch.zeros_like(variance)  # Var D_previous and Cov(X, D_previous)
    for index, (u, s) in enumerate(pairwise(times)):
        at_u, at_s, h = step_kernels(flow, u.expand(batch), s.expand(batch))
        shrink, skip = -torch.expm1(-2 * h[..., 0]), at_u.c_skip
        gain, width = at_s.alpha * shrink, at_s.sigma**2 * shrink
        slope = at_s.sigma / at_u.sigma * torch.exp(-h[..., 0]) + gain * skip
        if index:
            # Var X_s = slope² Var X + width + 2 w linear + w² square, to be the chain's variance.
            linear = slope * gain * (skip * variance - shared)
            square = gain**2 * (skip**2 * variance - 2 * skip * shared + before).clamp_min(0)
            lacking = (at_s.total - slope**2 * variance - width).clamp_min(0)
            root = linear + (linear**2 + square * lacking).sqrt()
            moves = root > 1e-12 * at_s.total
            weight = torch.where(moves, lacking / torch.where(moves, root, 1.0), 0.0)
            weight = weight.clamp_max(MAX_WEIGHT)
            yield weight
        # X_s as a linear function of X and of D_previous.
        on_state, on_previous = slope + weight * gain * skip, -weight * gain
        shared, variance, before = (
            skip * (on_state * variance + on_previous * shared),
            on_state**2 * variance
            + 2 * on_state * on_previous * shared
            + on_previous**2 * before
            + width,
            skip**2 * variance,
        )
