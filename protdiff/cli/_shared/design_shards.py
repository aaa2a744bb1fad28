"""Folders of generated structures that shards have written, and the table of their residues."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.files import open_text, replacing
from ..._system.words import counted
from .design_store import Store
from .frame_options import parse_frames
from .input_files import different
from .manifest import (
    IDENTITY,
    MANIFEST,
    all_rows,
    file_name,
    rows_of_shards,
    warn_of_bonds,
    write_manifest,
)
from .options import Format
from .shard_records import agreed, remove_shards, unfinished
from .shards import Part, digest_of, parse_shard, shard_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...sampling.plan import Request

    Groups = Sequence[Sequence[Request]]

__all__ = ["RESIDUES", "merge_designs", "own_groups", "write_residues"]

#: Which output residue is which input residue, where a condition relates them.
RESIDUES = "residues.csv"
COLUMNS = ("file", "residue", "input_chain", "input_residue", "residue_name")


def own_groups(shard: str | None, groups: Groups) -> tuple[Part | None, Groups]:
    """What a shard of an option does: its part of the samples, and the batches of that part.

    Single-precision sums depend on the size of a batch, and with them the last digit in a file. So
    batches are dealt whole: a shard draws them as one run does.

    Parameters
    ----------
    shard : str, optional
        Without it, all batches are drawn here.
    groups : list of lists of Request
        The batches of one run, longest chains first.
    """
    if shard is None:
        return None, groups
    chosen = parse_shard(shard)
    own = [groups[place] for place in chosen.places([group[0].length for group in groups])]
    plan = digest_of(
        (one.index, one.length, one.sequence, one.structure, number)
        for number, group in enumerate(groups)
        for one in group
    )
    places = sorted(request.index for group in own for request in group)
    return Part(chosen, tuple(places), sum(map(len, groups)), plan), own


def write_residues(path: Path, requests: Mapping[str, Request]) -> None:
    """Write the table of residues, if the conditions of the requests, by file, relate any.

    What it says of other files stays: those of another name, or of a larger run.
    """
    own = {
        file: [(file, place + 1, *rest) for place, *rest in request.condition.residues()]
        for file, request in requests.items()
        if request.condition is not None
    }
    if any(own.values()):
        _write_rows(path, _rows_in(path) | own)


def _rows_in(path: Path) -> dict[str, list[Sequence[object]]]:
    """Rows by file of a table of residues; none if it is not there."""
    found: dict[str, list[Sequence[object]]] = {}
    if not path.is_file():
        return found
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            header, *rows = csv.reader(handle)
    except (OSError, ValueError, csv.Error):
        header, rows = [], []
    if tuple(header) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"{path}: not as protdiff generate writes it; choose another --out")
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _write_rows(path: Path, rows: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """Write a table of residues, whole or not at all; without rows there is none."""
    if not any(rows.values()):
        return
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        for own in rows.values():
            writer.writerows(own)


def merge_designs(out: Path) -> str:
    """Join the tables of all shards of a folder into those of a whole run; what was done, in words.

    Raises
    ------
    ValueError
        If shards are missing or unfinished, or of different commands; nothing is written then.
    """
    records = agreed(out / MANIFEST)
    rows = all_rows(out / MANIFEST)
    options, total = records[0].options, records[0].part.total
    store = Store(out, options["archive"] or None)
    files = [file_name(options["name"], place, options["format"]) for place in range(total)]
    _check_rows(out, [rows[file] for file in files if file in rows], options)
    there = {file for file in files if file in rows and store.is_whole(file)}
    if options["trajectory"]:  # which designs that were there have since these shards
        rows |= rows_of_shards(out / MANIFEST)
        frames = parse_frames(options["trajectory"].replace(" ", ","), Format.pdb)
        there = {file for file in there if frames.are_there(out, rows[file])}
    lacking = {place for place, file in enumerate(files) if file not in there}
    if lacking:
        raise ValueError(f"{out}: {unfinished(records, lacking, 'backbone')}")
    residues = _all_residues(out)
    # The rows first: a shard that comes after a killed merge must know what the archive holds.
    write_manifest(out / MANIFEST, rows)
    own = {file: residues.pop(file) for file in files if file in residues}
    _write_rows(out / RESIDUES, residues | own)
    store.finish()
    remove_shards(out / MANIFEST, RESIDUES)
    warn_of_bonds([rows[file] for file in files], MANIFEST)
    where = store.whole if store.archive else out
    return f"{counted(total, 'backbone')} in {where}; {MANIFEST} lists them"


def _check_rows(out: Path, rows: Iterable[Mapping[str, str]], options: Mapping[str, str]) -> None:
    """ValueError if a design was made with other options than those of the shards."""
    for row in rows:
        differs = [key for key in IDENTITY if options.get(key, row[key]) != row[key]]
        if differs:
            raise ValueError(
                f"{out / row['file']}: made with other options "
                f"({different(differs, row, options)}) than the shards there; merge each command's "
                "shards in a folder of their own"
            )


def _all_residues(out: Path) -> dict[str, list[Sequence[object]]]:
    """Rows by file of all tables of residues."""
    found: dict[str, list[Sequence[object]]] = {}
    for path in (out / RESIDUES, *(path for _, path in shard_tables(out / RESIDUES))):
        found |= _rows_in(path)
    return found
