"""Where sampling times lie between noise and structure; no torch, so that defaults are cheap."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROTEIN_DENSITY", "TimeDensity"]


@dataclass(frozen=True)
class TimeDensity:
    """Density of times ``1 + height exp(-((u - centre)/width)²)`` down to the time `last`.

    The defaults are denser where a protein's estimate moves (docs/theory.md 3.5).
    """

    last: float = 0.1
    height: float = 4.5
    centre: float = 0.55
    width: float = 0.3


PROTEIN_DENSITY = TimeDensity()
