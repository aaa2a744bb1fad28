"""Imported by the process from which workers are forked: it reads the weights that they draw with.

So they have them from the first moment on, in memory that they share.
"""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["WEIGHTS"]

#: Variable with the path of the weights, in the environment of that process.
WEIGHTS = "PROTDIFF_WORKERS_WEIGHTS"


def _read(path: str) -> None:
    from ..network.numerics import one_thread
    from ..network.weights import file_digest, find_weights, load_same_weights

    # A fork has none of the threads that torch may have started. The main process reads the
    # weights, too, and says what is wrong with them.
    with one_thread(), suppress(ValueError, OSError):
        found = find_weights(path).absolute()
        load_same_weights(found, file_digest(found), "cpu")


if (path := os.environ.pop(WEIGHTS, None)) is not None:
    _read(path)
