"""How well confidences go with scores, over all rows of a table."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST", "Agreement", "Correlation"]

#: Pairs of values that are kept, at most: 16 bytes each.
MOST = 2_000_000
#: Pairs without which there is no correlation.
FEWEST = 3


class Correlation(NamedTuple):
    """Correlations of two columns; NaN if one of them is constant."""

    pearson: float
    spearman: float


class Agreement:
    """Pairs of values, of which both are numbers, and their correlation.

    The first `MOST` are kept, which bounds the memory; `seen` counts all.
    """

    def __init__(self) -> None:
        self.first, self.second = array("d"), array("d")
        self.seen = 0

    def __len__(self) -> int:
        return len(self.first)

    @property
    def full(self) -> bool:
        """Whether more pairs were there than are kept."""
        return self.seen > len(self)

    def add(self, first: Iterable[float], second: Iterable[float]) -> None:
        """Take pairs into account."""
        for x, y in zip(first, second, strict=True):
            if math.isnan(x) or math.isnan(y):
                continue
            self.seen += 1
            if len(self.first) < MOST:
                self.first.append(x)
                self.second.append(y)

    def correlation(self) -> Correlation | None:
        """Pearson's and Spearman's; None for fewer than three pairs."""
        if len(self) < FEWEST:
            return None
        import numpy as np
        from scipy.stats import rankdata

        values = np.array([self.first, self.second])
        if (np.ptp(values, axis=1) == 0).any():
            return Correlation(math.nan, math.nan)
        ranks = rankdata(values, axis=1)
        return Correlation(float(np.corrcoef(values)[0, 1]), float(np.corrcoef(ranks)[0, 1]))
