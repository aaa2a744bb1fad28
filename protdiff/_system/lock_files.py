"""Locks of the operating system on files, as file systems of several machines have them."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["acquired", "released"]

#: Errors of file systems that have no locks, or whose server of locks does not run.
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
#: How often a lock is tried whose file another machine has just removed (ESTALE of NFS).
TRIES = 10


def acquired(place: Path, seconds: float) -> BaseFileLock:
    """A lock that this process holds from now on.

    Parameters
    ----------
    place : Path
        The file that is locked; it is made.
    seconds : float
        How long a holder is waited for.

    Raises
    ------
    filelock.Timeout
        If another process holds it for so long.
    NotImplementedError
        If the file system has no locks. A file that stands for a lock would be of no use there: it
        stays when a process is killed, and no other machine can tell.
    OSError
        If the file cannot be made.
    """
    from filelock import FileLock

    lock = FileLock(place, timeout=seconds, fallback_to_soft=False)
    for attempt in range(1, TRIES + 1):
        try:
            lock.acquire()
            break
        except OSError as error:
            if error.errno in NO_LOCKS:
                with suppress(OSError):
                    if not place.stat().st_size:  # else somebody holds it, who has locks
                        place.unlink()
                raise NotImplementedError from None
            if error.errno != errno.ESTALE or attempt == TRIES:
                raise
    return lock


def released(lock: BaseFileLock, place: Path) -> None:
    """Give a lock back, and remove its file."""
    with suppress(OSError):  # Windows removes no file that is open
        place.unlink()
    lock.release()
