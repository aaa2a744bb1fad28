"""The manifest of a folder of generated structures: one row per file, enough to make it anew."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.files import naming_full_disk, open_text, replacing
from ...sampling.broken_bonds import warn_of_broken_bonds
from ...structure.io.members import path_text
from .input_files import different
from .shards import shard_tables

if TYPE_CHECKING:
    from .design_store import Store
    from .shards import Shard

__all__ = [
    "COLUMNS", "MANIFEST", "add_rows", "all_rows", "existing_rows", "file_name", "rows_of_shards",
    "warn_of_bonds", "write_manifest",
]  # fmt: skip

MANIFEST = "manifest.csv"

COLUMNS = (
    "file", "length", "seed", "sample", "steps", "sampler", "temperature", "guidance", "batch_size",
    "network_calls", "seconds", "residue_names", "sequence_name", "secondary_structure",
    "condition", "weights", "weights_sha256", "protdiff", "command", "trajectory", "frames",
    "broken_bonds", "hotspots", "target_clashes",
)  # fmt: skip
#: Columns that say which structure a file holds; the rest may differ between runs. The version is
#: among them: other code may draw another structure from the same seed. The size of batches is not:
#: it changes last digits alone, and a smaller one is what is left when memory is full.
IDENTITY = (
    "file", "length", "seed", "sample", "steps", "sampler", "temperature", "guidance",
    "residue_names", "secondary_structure", "condition", "weights_sha256", "protdiff",
)  # fmt: skip


def file_name(name: str, index: int, format: str) -> str:
    """Name of the file of a sample.

    Examples
    --------
    >>> file_name("backbone", 7, "pdb")
    'backbone_0007.pdb'
    """
    return f"{name}_{index:04d}.{format}"


def all_rows(manifest: Path, shard: Shard | None = None) -> dict[str, Mapping[str, Any]]:
    """Rows by file of a manifest and of those of shards beside it.

    Parameters
    ----------
    manifest : Path
        That of a whole run.
    shard : Shard, optional
        Who reads: its own rows go first, and those of its fellows, who have other files, are left
        out.
    """
    fellows = None if shard is None else shard.count
    rows = rows_of_shards(manifest, fellows) | _read_rows(manifest)
    return rows if shard is None else rows | _read_rows(shard.beside(manifest))


def rows_of_shards(manifest: Path, but: int | None = None) -> dict[str, Mapping[str, Any]]:
    """Rows by file of the manifests of shards, but for those of a number of shards."""
    rows: dict[str, Mapping[str, Any]] = {}
    for shard, table in shard_tables(manifest):
        if shard.count != but:
            rows |= _read_rows(table)
    return rows


def existing_rows(
    store: Store, planned: Iterable[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Rows of an earlier, interrupted run of the same command by file, or of some of its shards.

    Raises
    ------
    ValueError
        When the folder holds a structure of a planned name that this command did not make, or has
        not where it is to go; or a manifest of another program.
    """
    folder, shard, planned = store.out, store.shard, list(planned)
    rows, files = all_rows(folder / MANIFEST, shard), {row["file"] for row in planned}
    store.check(rows, files, elsewhere(folder))
    for row in planned:
        old, path = rows.get(row["file"]), path_text(store.path(row["file"]))
        if old is None and store.is_there(row["file"]):
            raise ValueError(
                f"{path}: not in the manifest, so not of this command; {elsewhere(folder)}"
            )
        differs = [key for key in IDENTITY if old is not None and old[key] != str(row[key])]
        if old is not None and differs == ["protdiff"]:
            raise ValueError(
                f"{path}: made by protdiff {old['protdiff']}, and this is {row['protdiff']}, which "
                f"may draw other structures; {elsewhere(folder)}"
            )
        if old is not None and differs:
            names = different(differs, old, row)
            raise ValueError(f"{path}: made with other options ({names}); {elsewhere(folder)}")
        if old is not None and not store.is_whole(row["file"]):
            del rows[row["file"]]  # to be drawn anew
    return rows if shard is None else {file: rows[file] for file in files & rows.keys()}


def elsewhere(folder: Path) -> str:
    """Where the structures of another command can go; names a folder that is not there yet.

    Examples
    --------
    >>> elsewhere(Path("none/designs"))
    'choose another --out, such as none/designs-2, or another --name, or remove it'
    """
    free = next(
        other for n in count(2) if not (other := folder.with_name(f"{folder.name}-{n}")).exists()
    )
    return f"choose another --out, such as {free}, or another --name, or remove it"


def _read_rows(manifest: Path) -> dict[str, Mapping[str, Any]]:
    """Rows of a manifest by file; none if there is no manifest."""
    if not manifest.exists():
        return {}
    try:
        with manifest.open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            if tuple(reader.fieldnames or ()) == COLUMNS:
                # The last row of a killed run may be cut off: its structure is not there yet.
                return {row["file"]: row for row in reader if None not in row.values()}
    except (OSError, UnicodeDecodeError, csv.Error):
        pass
    raise ValueError(
        f"{manifest}: not a manifest of this version of protdiff; choose another --out"
    )


def add_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows at the end of a manifest, which is sorted when all are there."""
    with naming_full_disk(path), open_text(path, "a") as handle:
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        writer.writerows(rows)


def write_manifest(path: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write all rows, sorted by file, in one step."""
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))


def warn_of_bonds(rows: Sequence[Mapping[str, Any]], table: str) -> None:
    """Issue a warning if backbones have broken bonds: of the rows of a command, in a table."""
    if rows:
        counts = [int(row["broken_bonds"]) for row in rows]
        where = f"; column broken_bonds of {table}"
        warn_of_broken_bonds(counts, float(rows[0]["temperature"]), where)
