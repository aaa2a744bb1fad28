"""Autoguidance: samples are steered away from a weaker network (arXiv 2406.02507)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import DEFAULT_GUIDANCE, DEFAULTS, SamplingSettings

if TYPE_CHECKING:
    from ..network import Denoiser

__all__ = ["guidance_of"]


def guidance_of(denoiser: Denoiser, settings: SamplingSettings = DEFAULTS) -> float:
    """Guidance to sample with: that of the settings, or the default if the weights have a guide.

    At 1 samples are drawn from what the network has learned; above 1 they favour all that it has
    learned better than its guide.

    Raises
    ------
    ValueError
        For a guidance with weights that have no guide.
    """
    guidance = settings.guidance
    if denoiser.guide is None and guidance not in (None, 1):
        raise ValueError(f"`guidance` {guidance:g}: these weights have no guide; leave it out")
    if guidance is None:
        return 1.0 if denoiser.guide is None else DEFAULT_GUIDANCE
    return float(guidance)
