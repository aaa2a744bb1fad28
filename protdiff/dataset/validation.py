"""Checks of the arrays of data sets and archives when they are opened, once and for all readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._system.arrays import read_arrays
from .._system.reading import TooLargeError, check_regular
from .._system.words import in_brief

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Int, Shaped

__all__ = ["check_chains", "check_codes", "checked_archive", "mapped_array"]

#: Values that are looked at together.
PIECE = 1 << 24


def mapped_array(path: Path, remedy: str = "rebuild the data set") -> np.ndarray:
    """An array of a .npy file, mapped and not read.

    Raises
    ------
    ValueError
        If it is missing or damaged; the message names it, and says what to do.
    """
    try:
        check_regular(path)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header raises errors of many kinds
        raise ValueError(f"{path}: damaged or missing ({in_brief(error, 80)}); {remedy}") from None


def check_codes(path: Path, codes: Int[np.ndarray, " residues"], count: int, unknown: int) -> None:
    """ValueError unless all codes are under `count`, or the one for unknown."""
    for first in range(0, len(codes), PIECE):
        piece = codes[first : first + PIECE]
        wrong = ((piece < 0) | (piece >= count)) & (piece != unknown)
        if wrong.any():
            place = first + int(wrong.argmax())
            raise ValueError(
                f"{path}: residue {place} has the type {codes[place]}, of which there are {count}; "
                "rebuild it"
            )


def check_chains(
    path: Path, table: Shaped[np.ndarray, " chains"], residues: int, splits: Sequence[int]
) -> None:
    """ValueError unless every chain has residues, within the arrays, and a split that exists."""
    start, length = table["start"].astype(np.int64), table["length"].astype(np.int64)
    outside = (start < 0) | (start > residues) | (length < 1) | (length > residues - start)
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(
            f"{path}: chain {row} is residues {start[row]} to {start[row] + length[row]} of "
            f"{residues}; rebuild the data set"
        )
    wrong = ~np.isin(table["split"], splits)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{path}: chain {row} is of no split; rebuild the data set")


def checked_archive(file: Path, chains: int) -> dict[str, np.ndarray]:
    """Arrays of an archive's file: coords, aatype, offsets, chain_index.

    Parameters
    ----------
    file : Path
    chains : int
        Rows of chains.csv.

    Raises
    ------
    ValueError
        If they are damaged, over the limit when decompressed, or do not fit each other.
    """
    names = ("coords", "aatype", "offsets", "chain_index")
    try:
        arrays = read_arrays(file, names)
        missing = [name for name in names if name not in arrays]
        if missing:
            raise ValueError(f"no {missing[0]}")
    except TooLargeError as error:
        raise ValueError(f"{file}: {error}") from None
    except Exception as error:  # a damaged archive raises errors of many kinds
        raise ValueError(f"{file}: damaged, or not a chain archive ({in_brief(error)})") from None
    if wrong := _misfit(arrays, chains):
        raise ValueError(f"{file}: damaged ({wrong}); get a fresh copy")
    return arrays


def _misfit(arrays: Mapping[str, np.ndarray], chains: int) -> str:
    """What is wrong with the arrays of an archive, in some words; "" if nothing is."""
    coords, types, offsets, index = (
        arrays[name] for name in ("coords", "aatype", "offsets", "chain_index")
    )
    for name in ("aatype", "offsets", "chain_index"):
        if arrays[name].dtype.kind not in "iu" or arrays[name].ndim != 1:
            return f"{name} must be whole numbers in a row"
    if coords.dtype != np.dtype("<i2") or coords.shape != (len(types), 4, 3):
        return f"coords must be int16 of shape ({len(types)}, 4, 3)"
    steps = np.diff(offsets.astype(np.int64))
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(types) or (steps < 1).any():
        return f"offsets must rise from 0 to {len(types)}"
    if len(index) != len(offsets) - 1:
        return f"chain_index must have {len(offsets) - 1} numbers"
    if len(index) and not (index.min() >= 0 and index.max() < chains):
        return f"chain_index must be rows of chains.csv, 0 to {chains - 1}"
    return ""
