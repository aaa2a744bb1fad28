"""Which frames of a generation are kept."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import MAX_STEPS

__all__ = ["FrameChoice"]


@dataclass(frozen=True)
class FrameChoice:
    """Which frames are kept of the way from noise to a backbone.

    Parameters
    ----------
    every : int
        Keep the first step and every so many after it; the backbone itself is the last frame.
        Heun's rule looks ahead: each of its steps is two network calls.
    noisy : bool
        Keep the noisy chain, not the estimate without noise.

    Raises
    ------
    ValueError
        If `every` is below 1 or above 10,000.

    Examples
    --------
    >>> FrameChoice(every=2).text
    'every:2 clean'
    """

    every: int = 1
    noisy: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.every <= MAX_STEPS:
            raise ValueError(f"`every` {self.every}: must lie between 1 and {MAX_STEPS:,} steps")

    @property
    def text(self) -> str:
        """The choice in words, as the manifest has it."""
        return f"every:{self.every} {'noisy' if self.noisy else 'clean'}"
