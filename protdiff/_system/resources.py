"""Paths of the files that the package ships: small statistics, and weights."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

__all__ = ["data_file", "same_file", "weight_folders"]

PACKAGE = Path(__file__).parents[1]

#: Inside the installed package, then beside it in a checkout.
DATA_FOLDERS = (PACKAGE / "_data", PACKAGE.parent / "data")
WEIGHT_FOLDERS = (PACKAGE / "_weights", PACKAGE.parent / "weights")


def data_file(name: str) -> Path:
    """Path of a shipped file of statistics.

    Raises
    ------
    FileNotFoundError
        If this installation lacks it.
    """
    for folder in DATA_FOLDERS:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"data/{name} is missing from this installation")


def weight_folders() -> list[Path]:
    """Folders in which shipped weights may lie."""
    return list(WEIGHT_FOLDERS)


def same_file(path: str | Path, digest: str) -> Path | None:
    """A file with a content, under a path or, of that name, among the shipped weights.

    Parameters
    ----------
    path : path
        Where it is on another machine, perhaps.
    digest : str
        SHA-256.
    """
    for place in (Path(path), *(folder / Path(path).name for folder in WEIGHT_FOLDERS)):
        try:
            state = place.stat()
            if _digest(place, state.st_mtime_ns, state.st_size) == digest:
                return place
        except OSError:
            continue
    return None


@lru_cache(maxsize=32)
def _digest(path: Path, modified: int, size: int) -> str:
    """SHA-256 of a file; computed once as long as it stays as it is."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
