"""One writer at a time in an output folder, or of an output file."""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .files import ensure_writable, making_folder, remove_leftovers
from .notices import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LOCK", "one_writer", "output_file", "output_folder"]

#: Name of the file in a folder that its writer holds locked; of one file, the end of that name.
LOCK = ".protdiff.lock"


@contextmanager
def output_folder(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which a folder is there and this process alone writes into it.

    If it is new, and an error leaves nothing in it, it goes.

    Raises
    ------
    ValueError
        If another process writes into it; see `one_writer`.
    OSError
        If it cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place, output_folder(f"{place}/new"):
    ...     os.listdir(place)
    ['new']
    """
    with making_folder(folder), one_writer(folder):
        yield


@contextmanager
def output_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which this process alone writes a file, which is known to be possible.

    Raises
    ------
    ValueError
        If another process is writing it; see `one_writer`.
    OSError
        If it cannot be written.
    """
    ensure_writable(path)
    with one_writer(path):
        yield


@contextmanager
def one_writer(path: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which this process alone writes a file, or into a folder that is there.

    The operating system holds the lock, on network file systems, too, and gives it back when the
    process ends, however it ends: no lock is left behind. What killed writers have left
    half-written is removed.

    Parameters
    ----------
    path : path
        A folder; or a file, or a folder that is yet to be made, beside which the lock is.

    Raises
    ------
    ValueError
        If another process writes it; the message says which one.
    OSError
        If the lock cannot be made, with the name of the path.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, one_writer(folder):
    ...     pass
    """
    from filelock import FileLock, Timeout

    path = Path(path)
    is_folder = path.is_dir()
    place = path / LOCK if is_folder else path.with_name(f".{path.name}{LOCK}")
    lock = FileLock(place, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        what = "writes into it" if is_folder else "is writing it"
        raise ValueError(
            f"{path}: {_holder(place)} {what}; wait until it has ended, or choose another `out`"
        ) from None
    except NotImplementedError:
        warn(f"{path}: its file system has no locks; let only one process write there")
        yield
        return
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        with suppress(OSError):  # of a full disk; only a name in a message is lost
            place.write_text(_this_process(), encoding="utf-8")
        _remove_leftovers(path, is_folder)
        yield
    finally:
        _remove_leftovers(path, is_folder)
        with suppress(OSError):  # Windows removes no file that is open
            place.unlink()
        lock.release()


def _remove_leftovers(path: Path, is_folder: bool) -> None:
    """Remove what dead writers have left of a file, or in a folder and those in it."""
    if not is_folder:
        remove_leftovers(path.parent, path.name)
        return
    for place in (path, *(inner for inner in path.iterdir() if inner.is_dir())):
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
