"""The chain archive: many chains in two compressed files (docs/reference/data-sets.md)."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._system.reading import check_regular, read_text
from .._system.words import in_brief
from ..structure.backbone import RESIDUE_TYPES
from .store import SPLITS, TABLE, UNKNOWN, ChainSet, read_summary, sequence_hash
from .validation import check_codes, checked_archive

if TYPE_CHECKING:
    import os

    from jaxtyping import Shaped

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
    rows = _read_rows(folder / "chains.csv")
    files = [folder / ARCHIVES[0]]
    if max_length > MAX_SHORT_LENGTH and (folder / ARCHIVES[1]).is_file():
        files.append(folder / ARCHIVES[1])
    coords, types, tables, total = [], [], [], 0
    for file in files:
        arrays = checked_archive(file, len(rows))
        check_codes(file, arrays["aatype"], len(RESIDUE_TYPES), UNKNOWN)
        arrays["aatype"] = arrays["aatype"].astype(np.uint8)
        table = rows[arrays["chain_index"]]
        offsets = arrays["offsets"]
        table["start"], table["length"] = offsets[:-1] + total, np.diff(offsets)
        spans = (arrays["aatype"][first:last] for first, last in pairwise(offsets))
        table["sequence"] = [sequence_hash(span) for span in spans]
        coords.append(arrays["coords"])
        types.append(arrays["aatype"])
        tables.append(table)
        total += len(arrays["aatype"])
    return ChainSet(np.concatenate(coords), np.concatenate(types), None, np.concatenate(tables))


def _read_rows(path: Path) -> Shaped[np.ndarray, " chains"]:
    """Rows of `TABLE` for those of chains.csv."""
    entries: list[np.ndarray] = []
    try:
        check_regular(path)
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        entries += map(_entry, reader)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise ValueError(
            f"{path}: damaged, row {len(entries) + 1} ({in_brief(error, 80)}); get a fresh copy"
        ) from None
    return np.array(entries, dtype=TABLE)


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
