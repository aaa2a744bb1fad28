"""Paths of the files that the package ships: small statistics, and weights."""

from __future__ import annotations

from pathlib import Path

__all__ = ["data_file", "weight_folders"]

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
