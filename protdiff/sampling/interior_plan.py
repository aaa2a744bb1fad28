"""The interior plan: a long chain in windows, every other one first (GrainPaint's "grid").

The chain is cut into pieces of equal length. The window of a piece is the piece, and `overlap`
residues on either side of it. First come the pieces 0, 2, 4 …: what their windows draw beyond the
piece is thrown away, so that no end of a window stays inside the chain. Then come the pieces in the
gaps, whose windows know the pieces on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

from ..structure.constants import MAX_LENGTH, MIN_LENGTH
from .window import Window, overlap_of

__all__ = ["LONGEST", "MIN_WINDOW", "InteriorPlan", "longest_chain"]

#: Residues of a chain that is drawn in windows.
LONGEST = 4096
#: Residues of a window.
MIN_WINDOW = 64
#: A window of W residues is at least this times the root of the chain's length: the shortest waves
#: that W beads show of the whole chain must be short against the overlap of two windows. With
#: smaller windows the law of a Gaussian chain is off by more than 0.1 nats
#: (tests/flow/test_windows.py).
ROOT_FACTOR = 4.0


@dataclass(frozen=True)
class InteriorPlan:
    """Windows of a chain that is too long for one.

    Parameters
    ----------
    length : int
        Residues of the chain.
    window : int
        Most residues that the network sees at once.

    Raises
    ------
    ValueError
        For a window that is too small for the chain, or as long as it.

    Examples
    --------
    >>> for window in InteriorPlan(200, 100).windows():
    ...     print(window.start, window.stop, window.new)
    0 100 [(0, 75)]
    100 200 [(125, 200)]
    50 150 [(75, 125)]
    """

    length: int
    window: int

    def __post_init__(self) -> None:
        if not MIN_WINDOW <= self.window <= MAX_LENGTH:
            raise ValueError(
                f"`window` {self.window}: must lie between {MIN_WINDOW} and {MAX_LENGTH}"
            )
        if not MIN_LENGTH <= self.length <= LONGEST:
            raise ValueError(
                f"`length` {self.length}: must lie between {MIN_LENGTH} and {LONGEST} residues, "
                "also with `window`"
            )
        if self.window >= self.length:
            raise ValueError(
                f"`window` {self.window}: {self.length} residues go through the network at once; "
                "leave it out"
            )
        least = ceil(ROOT_FACTOR * sqrt(self.length))
        if self.window < least:
            raise ValueError(
                f"`window` {self.window}: too small for {self.length} residues; give at least "
                f"{least}"
            )

    @property
    def overlap(self) -> int:
        """Residues that a window has on either side of its piece."""
        return overlap_of(self.window)

    def windows(self) -> list[Window]:
        """Windows in the order in which they are drawn."""
        length, overlap = self.length, self.overlap
        inner = length - 2 * overlap
        count = ceil(inner / (self.window - 2 * overlap))
        cuts = [0, *(overlap + round(k * inner / count) for k in range(1, count)), length]
        windows = [
            Window(max(first - overlap, 0), min(last + overlap, length), [(first, last)])
            for first, last in pairwise(cuts)
        ]
        return windows[::2] + windows[1::2]


def longest_chain(window: int | None) -> tuple[int, str]:
    """Most residues of a chain, with a window or without, and what an error adds about windows."""
    return (LONGEST, "") if window else (MAX_LENGTH, f", or up to {LONGEST} with `window`")
