"""Reading of files that others wrote: no more than a limit, and never a pipe or a device."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DEFAULT_MB",
    "MAX_MB",
    "TooLargeError",
    "check_regular",
    "largest_size",
    "read_file",
    "read_json",
    "read_json_value",
    "read_text",
    "read_toml",
    "real_path",
    "reason",
    "too_large",
    "unpacked_bytes",
]

#: Environment variable that sets the largest file that is read, in MiB, and its default.
MAX_MB, DEFAULT_MB = "PROTDIFF_MAX_FILE_MB", 512
#: Bytes that are read at a time.
PIECE = 1 << 20


class TooLargeError(ValueError):
    """A file that is larger than the limit; the message is one line without its name."""


def largest_size() -> int:
    """Bytes of the largest file that is read, after decompression.

    Raises
    ------
    ValueError
        If the environment variable holds no whole number of MiB.

    Examples
    --------
    >>> from protdiff._system.reading import largest_size
    >>> largest_size() // 2**20
    512
    """
    text = os.environ.get(MAX_MB, str(DEFAULT_MB))
    try:
        megabytes = int(text)
    except ValueError:
        megabytes = 0
    if megabytes < 1:
        raise ValueError(f"{MAX_MB}={text}: must be a whole number of MiB, 1 or more")
    return megabytes << 20


def too_large() -> TooLargeError:
    """The error for a file whose content is over the limit."""
    megabytes = largest_size() >> 20
    return TooLargeError(
        f"over {megabytes} MiB when decompressed; if you trust it, raise {MAX_MB} in the "
        "environment"
    )


def check_regular(path: str | os.PathLike[str]) -> None:
    """OSError for what is there but is no regular file, such as a pipe: reading it may never end.

    Examples
    --------
    >>> check_regular("/dev/zero")
    Traceback (most recent call last):
    OSError: [Errno 22] not a regular file: '/dev/zero'
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))


def real_path(path: str | os.PathLike[str]) -> Path:
    """The path with links followed, absolute; a link to itself stays as it is.

    `Path.resolve` raises a RuntimeError there, up to Python 3.12.
    """
    return Path(os.path.realpath(path))


def read_file(path: str | os.PathLike[str], *, packed: bool = False, pipe: bool = False) -> bytes:
    """Content of a file.

    Parameters
    ----------
    path : path
    packed : bool
        Decompress it (gzip).
    pipe : bool
        Take pipes and devices too, such as ``<(command)`` of a shell.

    Raises
    ------
    OSError
        If it cannot be read.
    TooLargeError
        If there is more than `largest_size`. No more than that is in memory.
    gzip.BadGzipFile, EOFError, zlib.error
        If it is not gzip-compressed, or damaged.
    """
    if not pipe:
        check_regular(path)
    with (gzip.open if packed else open)(path, "rb") as handle:
        return b"".join(_pieces(cast("BinaryIO", handle)))


def unpacked_bytes(content: bytes) -> bytes:
    """Decompressed content (gzip) of a file that is in memory.

    Raises
    ------
    TooLargeError
        If there is more than `largest_size`. No more than that is in memory.
    gzip.BadGzipFile, EOFError, zlib.error
        If it is not gzip-compressed, or damaged.
    """
    with gzip.open(io.BytesIO(content)) as handle:
        return b"".join(_pieces(cast("BinaryIO", handle)))


def _pieces(handle: BinaryIO) -> Iterator[bytes]:
    """Pieces of an open file, up to the limit."""
    left = largest_size()
    while piece := handle.read(PIECE):
        left -= len(piece)
        if left < 0:
            raise too_large()
        yield piece


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8-sig") -> str:
    """Text of a small file that a user names, such as a table or a configuration; pipes too.

    Raises
    ------
    OSError, UnicodeDecodeError
        If it cannot be read.
    ValueError
        If it is over the limit; the message names the file.
    """
    try:
        return read_file(Path(path), pipe=True).decode(encoding)
    except TooLargeError as error:
        raise ValueError(f"{path}: {error}") from None


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Values of a TOML file.

    Raises
    ------
    ValueError
        With one line that names the file, if it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(read_text(path, "utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({reason(error)})") from None
    except RecursionError:
        raise ValueError(f"{path}: not a TOML file (nested too deep)") from None


def reason(error: Exception) -> str:
    """Why a file cannot be read, in words for who gave its name.

    Examples
    --------
    >>> reason(FileNotFoundError(2, "No such file or directory", "x.csv"))
    'no such file or directory'
    """
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return f"no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Object in a JSON file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no JSON, holds no object, or is over the limit; the message does not name the file.
    """
    value = read_json_value(path)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def read_json_value(path: str | os.PathLike[str]) -> Any:
    """What a JSON file holds, which need be no object; errors as of `read_json`."""
    try:
        return json.loads(read_file(path).decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deep") from None
