"""The manifest of a folder of generated structures: one row per file, enough to make it again."""

import csv

from ..._system.files import replacing

__all__ = ["COLUMNS", "existing_rows", "write_manifest"]

COLUMNS = (
    "file", "length", "seed", "sample", "steps", "temperature", "guidance", "network_calls",
    "seconds", "residue_names", "secondary_structure", "condition", "weights", "weights_sha256",
    "protdiff", "command",
)  # fmt: skip
#: Columns that say which structure a file holds; the rest may differ between runs.
IDENTITY = (
    "file", "length", "seed", "sample", "steps", "temperature", "guidance", "residue_names",
    "secondary_structure", "condition", "weights_sha256", "protdiff",
)  # fmt: skip


def existing_rows(manifest, planned):
    """Rows of an earlier, interrupted run of the same command by file.

    Raises
    ------
    ValueError
        When the folder holds a file of a planned name that this command did not make, or a
        manifest of another program.
    """
    rows, folder = {}, manifest.parent
    if manifest.exists():
        try:
            with manifest.open(newline="", encoding="utf-8") as handle:
                reader = csv.DictReader(handle)
                foreign = tuple(reader.fieldnames or ()) != COLUMNS
                rows = {row["file"]: row for row in reader} if not foreign else {}
        except (OSError, UnicodeDecodeError, csv.Error):
            foreign = True
        if foreign:
            raise ValueError(f"{manifest}: not a manifest of protdiff; choose another --out")
    for row in planned:
        old, path = rows.get(row["file"]), folder / row["file"]
        if (old is None and path.exists()) or (
            old is not None and any(old[key] != str(row[key]) for key in IDENTITY)
        ):
            raise ValueError(
                f"{path}: made with other options, or not by protdiff; "
                "choose another --out or --name, or remove it"
            )
        if old is not None and not (path.is_file() and path.stat().st_size):
            del rows[row["file"]]  # to be made again
    return rows


def write_manifest(path, rows):
    """All rows, sorted by file, renamed into place."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))
