"""Density of the sampling times; without torch, so that the defaults are imported quickly."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROTEIN_DENSITY", "TimeDensity"]


@dataclass(frozen=True)
class TimeDensity:
    """Sampling times from 1 to `last`, of density ``1 + height exp(-((u - centre)/width)²)``.

    With the defaults they are densest where the estimate of a protein changes most (docs/theory.md
    3.5).
    """

    last: float = 0.1
    height: float = 4.5
    centre: float = 0.55
    width: float = 0.3


PROTEIN_DENSITY = TimeDensity()
