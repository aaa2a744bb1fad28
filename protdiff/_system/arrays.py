"""Arrays in files that others wrote: without pickles, and no more than a limit."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from .reading import check_regular, largest_size, read_file, too_large

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["read_array", "read_arrays"]


def read_arrays(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """Some arrays of an .npz file; those that it does not have are left out.

    Raises
    ------
    OSError, ValueError, zipfile.BadZipFile, …
        If it cannot be read, or the arrays are larger than `largest_size` together. A damaged
        archive raises errors of many kinds.
    """
    check_regular(path)
    with ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    there = [name for name in names if f"{name}.npy" in sizes]
    if sum(sizes[f"{name}.npy"] for name in there) > largest_size():
        raise too_large()
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in there}
    if not all(isinstance(array, np.ndarray) for array in found.values()):  # or bytes
        raise ValueError("it holds what is no array")
    return found


def read_array(path: Path) -> np.ndarray:
    """The array of an .npy file; errors as of `read_arrays`."""
    return np.load(io.BytesIO(read_file(path)), allow_pickle=False)
