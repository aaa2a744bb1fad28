"""Writing of archives: members are added at the end, and in the end all are put in order.

While it is written, an archive is a tar file without an end. A writer that is killed leaves a part
of a member at most, which the next one cuts off.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..._system.files import naming_full_disk, replacing
from .atoms import FileError
from .tar_headers import BLOCK, padded, plain_name
from .tar_listing import INDEX, Listing, index_type, listing_of, member_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from jaxtyping import Shaped

__all__ = ["appender", "join_archives", "whole_names"]

#: What a tar file ends with.
END = bytes(2 * BLOCK)


def header_of(name: str, size: int) -> bytes:
    """Header of a member; equal names and sizes give equal bytes, whoever writes them and when.

    FileError for a name that readers would leave out.
    """
    if plain_name(name) != name.encode("utf-8", "surrogateescape"):
        raise FileError(f"{name!a}: no name of a structure in an archive")
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.PAX_FORMAT)


def member_bytes(name: str, content: bytes) -> bytes:
    """A member of a tar file: header, content, and zeros up to a whole block."""
    size = len(content)
    return header_of(name, size) + content + bytes(padded(size) - size)


def appender(archive: Path) -> Callable[[Mapping[str, bytes]], None]:
    """A function that adds members, contents by name, to an archive of which no other is a writer.

    What a killed writer has left half-written is cut off. The file is made with the first members.

    Parameters
    ----------
    archive : Path

    Raises
    ------
    FileError
        If the file is no archive, or damaged.
    OSError
        From the function, with the name of the archive: it is as it was before the call.
    """
    end = _writable_end(archive)

    def add(members: Mapping[str, bytes]) -> None:
        nonlocal end
        content = b"".join(member_bytes(name, data) for name, data in members.items())
        mode = "r+b" if end else "wb"
        with naming_full_disk(archive), archive.open(mode, buffering=0) as handle:
            try:
                handle.truncate(end)
                handle.seek(end)
                left = memoryview(content)
                while left:  # a system may take a part only
                    left = left[handle.write(left) :]
            except OSError:
                with suppress(OSError):
                    handle.truncate(end)
                raise
        end += len(content)

    return add


def _writable_end(archive: Path) -> int:
    """Where the next member goes; behind it is nothing that is lost."""
    names = whole_names(archive)
    if not archive.exists() or not archive.stat().st_size:
        return 0
    listing = listing_of(archive)
    if listing.ending == "cut" and listing.indexed:
        join_archives(archive, [archive], names)  # its index is of what is lost
        listing = listing_of(archive)
    return listing.end


def whole_names(archive: Path) -> list[str]:
    """Names of the members that an archive has, and which no cut has lost; none if it is not there.

    Raises
    ------
    FileError
        If it is no archive, or damaged.
    """
    if not archive.exists() or not archive.stat().st_size:
        return []
    listing = listing_of(archive)
    if listing.ending == "damaged":
        raise FileError(f"{archive}: damaged at byte {listing.end}; get a fresh copy, or remove it")
    whole = listing.rows["offset"] + listing.rows["size"] <= archive.stat().st_size
    return [name.decode() for name in listing.rows["name"][whole].tolist()]


def join_archives(out: Path, sources: Iterable[Path], names: Iterable[str]) -> None:
    """Write an archive of members of others, sorted by name, with an index and an end.

    Nothing is written if it is there already: `out` is one of the sources, and whole. The bytes
    depend on names and contents alone.

    Parameters
    ----------
    out : Path
        May be one of the sources, which stay as they are else.
    sources : iterable of Path
        Of two members of one name, that of the first source is taken.
    names : iterable of str
        Members that are wanted; what else there is, is left out.

    Raises
    ------
    FileError
        If a member is not there, or damaged.
    OSError
        With the name of the archive, such as of a full disk; it stays as it was.
    """
    listings = [listing_of(source) for source in sources]
    wanted = sorted(names, key=lambda name: name.encode())
    own = next((one for one in listings if one.archive == out), None)
    if own is not None and own.indexed and own.ending == "marked" and own.names == wanted:
        return
    places: dict[str, Listing] = {}
    for listing in reversed(listings):
        places |= dict.fromkeys(listing.names, listing)
    missing = next((name for name in wanted if name not in places), None)
    if missing is not None:
        raise FileError(f"{out}: {missing} is in none of the archives that make it")
    with replacing(out) as temporary, temporary.open("wb") as handle:
        _write(handle, wanted, places)
        handle.flush()
        os.fsync(handle.fileno())  # the sources may be removed next


def _write(handle: BinaryIO, names: list[str], places: Mapping[str, Listing]) -> None:
    """Write a whole archive; the index goes first, and is known last."""
    width = max((len(name.encode()) for name in names), default=1)
    rows = np.zeros(len(names), index_type(width))
    handle.write(member_bytes(INDEX, _index_bytes(rows)))
    for row, name in enumerate(names):
        content = member_content(places[name], name)
        header = header_of(name, len(content))
        place = handle.tell() + len(header)
        rows[row] = (name.encode(), place, len(content), zlib.crc32(content))
        handle.write(header + content + bytes(padded(len(content)) - len(content)))
    handle.write(END)
    handle.seek(0)
    handle.write(member_bytes(INDEX, _index_bytes(rows)))


def _index_bytes(rows: Shaped[np.ndarray, " members"]) -> bytes:
    """The index as a file of numpy, of the same size whatever its numbers."""
    data = io.BytesIO()
    np.lib.format.write_array(data, rows, version=(1, 0), allow_pickle=False)
    return data.getvalue()
