"""How samples are drawn: network calls, temperature, guidance; by default as the weights want."""

from dataclasses import dataclass

from .temperature import DEFAULT_TEMPERATURE, check_temperature

__all__ = ["DEFAULT_GUIDANCE", "DEFAULT_STEPS", "Walk", "check_guidance", "suits", "walk_of"]

DEFAULT_STEPS = 30
#: 1 draws from what the network has learned; above it, from what it has learned better than its
#: guide (autoguidance, arXiv 2406.02507). Used with weights that have a guide; chosen by samples
#: (benchmarks/model-log.md).
DEFAULT_GUIDANCE = 1.8
#: The largest that was tried.
HIGHEST_GUIDANCE = 5.0


@dataclass(frozen=True)
class Walk:
    """Network calls of a sample, temperature (`temperatures`), and guidance (1: none)."""

    steps: int = DEFAULT_STEPS
    temperature: float = DEFAULT_TEMPERATURE
    guidance: float = DEFAULT_GUIDANCE


def check_guidance(guidance, name="guidance"):
    """ValueError unless it lies between 1 and `HIGHEST_GUIDANCE`, or is None."""
    if guidance is not None and not 1 <= guidance <= HIGHEST_GUIDANCE:
        raise ValueError(f"{name} {guidance:g}: must be 1 (no guidance) to {HIGHEST_GUIDANCE:g}")


def suits(own, steps=None, temperature=None, guidance=None):
    """Whether a `Walk` is what is asked for, as far as anything is."""
    asked = (own.steps, steps), (own.temperature, temperature), (own.guidance, guidance)
    return all(wanted in (None, it) for it, wanted in asked)


def walk_of(denoiser, steps=None, temperature=None, guidance=None, prefix=""):
    """The `Walk` of a denoiser with what is asked for, and its own way for what is not.

    Parameters
    ----------
    denoiser : Denoiser
    steps : int, optional
    temperature, guidance : float, optional
    prefix : str
        Before the names in messages: "--" for options.

    Raises
    ------
    ValueError
        Out of range; guidance of weights without a guide; or anything but its own of a network
        that was distilled for one walk.
    """
    check_guidance(guidance, f"{prefix}guidance")
    if temperature is not None:
        check_temperature(temperature, f"{prefix}temperature")
    if steps is not None and steps < 2:
        raise ValueError(f"{prefix}steps {steps}: a sample needs at least 2 steps")
    own = denoiser.walk
    if own is not None:
        for name, asked in ("steps", steps), ("temperature", temperature), ("guidance", guidance):
            if asked not in (None, getattr(own, name)):
                raise ValueError(
                    f"{prefix}{name} {asked:g}: these weights were distilled for "
                    f"{getattr(own, name):g}; leave it out, or use the weights rg-base"
                )
        return own
    if denoiser.guide is None:
        if guidance not in (None, 1):
            message = "these weights have no guide; leave it out"
            raise ValueError(f"{prefix}guidance {guidance:g}: {message}")
        guidance = 1.0
    return Walk(
        DEFAULT_STEPS if steps is None else steps,
        DEFAULT_TEMPERATURE if temperature is None else float(temperature),
        DEFAULT_GUIDANCE if guidance is None else float(guidance),
    )
