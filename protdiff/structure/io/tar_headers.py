"""The members of a tar file by its headers, one after the other."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .atoms import FileError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BLOCK", "padded", "plain_name", "scanned_members"]

#: Bytes of a block: of a header, and what members are filled up to.
BLOCK = tarfile.BLOCKSIZE
#: Bytes of the longest name, and of the longest header, that are read.
MAX_NAME, MAX_HEADER = 255, 1 << 20
#: What tarfile says of a header that ends too early.
CUT = ("empty header", "truncated header", "unexpected end of data")
#: How compressed files begin.
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def padded(size: int) -> int:
    """Bytes that content takes in a tar file."""
    return -(-size // BLOCK) * BLOCK


class Headers:
    """An open file of which tarfile reads the headers; one that fills the memory is an error."""

    def __init__(self, archive: Path, handle: BinaryIO) -> None:
        self.archive, self.seek, self.tell, self._read = (
            archive,
            handle.seek,
            handle.tell,
            handle.read,
        )

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise FileError(f"{self.archive}: damaged, a header of {size} bytes; get a fresh copy")
        return self._read(size)


def scanned_members(
    archive: Path, handle: BinaryIO, start: int, size: int
) -> tuple[dict[bytes, tuple[bytes, int, int, int]], int, str, tuple[str, ...]]:
    """Members from a place on by their headers: rows, end, ending and what is left out."""
    rows: dict[bytes, tuple[bytes, int, int, int]] = {}
    left_out: list[str] = []
    end = start
    handle.seek(start)
    try:
        tar = tarfile.TarFile(fileobj=cast("Any", Headers(archive, handle)), mode="r")
        while (info := tar.next()) is not None:
            cast("Any", tar).members = []  # which would fill the memory
            if info.offset_data + padded(info.size if info.isreg() else 0) > size:
                return rows, end, "cut", tuple(left_out)
            end = tar.offset
            name = plain_name(info.name)
            if name is not None and info.isreg() and not info.issparse():
                rows[name] = (name, info.offset_data, info.size, -1)
            elif not info.isdir():
                left_out.append(info.name)
    except tarfile.TarError as error:
        if str(error) in CUT:
            return rows, end, "open" if start == size else "cut", tuple(left_out)
        if not start and not rows:
            handle.seek(0)
            raise FileError(_no_archive(archive, handle.read(8))) from None
        return rows, end, "damaged", tuple(left_out)
    handle.seek(end)
    block = handle.read(BLOCK)
    if len(block) < BLOCK:
        ending = "cut" if block.strip(b"\0") else "open"
    else:
        ending = "damaged" if block.strip(b"\0") else "marked"
    return rows, end, ending, tuple(left_out)


def _no_archive(archive: Path, beginning: bytes) -> str:
    """What is said of a file that is no tar file."""
    packed = next((PACKED[start] for start in PACKED if beginning.startswith(start)), None)
    if packed:
        return f"{archive}: compressed with {packed}; unpack it (tar xf) into a folder"
    return f"{archive}: no tar archive, or a damaged one; get a fresh copy"


def plain_name(name: str) -> bytes | None:
    """Name of a member without ``./``; None if it leads elsewhere or cannot be shown.

    Examples
    --------
    >>> plain_name("./designs//a.pdb"), plain_name("../a.pdb"), plain_name("/etc/a.pdb")
    (b'designs/a.pdb', None, None)
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or not name.isprintable():
        return None
    plain = "/".join(parts).encode("utf-8", "surrogateescape")
    return plain if len(plain) <= MAX_NAME else None
