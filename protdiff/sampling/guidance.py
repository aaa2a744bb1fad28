"""How far samples are steered away from a weaker network (autoguidance, arXiv 2406.02507)."""

__all__ = ["DEFAULT_GUIDANCE", "check_guidance", "guidance_of"]

#: 1 draws from what the network has learned; above it, from what it has learned better than its
#: guide. Used with weights that have a guide; chosen by samples (benchmarks/model-log.md).
DEFAULT_GUIDANCE = 1.8
#: The largest that was tried.
HIGHEST_GUIDANCE = 5.0


def check_guidance(guidance, name="guidance"):
    """ValueError unless it lies between 1 and `HIGHEST_GUIDANCE`, or is None."""
    if guidance is not None and not 1 <= guidance <= HIGHEST_GUIDANCE:
        raise ValueError(f"{name} {guidance:g}: must be 1 (no guidance) to {HIGHEST_GUIDANCE:g}")


def guidance_of(denoiser, asked=None, name="guidance"):
    """Guidance to sample with: what is asked for, or the default if the weights have a guide.

    Raises
    ------
    ValueError
        Out of range; or asked of weights without a guide.
    """
    check_guidance(asked, name)
    if denoiser.guide is None and asked not in (None, 1):
        raise ValueError(f"{name} {asked:g}: these weights have no guide; leave it out")
    if asked is None:
        return 1.0 if denoiser.guide is None else DEFAULT_GUIDANCE
    return float(asked)
