"""The chain archive: many chains in two files and a table (docs/data.md)."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .backbone import RESIDUE_TYPES, Backbone

__all__ = ["Chain", "is_archive", "read_archive"]

ARCHIVES = ("structures_le256.npz", "structures_257_512.npz")
#: Å per unit of the stored integers.
UNIT = 0.01


class Chain(NamedTuple):
    """One chain: its row of chains.csv, coordinates int16 (L, 4, 3), residue types (L,)."""

    row: dict
    coords: np.ndarray
    types: np.ndarray

    @property
    def name(self):
        """PDB id and chain, or the row number where the table has no ids."""
        parts = [self.row[key] for key in ("pdb_id", "chain") if self.row.get(key)]
        return "_".join(parts) or str(self.row["index"])

    def backbone(self, ca_only=False):
        """The chain as a `Backbone`, chain A, residues from 1."""
        sequence = "".join(RESIDUE_TYPES[t] for t in self.types)
        coords = self.coords * UNIT
        if ca_only:
            coords[:, [0, 2, 3]] = np.nan
        return Backbone.from_coords(coords, sequence)


def is_archive(folder):
    """Whether a folder holds a chain archive."""
    return (Path(folder) / "chains.csv").is_file() and (Path(folder) / ARCHIVES[0]).is_file()


def read_archive(folder, split, *, max_length=256, globular=True):
    """Chains of one split, in the order of the files.

    Parameters
    ----------
    folder : path
        Holds `chains.csv`, `structures_le256.npz` and, for longer chains,
        `structures_257_512.npz`.
    split : {"train", "val", "test"}
    max_length : int
        Longer chains are left out.
    globular : bool
        Leave out the chains flagged `extended`: not globular on their own.

    Returns
    -------
    list of Chain

    Raises
    ------
    FileNotFoundError, ValueError
        If the table is not there, or has no such chain.
    """
    table = Path(folder) / "chains.csv"
    if not table.is_file():
        raise FileNotFoundError(f"{table}: no such file; `data` must name a folder with chains.csv")
    with table.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    chains = []
    files = [table.with_name(name) for name in ARCHIVES[: 1 + (max_length > 256)]]
    for file in files[:1] + [f for f in files[1:] if f.is_file()]:
        with np.load(file) as z:
            coords, types, offsets, index = (
                z[key] for key in ("coords", "aatype", "offsets", "chain_index")
            )
        for k, row in enumerate(rows[int(i)] for i in index):
            wanted = row["split"] == split and int(row["length"]) <= max_length
            if wanted and not (globular and row["extended"] == "1"):
                span = slice(offsets[k], offsets[k + 1])
                chains.append(Chain(row, coords[span], types[span]))
    if not chains:
        raise ValueError(f"{folder}: no chains of split {split!r} up to {max_length} residues")
    return chains
