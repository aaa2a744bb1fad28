"""Tables of `protdiff score` that shards have written, and how they become the one of a whole run.

A shard's table has one column more, which says where its rows are in the whole one.
"""

from __future__ import annotations

import csv
import heapq
import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.reading import largest_size, read_text
from ..._system.words import counted
from .parquet_tables import PARQUET, parquet_columns, parquet_rows
from .rows import row_writer
from .shard_records import Record, agreed, remove_shards, unfinished
from .shards import Part, digest_of, parse_shard, shard_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .pairing import Task

    Row = dict[str, Any]

__all__ = [
    "PLACE",
    "detail_table",
    "merge_tables",
    "part_of_files",
    "part_of_tasks",
    "whole_table",
]

#: The column of a shard's table that the whole one lacks: numbers by which its rows are in order.
#: As a rule it is the row in the whole list, from 0.
PLACE = "place"
#: What may have tables beside that of scores.
DETAILS = ("residues", "interfaces")
SHARD_TABLE = re.compile(r"(.+)\.[0-9]+-of-[0-9]+(\.csv|\.json|\.parquet)", re.IGNORECASE)


def part_of_files(shard: str, files: Sequence[Path], names: Iterable[object]) -> Part:
    """The part of a shard, of a list of files; large ones are dealt to all shards.

    Parameters
    ----------
    shard : str
        The value of --shard.
    files : list of Path
    names : iterable
        What names the work of each file; shards of other names do not belong together.
    """
    from ...structure.io.tar_listing import stored_size

    sizes = [stored_size(file) for file in files]
    return parse_shard(shard).part(sizes, digest_of(zip(sizes, names, strict=True)))


def part_of_tasks(shard: str, tasks: Sequence[Task]) -> Part:
    """The part of a shard, of models that are scored."""
    return part_of_files(shard, [task.model for task in tasks], tasks)


def detail_table(table: Path, kind: str) -> Path:
    """Where the rows of residues or interfaces are, beside a table of scores."""
    ending = PARQUET if table.suffix.lower() == PARQUET else ".csv"
    return table.with_name(f"{table.stem}_{kind}{ending}")


def whole_table(path: Path) -> Path:
    """The table that shards are of, from its name or that of one of its shards.

    Examples
    --------
    >>> whole_table(Path("x/scores.3-of-16.csv")).as_posix()
    'x/scores.csv'
    """
    match = SHARD_TABLE.fullmatch(path.name)
    return path.with_name(match[1] + match[2]) if match else path


def merge_tables(table: Path, out: Path) -> str:
    """Join the tables of all shards into that of a whole run; what was done, in words.

    Parameters
    ----------
    table : Path
        The table that the shards are of.
    out : Path
        Where it is written. If it is there, the tables of shards are removed.

    Raises
    ------
    ValueError
        If shards are missing or unfinished, or of different commands; nothing is written then.
    """
    records = agreed(table)
    total, count = records[0].part.total, whole_count(records, table)
    shards = [one.shard for one in records if one.shard.count == count]
    parts = [shard.beside(table) for shard in shards]
    join(parts, out)
    for kind in DETAILS:
        tables = [path for path in (detail_table(part, kind) for part in parts) if path.is_file()]
        if tables:
            join(tables, detail_table(out, kind))
    if out == table:
        remove_tables(table)
    return f"{counted(total, 'row')} in {out}"


def whole_count(records: Sequence[Record], table: Path) -> int:
    """A number of shards of which all tables are there; ValueError if there is none."""
    counts = {one.shard.count for one in records}
    for count in sorted(counts):
        own = [one for one in records if one.shard.count == count]
        there = [one for one in own if one.shard.beside(table).is_file()]
        if len(there) == count:
            return count
    count = max(counts, key=lambda n: sum(one.shard.count == n for one in records))
    own = [one for one in records if one.shard.count == count]
    lacking = set(range(own[0].part.total))
    for one in own:
        if one.shard.beside(table).is_file():
            lacking -= set(one.part.places)
    raise ValueError(f"{table}: {unfinished(own, lacking, 'row')}")


def join(tables: Sequence[Path], out: Path) -> None:
    """Write the rows of several tables in the order of their places."""
    with ExitStack() as stack:
        opened = [_rows(path, stack) for path in tables]
        columns = next((columns for columns, _ in opened if columns), [])
        write = stack.enter_context(row_writer(out, [name for name in columns if name != PLACE]))
        for row in heapq.merge(*(rows for _, rows in opened), key=_order):
            write(row)


def _order(row: Row) -> tuple[float, ...]:
    """Numbers by which rows are in order."""
    return tuple(map(float, str(row[PLACE]).split()))


def _rows(path: Path, stack: ExitStack) -> tuple[Sequence[str], Iterator[Row]]:
    """Columns and rows of a shard's table."""
    problem = f"{path}: not the table of a shard of protdiff score; run the shard once more"
    if path.suffix.lower() == PARQUET:
        columns = parquet_columns(path)
        if PLACE not in columns:
            raise ValueError(problem)
        return columns, parquet_rows(path)
    try:
        if path.suffix.lower() == ".json":
            rows: list[Row] = json.loads(read_text(path))
            return list(rows[0]) if rows else [], iter(rows)
        csv.field_size_limit(largest_size())
        reader = csv.DictReader(stack.enter_context(path.open(newline="", encoding="utf-8")))
        columns = list(reader.fieldnames or ())
    except (OSError, ValueError, csv.Error, IndexError):
        raise ValueError(problem) from None
    if PLACE not in columns:
        raise ValueError(problem)
    return columns, iter(reader)


def remove_tables(table: Path) -> None:
    """Remove the tables and records of shards, whose rows the whole table has."""
    for _, path in shard_tables(table):
        for kind in DETAILS:
            detail_table(path, kind).unlink(missing_ok=True)
    remove_shards(table)
