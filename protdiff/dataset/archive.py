"""The chain archive: many chains in two compressed files (docs/reference/data-sets.md)."""

from __future__ import annotations

import csv
from itertools import pairwise
from lzma import LZMAError
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from .store import SPLITS, TABLE, ChainSet, read_summary, sequence_hash

if TYPE_CHECKING:
    import os

    from jaxtyping import Int, Shaped

__all__ = ["is_dataset", "read_chains"]

#: Files of chains of up to 256 residues, and of longer ones.
ARCHIVES = ("structures_le256.npz", "structures_257_512.npz")
MAX_SHORT_LENGTH = 256


def is_dataset(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds chains: a data set, or a chain archive."""
    folder = Path(folder)
    archive = (folder / "chains.csv").is_file() and (folder / ARCHIVES[0]).is_file()
    return archive or (folder / "dataset.json").is_file()


def read_chains(
    folder: str | os.PathLike[str],
    split: str | None = None,
    *,
    max_length: int = 256,
    globular: bool = True,
) -> ChainSet:
    """Chains of a data set or of a chain archive, in their order.

    Parameters
    ----------
    folder : path
        Made by ``protdiff data build``, or with `chains.csv`, `structures_le256.npz` and, for
        longer chains, `structures_257_512.npz`.
    split : {"train", "val", "test"}, optional
        All of them by default.
    max_length : int
        Residues; longer chains are left out.
    globular : bool
        Leave out the chains flagged `extended`, which are not globular on their own.

    Returns
    -------
    ChainSet

    Raises
    ------
    ValueError
        If the folder holds no chains, or none of this split and length.

    Examples
    --------
    >>> from protdiff.dataset import read_chains
    >>> chains = read_chains("my_dataset", "train")  # doctest: +SKIP
    >>> chains[0].backbone()  # doctest: +SKIP
    Backbone(127 residues, chains 'A')
    """
    folder = Path(folder)
    if not is_dataset(folder):
        read_summary(folder)  # its error says what is missing
    if (folder / "dataset.json").is_file():
        chains = ChainSet.open(folder).select(split, max_length, globular)
    else:
        chains = read_archive(folder, max_length).select(split, max_length, globular)
        chains = chains.compact() if len(chains) else chains
    if not len(chains):
        of_split = f"of split {split!r} " if split else ""
        raise ValueError(f"{folder}: no chains {of_split}up to {max_length} residues")
    return chains


def read_archive(folder: str | os.PathLike[str], max_length: int = 512) -> ChainSet:
    """All chains of an archive, in the order of its files.

    The file of longer chains is read only if `max_length` calls for it.
    """
    folder = Path(folder)
    with (folder / "chains.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    files = [folder / ARCHIVES[0]]
    if max_length > MAX_SHORT_LENGTH and (folder / ARCHIVES[1]).is_file():
        files.append(folder / ARCHIVES[1])
    coords, types, tables, total = [], [], [], 0
    for file in files:
        arrays = _read_arrays(file)
        table = np.array([_entry(rows[int(k)]) for k in arrays["chain_index"]], dtype=TABLE)
        offsets = arrays["offsets"]
        table["start"], table["length"] = offsets[:-1] + total, np.diff(offsets)
        spans = (arrays["aatype"][first:last] for first, last in pairwise(offsets))
        table["sequence"] = [sequence_hash(span) for span in spans]
        coords.append(arrays["coords"])
        types.append(arrays["aatype"])
        tables.append(table)
        total += len(arrays["aatype"])
    return ChainSet(np.concatenate(coords), np.concatenate(types), None, np.concatenate(tables))


def _read_arrays(file: Path) -> dict[str, Int[np.ndarray, "..."]]:
    """Arrays of an archive's file: coords, aatype, offsets, chain_index."""
    try:
        with np.load(file) as archive:
            return {key: archive[key] for key in ("coords", "aatype", "offsets", "chain_index")}
    except (KeyError, EOFError, OSError, ValueError, BadZipFile, LZMAError) as error:
        raise ValueError(f"{file}: damaged, or not a chain archive ({error})") from None


def _entry(row: dict[str, str]) -> Shaped[np.ndarray, ""]:
    """Row of `TABLE` for a row of chains.csv; what the latter lacks is NaN or empty."""
    entry = np.zeros((), TABLE)
    name = "_".join(row[key] for key in ("pdb_id", "chain") if row.get(key))
    entry["name"] = (name or str(row["index"])).encode()
    entry["split"] = SPLITS.index(row["split"])
    entry["extended"] = row.get("extended") == "1"
    entry["cluster"] = int(row.get("cluster30") or row["index"])
    for key in ("resolution", "rg", "helix", "strand"):
        entry[key] = float(row.get(key) or "nan")
    return entry
