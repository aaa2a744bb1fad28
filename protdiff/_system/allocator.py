"""How the C library treats memory that is free again."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

#: Options of glibc's `mallopt`: how much free memory at the end of the heap is given back to the
#: system, and from which size on a block is no part of the heap; 32 MB is the most.
TRIM, MMAP = -1, -3
KEPT, OWN_BLOCK = 512 << 20, 32 << 20


def keep_freed_memory() -> bool:
    """Let the C library keep up to 512 MB of freed memory for the next tensors.

    By default it gives memory of large tensors back at once, and the system clears every page of
    the next ones: a tenth of the time of a network, and half of it where dask has set the limits
    even lower. The most memory that a process takes stays the same.

    Returns
    -------
    bool
        Whether the limits were set: other C libraries have none.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all([mallopt(TRIM, KEPT), mallopt(MMAP, OWN_BLOCK)])
