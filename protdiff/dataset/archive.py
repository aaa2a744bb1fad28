"""The chain archive: many chains in two compressed files and a table (docs/data.md)."""

import csv
from itertools import pairwise
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from .store import SPLITS, TABLE, ChainSet, read_summary, sequence_hash

__all__ = ["is_dataset", "read_chains"]

ARCHIVES = ("structures_le256.npz", "structures_257_512.npz")


def is_dataset(folder):
    """Whether a folder holds chains: a data set, or a chain archive."""
    folder = Path(folder)
    archive = (folder / "chains.csv").is_file() and (folder / ARCHIVES[0]).is_file()
    return archive or (folder / "dataset.json").is_file()


def read_chains(folder, split=None, *, max_length=256, globular=True):
    """Chains of a data set or a chain archive, in their order.

    Parameters
    ----------
    folder : path
        Made by ``protdiff data build``, or with `chains.csv`, `structures_le256.npz` and, for
        longer chains, `structures_257_512.npz`.
    split : {"train", "val", "test"}, optional
    max_length : int
        Longer chains are left out.
    globular : bool
        Leave out the chains flagged `extended`: not globular on their own.

    Returns
    -------
    ChainSet

    Raises
    ------
    ValueError
        If the folder holds no chains, or none of these.
    """
    folder = Path(folder)
    if not is_dataset(folder):
        read_summary(folder)
    if (folder / "dataset.json").is_file():
        chains = ChainSet.open(folder).select(split, max_length, globular)
    else:
        chains = read_archive(folder, max_length).select(split, max_length, globular)
        chains = chains.compact() if len(chains) else chains
    if not len(chains):
        what = f"of split {split!r} " if split else ""
        raise ValueError(f"{folder}: no chains {what}up to {max_length} residues")
    return chains


def read_archive(folder, max_length=512):
    """All chains of an archive, in the order of its files; the longer file only if needed."""
    with (Path(folder) / "chains.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    parts, tables, total = [], [], 0
    files = [Path(folder) / name for name in ARCHIVES[: 1 + (max_length > 256)]]
    for file in files[:1] + [f for f in files[1:] if f.is_file()]:
        try:
            with np.load(file) as z:
                coords, types, offsets, index = (
                    z[key] for key in ("coords", "aatype", "offsets", "chain_index")
                )
        except (KeyError, EOFError, OSError, ValueError, BadZipFile, LZMAError) as error:
            raise ValueError(f"{file}: damaged, or not a chain archive ({error})") from None
        table = np.array([_entry(rows[int(k)]) for k in index], dtype=TABLE)
        table["start"], table["length"] = offsets[:-1] + total, np.diff(offsets)
        spans = (types[a:b] for a, b in pairwise(offsets))
        table["sequence"] = [sequence_hash(span) for span in spans]
        parts.append((coords, types))
        tables.append(table)
        total += len(types)
    coords, types = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return ChainSet(coords, types, None, np.concatenate(tables))


def _entry(row):
    """Row of the table of a row of chains.csv; what it lacks is NaN or empty."""
    entry = np.zeros((), TABLE)
    name = "_".join(row[key] for key in ("pdb_id", "chain") if row.get(key))
    entry["name"] = (name or str(row["index"])).encode()
    entry["split"] = SPLITS.index(row["split"])
    entry["extended"] = row.get("extended") == "1"
    entry["cluster"] = int(row.get("cluster30") or row["index"])
    for key in ("resolution", "rg", "helix", "strand"):
        entry[key] = float(row.get(key) or "nan")
    return entry
