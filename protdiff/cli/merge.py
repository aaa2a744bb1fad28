"""`protdiff merge`: what shards have written, joined into what one run would have written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from .._system.locks import one_writer
from .._system.reading import real_path
from .._system.words import alternatives
from ._shared.check_report import TABLE as CHECKED
from ._shared.check_shards import merge_checks
from ._shared.design_shards import merge_designs
from ._shared.groups import grouped
from ._shared.manifest import MANIFEST
from ._shared.rows import TABLES
from ._shared.sequence_files import TABLE
from ._shared.sequence_shards import merge_sequences
from ._shared.shard_records import Record, finish_removal
from ._shared.structure_sets import output_folder
from ._shared.table_shards import merge_tables, whole_table

__all__ = ["merge"]


@grouped
def merge(
    *,
    shards: Annotated[
        list[Path],
        typer.Argument(metavar="OUT...", help="Folder of the shards, or their table or tables."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="For tables: another file for the whole one; those of shards stay."),
    ] = None,
) -> None:
    """Join what the shards of a command have written, as if one run had written it.

    Of a folder of protdiff generate or extend the manifests of all shards become manifest.csv, and
    of one of protdiff design or check the tables become the whole ones. Of protdiff score
    scores.1-of-16.csv, … become scores.csv. It says which shards are missing or unfinished, and
    then joins nothing; it can be run twice. Tables of shards are removed when the whole one is
    there.
    """
    whole = list(dict.fromkeys(map(whole_table, shards)))
    if len(whole) > 1:
        raise ValueError(f"{whole[0]} and {whole[1]}: give one folder, or tables of one command")
    if whole[0].is_dir():
        if out is not None:
            raise ValueError("--out: goes with tables; a folder is merged where it is")
        merge_folder(whole[0])
    else:
        merge_file(whole[0], whole[0] if out is None else out)


def merge_folder(folder: Path) -> None:
    """Join the shards in a folder of structures, sequences or models."""
    kinds = {MANIFEST: merge_designs, TABLE: merge_sequences, CHECKED: merge_checks}
    with output_folder(folder, ""):
        for name in kinds:
            finish_removal(folder / name)
        found = [name for name in kinds if Record.all_of(folder / name)]
        for name in found:
            print(kinds[name](folder))
        there = next((name for name in kinds if (folder / name).is_file()), None)
        if not found and there is None:
            raise ValueError(f"{folder}: no shards of generate, extend, design or check in it")
        if not found:
            print(f"nothing to merge in {folder}: {there} is there, and no shards are")


def merge_file(table: Path, out: Path) -> None:
    """Join the tables of shards of scores."""
    if table.suffix.lower() not in TABLES:
        raise ValueError(
            f"{table}: no such folder, and no table ({alternatives(TABLES)}) of protdiff score"
        )
    if real_path(out) == real_path(table):
        out = table
    if out.suffix.lower() != table.suffix.lower():
        raise ValueError(f"--out {out}: must end in {table.suffix}, as the tables of the shards do")
    with one_writer(table) if table.is_file() else nullcontext():
        finish_removal(table)
    if not Record.all_of(table) and table.is_file() and out == table:
        print(f"nothing to merge: {table} is there, and no shards are")
        return
    with nullcontext() if out == table else one_writer(table):
        print(merge_tables(table, out))
