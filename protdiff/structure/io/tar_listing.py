"""Archives of structures: a tar file, whose members are listed by their place and read from it.

An archive of `protdiff generate` begins with a table of its members, ``index.npy``, with which it
is open at once. Of any other tar file the headers are read one after the other.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from ..._system.reading import check_regular, largest_size, too_large
from .atoms import FileError
from .members import split
from .tar_headers import BLOCK, padded, scanned_members

if TYPE_CHECKING:
    from jaxtyping import Shaped

__all__ = [
    "INDEX", "Listing", "cached_listing", "index_type", "listing_of", "member_content",
    "stored_bytes", "stored_size",
]  # fmt: skip

#: Name of the table of members, and its fields: place and size in bytes, and the CRC-32 of the
#: content (-1: not known).
INDEX, FIELDS = "index.npy", ("name", "offset", "size", "crc32")


class Listing(NamedTuple):
    """The members of an archive.

    Attributes
    ----------
    archive : Path
    rows : ndarray
        The fields of `FIELDS`, sorted by name.
    end : int
        Where the next member goes: behind the last whole one.
    ending : str
        What is there: "marked" (the end of a tar file), "open" (nothing: it is being written, or
        was cut off there), "cut" (a part of a member) or "damaged" (something else).
    indexed : bool
        Whether its index has all members, and the end is marked.
    left_out : tuple of str
        Members that are no files, or whose names lead elsewhere.
    """

    archive: Path
    rows: Shaped[np.ndarray, " members"]
    end: int
    ending: str
    indexed: bool
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of all members, sorted."""
        return [name.decode() for name in self.rows["name"].tolist()]

    def find(self, name: str) -> tuple[int, int, int] | None:
        """Place, size and CRC-32 of a member; None if there is none of this name."""
        key = name.encode("utf-8", "surrogateescape")
        names = self.rows["name"]
        if len(key) > names.itemsize:  # than which none is longer
            return None
        place = int(np.searchsorted(names, np.bytes_(key)))
        if place == len(names) or names[place] != key:
            return None
        row = self.rows[place]
        return int(row["offset"]), int(row["size"]), int(row["crc32"])


def listing_of(archive: Path) -> Listing:
    """The members of an archive, read from the file.

    Raises
    ------
    FileError
        If it cannot be read, or is no tar file.
    """
    try:
        check_regular(archive)
        with archive.open("rb") as handle:
            return _listing(archive, handle, os.fstat(handle.fileno()).st_size)
    except FileNotFoundError:
        raise FileError(f"{archive}: no such file; check the path") from None
    except OSError as error:
        raise FileError(f"{archive}: cannot be read ({error.strerror}); check the path") from None


def cached_listing(archive: Path) -> Listing:
    """As `listing_of`; a file that has not changed is read once."""
    try:
        state = archive.stat()
    except OSError:
        return listing_of(archive)  # its error says what is wrong
    return _cached(archive, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)
def _cached(archive: Path, *state: int) -> Listing:
    return listing_of(archive)


def stored_bytes(path: Path) -> bytes:
    """Content of a file or of a member of an archive, as it is stored there.

    Raises
    ------
    OSError
        If a file cannot be read.
    FileError
        If a member cannot: there is none of this name, it is over the limit, or damaged.
    """
    member = split(path)
    if member is None:
        return path.read_bytes()
    return member_content(cached_listing(member[0]), member[1])


def member_content(listing: Listing, name: str) -> bytes:
    """Content of a member; FileError as in `stored_bytes`."""
    where, found = f"{listing.archive}::{name}", listing.find(name)
    if found is None:
        some = f"; there is {listing.names[0]}" if len(listing.rows) else ""
        raise FileError(f"{where}: no member of this name in the archive{some}")
    offset, size, crc = found
    if size > largest_size():
        raise FileError(f"{where}: {too_large()}")
    with listing.archive.open("rb") as handle:
        handle.seek(offset)
        content = handle.read(size)
    if len(content) < size:
        raise FileError(f"{where}: cut off, for the archive is truncated; get a fresh copy")
    if crc >= 0 and zlib.crc32(content) != crc:
        raise FileError(f"{where}: damaged (its checksum is another one); get a fresh copy")
    return content


def stored_size(path: Path) -> int:
    """Bytes of a file or of a member of an archive; 0 if it is not there."""
    try:
        member = split(path)
        if member is None:
            return path.stat().st_size
        found = cached_listing(member[0]).find(member[1])
    except (OSError, FileError):
        return 0
    return 0 if found is None else found[1]


def _listing(archive: Path, handle: BinaryIO, size: int) -> Listing:
    """The listing of an open file of some bytes."""
    indexed = _index(handle, size)
    if indexed is None:
        rows, end, ending, left_out = scanned_members(archive, handle, 0, size)
        return Listing(archive, _sorted(rows), end, ending, False, left_out)
    end = padded(int((indexed["offset"] + indexed["size"]).max(initial=0)))
    if end > size:
        return Listing(archive, indexed, end, "cut", True)
    end = max(end, _data_of_index(handle)[1])
    rows, end, ending, left_out = scanned_members(archive, handle, end, size)
    if not rows:
        return Listing(archive, indexed, end, ending, ending == "marked", left_out)
    known = {row[0]: row for row in indexed.tolist()}
    return Listing(archive, _sorted(known | rows), end, ending, False, left_out)


def _data_of_index(handle: BinaryIO) -> tuple[int, int]:
    """Bytes of the index, and where the next member begins; zeros if the first is no index."""
    handle.seek(0)
    try:
        first = tarfile.TarInfo.frombuf(handle.read(BLOCK), "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return 0, 0
    return (first.size, BLOCK + padded(first.size)) if first.name == INDEX else (0, 0)


def _index(handle: BinaryIO, size: int) -> Shaped[np.ndarray, " members"] | None:
    """The index at the beginning of a file; None if there is none that fits it."""
    length, end = _data_of_index(handle)
    if not length or end > size:
        return None
    data = io.BytesIO(handle.read(length))
    try:
        if np.lib.format.read_magic(data) != (1, 0):
            return None
        shape, _, kind = np.lib.format.read_array_header_1_0(data)
        rest = length - data.tell()
        if kind.names != FIELDS or kind != index_type(kind["name"].itemsize):
            return None
        if len(shape) != 1 or shape[0] * kind.itemsize != rest:
            return None
    except (ValueError, TypeError):
        return None
    rows = np.frombuffer(data.getbuffer()[length - rest :], kind)
    inside = (rows["offset"] >= end).all() and (rows["size"] >= 0).all()
    ordered = (rows["name"][1:] > rows["name"][:-1]).all()
    return rows if inside and ordered else None


def index_type(width: int) -> np.dtype[Any]:
    """Type of the rows of an index, for names of so many bytes."""
    return np.dtype(list(zip(FIELDS, (f"S{max(width, 1)}", "<i8", "<i8", "<i8"), strict=True)))


def _sorted(rows: dict[bytes, tuple[bytes, int, int, int]]) -> Shaped[np.ndarray, " members"]:
    """Rows by name as an array."""
    width = max(map(len, rows), default=1)
    return np.array([rows[name] for name in sorted(rows)], index_type(width))
