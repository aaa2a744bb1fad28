"""Conditions in the denoiser: every chain's estimate is corrected before the sampler sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .base import SampleCondition

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..flow import Flow

    Denoise = Callable[
        [Float[Tensor, "batch components 3"], Float[Tensor, " batch"]],
        Float[Tensor, "batch components 3"],
    ]

__all__ = ["WIDENING", "Widening", "conditioned", "second_pass", "second_pass_calls"]


@dataclass(frozen=True)
class Widening:
    """Conditions at time u are given the posterior variance of a noisier time, u + shift.

    A network errs by more than the Gaussian chain's variance where residues can be distinguished.
    With a larger variance, conditions spread what they correct over neighbours instead of breaking
    bonds. Chosen on three motif problems (bonds at junctions, clashes); with a larger shift, or one
    that acts at noisier times, chains swell. A shift of 0 is right for an exact denoiser.

    Parameters
    ----------
    shift : float
        Shift of the time at times up to `full_until`.
    full_until, none_from : float
        Between these two times the shift falls linearly to 0.
    """

    shift: float = 0.25
    full_until: float = 0.45
    none_from: float = 0.75


WIDENING = Widening()


def second_pass(steps: int, conditions: Sequence[SampleCondition | None]) -> tuple[float, int]:
    """Time from which the conditions want a second pass of the flow, and its network calls.

    While a motif finds its pose, or an energy pulls, detail is drawn that no longer fits. A second
    pass from a middle time mends most of it. Both numbers are 0 if no condition asks for one.

    Examples
    --------
    >>> from protdiff.conditioning import RadiusOfGyration
    >>> second_pass(30, [RadiusOfGyration(12.0), None])
    (0.4, 12)
    """
    time = max((c.second_pass for c in conditions if c is not None), default=0.0)
    return time, second_pass_calls(steps, time) if time else 0


def second_pass_calls(steps: int, time: float) -> int:
    """Network calls of a second pass from this time: the same share of the steps."""
    return max(2, round(time * steps))


def conditioned(
    denoise: Denoise,
    flow: Flow,
    lengths: Sequence[int],
    conditions: Sequence[SampleCondition | None],
    widening: Widening = WIDENING,
) -> Denoise:
    """A denoiser whose estimate every chain's condition corrects.

    Parameters
    ----------
    denoise : callable
        On the samplers' protocol.
    flow : Flow
        Of the batch, 2·size components per chain.
    lengths : sequence of int
    conditions : sequence of (SampleCondition or None)
        One per chain.
    widening : Widening
    """
    if all(condition is None for condition in conditions):
        return denoise
    size = flow.mask.shape[1] // 2
    fall = widening.none_from - widening.full_until

    def corrected(
        x: Float[Tensor, "batch components 3"], u: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch components 3"]:
        clean = denoise(x, u)
        k = flow.kernel(u + widening.shift * ((widening.none_from - u) / fall).clamp(0, 1))
        variance = (flow.variance * k.sigma**2 / k.total).masked_fill(~flow.mask, 0)
        for row, (n, condition) in enumerate(zip(lengths, conditions, strict=True)):
            if condition is None:
                continue
            chain = torch.cat([torch.arange(n), torch.arange(size, size + n)])
            estimate = condition(clean[row, chain].double(), variance[row, chain], float(u[row]))
            whole = torch.is_tensor(estimate) and estimate.shape == (2 * n, 3)
            if not whole or not bool(estimate.isfinite().all()):
                raise ValueError(f"condition {condition!r}: returned no finite (2N, 3) estimate")
            # In place: a denoiser that remembers its last estimate sees the corrected one.
            clean[row, chain] = estimate.to(clean.dtype)
        return clean.masked_fill(~flow.mask[..., None], 0)

    return corrected
