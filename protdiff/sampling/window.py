"""A window of a long chain: what the network sees at once, and what of it is new."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["OVERLAP_SHARE", "Window", "seed_of_window"]

#: Share of a window that it has in common with those beside it, by default.
OVERLAP_SHARE = 0.25


class Window(NamedTuple):
    """Stretch of a chain that is drawn at once: rows [start, stop), and the new ones."""

    start: int
    stop: int
    new: list[tuple[int, int]]


def seed_of_window(seed: int, number: int) -> int:
    """Seed of a window after the first, so that every window has random numbers of its own."""
    state = np.random.SeedSequence(seed, spawn_key=(number, 3)).generate_state(1, np.uint64)
    return int(state[0])
