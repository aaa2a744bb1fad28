"""Exact conditioning of a Gaussian on linear observations, some of them up to a free shift.

The law of the clean data given the noisy state is taken as N(D, C), C diagonal: exact for Gaussian
data, a guide for a network (docs/concepts/conditions.md). With observations ``y = P x + noise``

    K = C Pᵀ (P C Pᵀ + Y)⁻¹,   D_y = D + K (y - P D),   C_y = C - K P C.

An observation may be known up to an unknown shift ``F s`` (the place of a rigid group): the shift
is integrated out with a flat prior, which replaces S⁻¹, S = P C Pᵀ + Y, by
``W = S⁻¹ - S⁻¹ F (Fᵀ S⁻¹ F)⁻¹ Fᵀ S⁻¹``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    Variances = Float[Tensor, "components"]
    Rows = Float[Tensor, "observations components"]
    Estimate = Float[Tensor, "*batch components 3"]
    Values = Float[Tensor, "*batch observations 3"]
    Precision = Float[Tensor, "observations observations"]

__all__ = ["conditional_draw", "conditional_mean", "observation_precision"]


def observation_precision(
    variance: Variances,
    rows: Rows,
    noise: Float[Tensor, "observations"],
    free: Float[Tensor, "observations shifts"] | None = None,
) -> Precision:
    """Precision matrix W of the observations.

    Parameters
    ----------
    variance : Tensor, shape (D,)
        Of the clean components, per coordinate.
    rows : Tensor, shape (M, D)
        P.
    noise : Tensor, shape (M,)
        Variance of every observation, positive.
    free : Tensor, shape (M, F), optional
        Directions in which the observed values may shift.

    Returns
    -------
    Tensor, shape (M, M)
    """
    covariance = (rows * variance) @ rows.mT + torch.diag(noise)
    precision = torch.cholesky_inverse(torch.linalg.cholesky(covariance))
    if free is None:
        return precision
    half = precision @ free
    return precision - half @ torch.linalg.solve(free.mT @ half, half.mT)


def conditional_mean(
    clean: Estimate, variance: Variances, rows: Rows, values: Values, precision: Precision
) -> Estimate:
    """D_y, the mean of the data given the observations.

    Parameters
    ----------
    clean : Tensor, shape (..., D, 3)
        Clean estimate, given the noisy state alone.
    variance, rows, precision
        See `observation_precision`, which gives the last.
    values : Tensor, shape (..., M, 3)
        Observed values.
    """
    gap = precision @ (values - rows @ clean)
    return clean + variance[:, None] * (rows.mT @ gap)


def conditional_draw(
    clean: Estimate,
    variance: Variances,
    rows: Rows,
    values: Values,
    noise: Float[Tensor, "observations"],
    precision: Precision,
    draw: Callable[[int], Float[Tensor, "*batch n 3"]],
) -> Estimate:
    """A draw from N(D_y, C_y) without a factorisation: the mean of a perturbed problem.

    Parameters
    ----------
    clean, variance, rows, values, precision
        As in `conditional_mean`.
    noise : Tensor, shape (M,)
        Variance of the observations.
    draw : callable
        ``draw(n)`` gives standard normal numbers (..., n, 3).
    """
    clean = clean + variance.sqrt()[:, None] * draw(len(variance))
    values = values + noise.sqrt()[:, None] * draw(len(noise))
    return conditional_mean(clean, variance, rows, values, precision)
