"""How often Python looks for garbage in cycles."""

from __future__ import annotations

import atexit
import gc

__all__ = ["collect_seldom"]

#: New objects that may be references of a cycle, before Python looks through them; 700 by default.
NEW = 100_000


def collect_seldom() -> None:
    """Look for garbage in cycles less often, not in what is there, and not at the end.

    The modules that a network needs are some 350,000 objects that stay. By default Python looks
    through them again and again while they are imported, and once more before it ends: a third of
    the time of a short command.
    """
    gc.set_threshold(NEW, *gc.get_threshold()[1:])
    gc.freeze()
    atexit.register(gc.freeze)
