"""Content of structure files: formats, compression, and errors that name the file."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.reading import TooLargeError, read_file, unpacked_bytes
from ..._system.words import in_brief
from .atoms import FileError
from .members import ARCHIVE, path_text, split
from .tar_listing import stored_bytes

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["explained", "format_of", "read_bytes"]

FORMATS = {".pdb": "PDB", ".ent": "PDB", ".cif": "mmCIF", ".mmcif": "mmCIF", ".bcif": "BinaryCIF"}
#: Endings of archives in which no single structure can be found without unpacking all before it.
PACKED_ARCHIVES = (
    ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".zip",
)  # fmt: skip


def format_of(path: Path) -> str:
    """Format by suffix; FileError for one that is not supported."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix == ".mmtf":
        raise FileError(f"{path}: MMTF is not supported; convert to mmCIF (.cif)")
    if suffix not in FORMATS:
        if path.suffix.lower() == ARCHIVE:
            raise FileError(f"{path}: an archive; name a structure in it, as in {path}::NAME")
        if path.name.lower().endswith(PACKED_ARCHIVES):
            tool = "unzip" if path.suffix.lower() == ".zip" else "tar xf"
            raise FileError(f"{path}: a compressed archive; unpack it ({tool}) into a folder")
        raise FileError(
            f"{path}: unknown file type; use PDB (.pdb, .ent), mmCIF (.cif, .mmcif) or "
            "BinaryCIF (.bcif), each also with .gz"
        )
    return FORMATS[suffix]


def read_bytes(path: Path) -> tuple[bytes, str]:
    """Decompressed content and format of a file, up to `reading.largest_size`.

    The file may be a member of an archive, see `members`.
    """
    where = path_text(path)
    if "\0" in where:
        raise FileError(f"{where!r}: not a file name; it has a null character")
    try:
        content, kind = _content(path)
    except FileNotFoundError:
        raise FileError(f"{where}: no such file; check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileError(f"{where}: truncated, or not gzip-compressed; get a fresh copy") from None
    except TooLargeError as error:
        raise FileError(f"{where}: {error}") from None
    except OSError as error:
        raise FileError(f"{where}: cannot be read ({error.strerror}); check the path") from None
    if not content.strip():
        raise FileError(f"{where}: empty file; get a fresh copy")
    if content.startswith(b"\x1f\x8b"):
        raise FileError(f"{where}: gzip-compressed without .gz in its name; rename it")
    return content, kind


def _content(path: Path) -> tuple[bytes, str]:
    """Content and format of a file."""
    packed = path.suffix.lower() == ".gz"
    if split(path) is not None:
        stored = stored_bytes(path)
        kind = format_of(path)
        return unpacked_bytes(stored) if packed else stored, kind
    if path.is_dir():
        raise FileError(f"{path}: is a folder; give a structure file")
    path.stat()  # a file that is not there is reported before a suffix that is not known
    kind = format_of(path)
    return read_file(path, packed=packed), kind


@contextmanager
def explained(where: str, kind: str) -> Generator[None]:
    """Context in which every error becomes a `FileError` that begins with where it is."""
    try:
        yield
    except FileError as error:
        raise FileError(f"{where}: {error}") from None
    except Exception as error:
        reason = in_brief(error, 100)
        raise FileError(
            f"{where}: damaged, or not in {kind} format ({reason}); get a fresh copy"
        ) from None
