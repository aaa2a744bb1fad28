"""Change of a loss between two weights on the same draws, and which weights of a run to keep.

A draw is a batch with its times and noise. Most of the spread of the loss comes from them, and is
the same before and after: the difference draw by draw is far less noisy than either mean.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LossChange", "last_good", "loss_change"]

#: Standard errors beyond which a change is no noise.
SIGNIFICANT = 2.0
#: Rise of the loss that is no reason to go back to earlier weights, as a share. Samples change much
#: where the loss changes little (docs/howto/finetune.md).
TOLERATED = 0.01
#: Rise that is never taken for noise, however few the draws are.
EXCESSIVE = 0.1


class LossChange(NamedTuple):
    """Change of a loss, and its standard error, as shares of the loss before.

    Examples
    --------
    >>> print(LossChange(-0.0214, 0.0032))
    -2.14 ± 0.32 %
    """

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{100 * self.mean:+.2f} ± {100 * self.error:.2f} %"

    def falls(self) -> bool:
        """Whether the loss fell by more than noise."""
        return self.mean + SIGNIFICANT * self.error < 0

    def rises(self) -> bool:
        """Whether the loss rose by more than noise and what is tolerated; also if not finite."""
        least = self.mean - SIGNIFICANT * self.error
        return not (least <= TOLERATED and self.mean <= EXCESSIVE)


def loss_change(before: Sequence[float], after: Sequence[float]) -> LossChange:
    """Mean of the differences draw by draw, and its standard error.

    Parameters
    ----------
    before, after : sequence of float
        Losses on the same draws, two or more.

    Examples
    --------
    >>> change = loss_change([1.0, 2.0, 3.0], [0.9, 1.9, 2.9])  # every draw falls by 0.1
    >>> round(change.mean, 6), round(change.error, 6)
    (-0.05, 0.0)
    """
    with np.errstate(invalid="ignore"):
        difference, reference = np.subtract(after, before), np.mean(before)
        error = np.std(difference, ddof=1) / math.sqrt(len(difference))
        return LossChange(float(difference.mean() / reference), float(error / reference))


def last_good(draws: Sequence[Sequence[float]]) -> int:
    """Number of the last check whose loss is not above the lowest by more than noise.

    Samples go on changing towards the chains while the loss is flat, so the last weights serve
    better than those of the lowest loss, which of several equal ones is chosen by noise.

    Parameters
    ----------
    draws : sequence of sequence of float
        Losses of every check, the first one before any step, on the same draws.

    Examples
    --------
    >>> last_good([[1.0, 2.0], [0.8, 1.7], [0.9, 1.6], [2.0, 3.1]])
    2
    """
    means = [float(np.mean(losses)) for losses in draws]
    lowest = min(range(len(draws)), key=lambda k: means[k] if math.isfinite(means[k]) else math.inf)
    good = [k for k in range(len(draws)) if not loss_change(draws[lowest], draws[k]).rises()]
    return max(good, default=lowest)
