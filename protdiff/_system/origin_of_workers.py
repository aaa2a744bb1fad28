"""Imported by the process from which workers are forked: it removes its socket when it ends.

The main process does that, too, but not when it is killed.
"""

from __future__ import annotations

import atexit
import os
import shutil

from .garbage import collect_seldom

__all__ = ["FOLDER"]

#: Variable with the folder of the socket, in the environment of that process.
FOLDER = "PROTDIFF_WORKERS_FOLDER"


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # and not in a fork
        shutil.rmtree(folder, ignore_errors=True)


collect_seldom()
if folder := os.environ.pop(FOLDER, None):
    atexit.register(_remove, folder, os.getpid())
