"""The bytes of structure files, and how they are written."""

from __future__ import annotations

import gzip
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..._system.files import FULL, replacing
from .atoms import FileError
from .content import format_of
from .members import split
from .writers import format_bcif, format_cif, format_pdb

if TYPE_CHECKING:
    from pathlib import Path

    from ..backbone import Backbone

__all__ = ["WRITERS", "check_numbering", "structure_bytes", "write_bytes"]

WRITERS = {"PDB": format_pdb, "mmCIF": format_cif, "BinaryCIF": format_bcif}


def structure_bytes(backbone: Backbone, path: Path) -> bytes:
    """Content of a structure file, in the format of its name; see `read_write.write`.

    Raises
    ------
    FileError
        If there are no atoms, or the format cannot hold the backbone.
    """
    kind = format_of(path)
    try:
        check_numbering(backbone)
        content = WRITERS[kind](backbone)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    if path.suffix.lower() == ".gz":
        content = gzip.compress(content, mtime=0)  # no time stamp, so equal input is equal bytes
    return content


def check_numbering(backbone: Backbone) -> None:
    """FileError unless there are atoms, and neighbours that a reader can tell apart."""
    written = np.flatnonzero(backbone.mask.any(axis=1))
    if not len(written):
        raise FileError("the backbone has no atoms; nothing was written")
    columns = (backbone.chain_ids, backbone.residue_numbers, backbone.insertion_codes)
    keys = zip(*(column[written].tolist() for column in columns), strict=True)
    for (chain, number, insertion), following in pairwise(keys):
        if (chain, number, insertion) == following:
            raise FileError(
                f"chain {chain!r} has two residues {number}{insertion} in a row; renumber them"
            )


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; FileError if that fails, OSError if the disk is full.

    A full disk is no fault of the structure: who goes on after a FileError must not go on then.
    """
    if path.is_dir():
        raise FileError(f"{path}: is a folder; give a file name")
    if split(path) is not None:
        raise FileError(f"{path}: is in an archive, which stays as it is; give another file name")
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except FileNotFoundError:
        raise FileError(f"{path}: folder {path.parent} does not exist; create it first") from None
    except OSError as error:
        if error.errno in FULL:
            raise
        raise FileError(f"{path}: cannot be written ({error.strerror}); check the folder") from None
