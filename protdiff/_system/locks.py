"""One writer at a time in an output folder, or of an output file."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .files import ensure_writable, making_folder, remove_leftover, remove_leftovers
from .lock_files import acquired, released
from .notices import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["LOCK", "idle", "one_writer", "output_file", "output_folder", "shard_writer"]

#: Name of the file in a folder that its writer holds locked; of one file, the end of that name.
LOCK = ".protdiff.lock"
#: Seconds in which a shard that starts looks whether others are only starting; after which it says
#: that it waits for them; and in which the next of them must have its turn.
MOMENT, PATIENCE, START = 1.0, 10.0, 120.0
#: How a lock begins to say whose it is while a shard starts.
STARTS = "starts: "


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
    path = Path(path)
    is_folder = path.is_dir()
    with _alone(_lock_of(path), path):
        idle(path)
        _remove_leftovers(path, is_folder)
        try:
            yield
        finally:
            _remove_leftovers(path, is_folder)


@contextmanager
def _alone(place: Path, path: Path) -> Iterator[None]:
    """Context in which this process holds a lock; errors name the path that it is for."""
    from filelock import Timeout

    try:
        lock = acquired(place, 0.0)
    except Timeout:
        raise _busy(path, place) from None
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
        yield
    finally:
        released(lock, place)


def _lock_of(path: Path, shard: str = "") -> Path:
    """The lock of a folder or file, or of one of its shards, such as "3-of-16"."""
    if path.is_dir():
        return path / (f".{shard}{LOCK}" if shard else LOCK)
    return path.with_name(f".{path.name}{shard and '.'}{shard}{LOCK}")


@contextmanager
def shard_writer(
    target: str | os.PathLike[str],
    number: int,
    count: int,
    begin: Callable[[Sequence[str]], None],
) -> Iterator[None]:
    """Context in which this process alone is one of the shards that write one result.

    The lock of the whole is held while a shard starts, so that shards start one after another, and
    none beside a process that has the whole for itself. Then the shard holds a lock of its own.
    Who wants the whole for itself looks at those, see `idle`. While others wait, the folder is
    looked through once: of many files that takes long.

    Parameters
    ----------
    target : path
        A folder that is there, or the file that the tables of all shards will become.
    number, count : int
        Which of how many shards it is.
    begin : callable
        ``begin(names)`` is called while no other shard starts; all files of shards are among these.

    Raises
    ------
    ValueError
        If another process is this shard, has the whole for itself, or is a shard of another number
        of shards; the message says which one.
    """
    target = Path(target)
    _remove_leftovers(target, target.is_dir())
    with ExitStack() as stack:
        with _starting(target):
            names = _of_shards(target)
            _refuse_others(target, names, besides=count)
            place = _lock_of(target, f"{number}-of-{count}")
            stack.enter_context(_alone(place, target))
            begin(names)
        yield
        _remove_leftovers(target, target.is_dir())


def idle(target: Path) -> None:
    """ValueError if a shard is at work on a folder or file that this process holds the lock of."""
    _refuse_others(target, _of_shards(target))


def _of_shards(target: Path) -> list[str]:
    """Names of the files of shards in a folder, or beside a file, such as x.3-of-16.csv."""
    folder = target if target.is_dir() else target.parent
    return sorted(name for name in os.listdir(folder) if "-of-" in name)


def _refuse_others(target: Path, names: Sequence[str], besides: int = 0) -> None:
    """ValueError if a shard of another number of shards is at work, by the names of files."""
    from filelock import Timeout

    before = "." if target.is_dir() else f".{target.name}."
    pattern = re.compile(rf"{re.escape(before)}[0-9]+-of-([0-9]+){re.escape(LOCK)}")
    folder = target if target.is_dir() else target.parent
    for name in names:
        match, place = pattern.fullmatch(name), folder / name
        if not match or int(match[1]) == besides:
            continue
        try:
            released(acquired(place, 0.0), place)  # of a killed one
        except Timeout:
            raise _busy(target, place) from None
        except (OSError, NotImplementedError):
            continue


@contextmanager
def _starting(target: Path) -> Iterator[None]:
    """Context in which this process alone starts as a shard; others that start are awaited."""
    from filelock import Timeout

    place, turns = _lock_of(target), _turns(target)
    while True:
        try:
            lock = acquired(place, MOMENT)
            break
        except Timeout:
            next(turns)
        except NotImplementedError:
            warn(f"{target}: its file system has no locks; start no shard twice")
            yield
            return
        except OSError as error:
            error.filename = str(target)
            raise
    try:
        with suppress(OSError):
            place.write_text(STARTS + _this_process(), encoding="utf-8")
        yield
    finally:
        released(lock, place)


def _turns(target: Path) -> Iterator[None]:
    """Looks at who has the lock that a shard needs to start; while others do, it will have it.

    ValueError if the holder is no shard that starts, or one and the same for long.
    """
    place, begin, said = _lock_of(target), time.monotonic(), False
    holder, since = _holder(place), begin
    while True:
        now, before, holder = time.monotonic(), holder, _holder(place)
        since = since if holder == before else now
        if now - since > START or (holder and not holder.startswith(STARTS)):
            raise _busy(target, place)
        if now - begin > PATIENCE and not said:
            print(
                f"{target}: waiting for other shards, which start one after another "
                f"(now {_named(place) or 'one'}); Ctrl-C ends this",
                file=sys.stderr,
            )
            said = True
        yield


def _busy(path: Path, place: Path) -> ValueError:
    """The error for a file or folder that another process writes, which holds a lock."""
    holder = _named(place) or "another process"
    what = "writes into it" if path.is_dir() else "is writing it"
    return ValueError(f"{path}: {holder} {what}; wait until it has ended, or choose another `out`")


def _remove_leftovers(path: Path, is_folder: bool) -> None:
    """Remove what dead writers have left of a file, or in a folder and those in it."""
    if not is_folder:
        remove_leftovers(path.parent, path.name)
        return
    with os.scandir(path) as entries:  # which knows folders without a look at every file
        found = [Path(one.path) for one in entries if one.name.endswith(".tmp") or one.is_dir()]
    for place in found:
        remove_leftover(place)
        remove_leftovers(place)


def _this_process() -> str:
    """Who holds the lock, in words."""
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    command = f"protdiff {verb}".strip()
    since = time.strftime("%Y-%m-%d %H:%M")
    return f"process {os.getpid()} on {platform.node()} ({command}, since {since})"


def _holder(path: Path) -> str:
    """What the file of a lock says of who holds it; empty if it says nothing."""
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        if text.removeprefix(STARTS).startswith("process "):
            return text
    return ""


def _named(path: Path) -> str:
    """Who holds a lock, in words; empty if its file does not say it."""
    return _holder(path).removeprefix(STARTS)
