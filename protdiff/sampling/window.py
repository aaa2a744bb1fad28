"""A window of a long chain: what the network sees at once, and what of it is new."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "NO_FRAMES", "OVERLAP_SHARE", "Window", "overlap_of", "seed_of_window", "windows_text",
]  # fmt: skip

#: Share of a window that it has in common with those beside it, by default.
OVERLAP_SHARE = 0.25
#: Why chains in windows have no trajectories.
NO_FRAMES = "`trajectory`: has no frames of chains in windows; leave out `window`"


class Window(NamedTuple):
    """Stretch of a chain that is drawn at once: rows [start, stop), and the new ones."""

    start: int
    stop: int
    new: list[tuple[int, int]]


def overlap_of(window: int) -> int:
    """Residues that a window of some size has in common with the next one, by default."""
    return round(OVERLAP_SHARE * window)


def windows_text(window: int) -> str:
    """Windows of some size in words, for the manifest.

    Examples
    --------
    >>> windows_text(256)
    'window=256 overlap=64'
    """
    return f"window={window} overlap={overlap_of(window)}"


def seed_of_window(seed: int, number: int) -> int:
    """Seed of a window after the first, so that every window has random numbers of its own."""
    state = np.random.SeedSequence(seed, spawn_key=(number, 3)).generate_state(1, np.uint64)
    return int(state[0])
