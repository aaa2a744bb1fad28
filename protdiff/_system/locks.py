"""One writer at a time in an output folder."""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .files import remove_leftovers
from .notices import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LOCK", "one_writer"]

#: Name of the file in a folder that its writer holds locked.
LOCK = ".protdiff.lock"


@contextmanager
def one_writer(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which this process alone writes into a folder that is there.

    The operating system holds the lock, on network file systems, too, and gives it back when the
    process ends, however it ends: no lock is left behind. What killed writers have left
    half-written is removed.

    Raises
    ------
    ValueError
        If another process writes into the folder; the message says which one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, one_writer(folder):
    ...     pass
    """
    from filelock import FileLock, Timeout

    path = Path(folder) / LOCK
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"{folder}: {_holder(path)} writes into it; wait until it has ended, or choose another "
            "`out`"
        ) from None
    except NotImplementedError:
        warn(f"{folder}: its file system has no locks; let only one process write into it")
        yield
        return
    try:
        path.write_text(_this_process(), encoding="utf-8")
        _remove_leftovers(path.parent)
        yield
    finally:
        _remove_leftovers(path.parent)
        with suppress(OSError):  # Windows removes no file that is open
            path.unlink()
        lock.release()


def _remove_leftovers(folder: Path) -> None:
    """Remove what dead writers have left in the folder and in those in it."""
    for place in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        remove_leftovers(place)


def _this_process() -> str:
    """Who holds the lock, in words."""
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    command = f"protdiff {verb}".strip()
    since = time.strftime("%Y-%m-%d %H:%M")
    return f"process {os.getpid()} on {platform.node()} ({command}, since {since})"


def _holder(path: Path) -> str:
    """Who holds a lock, as far as its file says."""
    with suppress(OSError, UnicodeDecodeError):
        if (text := path.read_text(encoding="utf-8")).startswith("process "):
            return text
    return "another process"
