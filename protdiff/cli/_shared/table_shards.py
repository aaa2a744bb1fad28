"""Tables of `protdiff score` that shards have written, and how they become the one of a whole run.

A shard's table has one column more, which says where its rows are in the whole one.
"""

from __future__ import annotations

import csv
import heapq
import json
import re
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.locks import one_writer
from ..._system.reading import largest_size, read_text
from ..._system.words import counted
from .parquet_tables import PARQUET, parquet_columns, parquet_rows
from .rows import row_writer
from .shard_records import Record, agreed, remove_shards, unfinished
from .shards import Part, digest_of, parse_shard

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
#: Lines of a table that are read at one time.
LINES = 200
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
    if (verb := records[0].verb) != "score":
        raise ValueError(f"{table}: of protdiff {verb}; give its folder, {table.parent}")
    total, count = records[0].part.total, whole_count(records, table)
    own = [one for one in records if one.shard.count == count]
    parts = {one.shard.beside(table): one.part.places for one in own}
    details = {kind: _details(parts, kind) for kind in _kinds(records[0])}
    join(list(parts), out, list(parts.values()))
    for kind, tables in details.items():
        join(tables, detail_table(out, kind))
    if out == table:
        with one_writer(table):
            endings = (detail_table(table, kind).name[len(table.stem) :] for kind in DETAILS)
            remove_shards(table, details=tuple(endings))
    return f"{counted(total, 'row')} in {out}"


def _kinds(record: Record) -> list[str]:
    """What has a table beside that of scores, by the options of the shards."""
    return [kind for kind in DETAILS if record.options.get(f"per_{kind.removesuffix('s')}")]


def _details(parts: Iterable[Path], kind: str) -> list[Path]:
    """Tables of residues or interfaces of all shards; ValueError if one is gone."""
    tables = [detail_table(part, kind) for part in parts]
    if gone := next((path for path in tables if not path.is_file()), None):
        raise ValueError(f"{gone}: not there any more; run the shard once more")
    return tables


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


def join(tables: Sequence[Path], out: Path, places: Sequence[Sequence[int]] | None = None) -> None:
    """Write the rows of several tables in the order of their places.

    Of a table some rows are in memory at a time, and none stays open: there may be more shards than
    files that a process may open.

    Parameters
    ----------
    tables : sequence of Path
    out : Path
    places : sequence of sequences of int, optional
        Of the rows that each table must have.

    Raises
    ------
    ValueError
        If a table is none of a shard, or has lost rows; nothing is written then.
    """
    opened = [_rows(path) for path in tables]
    columns = next((columns for columns, _ in opened if columns), [])
    parts = [_ordered(rows, path) for (_, rows), path in zip(opened, tables, strict=True)]
    if places is not None:
        parts = list(map(_complete, parts, tables, places))
    with row_writer(out, [name for name in columns if name != PLACE]) as write:
        for _, row in heapq.merge(*parts, key=itemgetter(0)):
            write(row)


def _damaged(path: Path) -> ValueError:
    return ValueError(f"{path}: not the whole table of a shard; run the shard once more")


def _ordered(rows: Iterable[Row], path: Path) -> Iterator[tuple[tuple[float, ...], Row]]:
    """Rows with the numbers by which they are in order."""
    for row in rows:
        try:
            order = tuple(map(float, str(row[PLACE]).split()))
        except (ValueError, KeyError, TypeError):
            raise _damaged(path) from None
        yield order, row


def _complete(
    rows: Iterable[tuple[tuple[float, ...], Row]], path: Path, places: Sequence[int]
) -> Iterator[tuple[tuple[float, ...], Row]]:
    """The same rows; ValueError unless they are those of the places."""
    expected = iter(places)
    for order, row in rows:
        if order != (next(expected, -1),):
            raise _damaged(path)
        yield order, row
    if next(expected, None) is not None:
        raise _damaged(path)


def _rows(path: Path) -> tuple[Sequence[str], Iterator[Row]]:
    """Columns and rows of a shard's table; it is closed."""
    if path.suffix.lower() == PARQUET:
        columns: Sequence[str] = parquet_columns(path)
        rows: Iterator[Row] = parquet_rows(path)
    elif path.suffix.lower() == ".json":
        try:
            text = read_text(path)
        except (OSError, UnicodeDecodeError):
            raise _damaged(path) from None
        try:
            found = json.loads(text)
            columns, rows = list(found[0]) if found else [PLACE], iter(found)
        except (ValueError, TypeError, KeyError):
            raise _damaged(path) from None
        if not found:
            return [], rows
    else:
        lines = _lines(path)
        columns = next(lines, [])
        rows = (dict(zip(columns, line, strict=True)) for line in lines)
    if PLACE not in columns:
        raise _damaged(path)
    return columns, rows


def _lines(path: Path) -> Iterator[list[str]]:
    """Fields of the lines of a CSV file, all as many as the first; it is open only now and then."""
    csv.field_size_limit(largest_size())
    place, count = 0, None
    while True:
        try:
            with path.open(newline="", encoding="utf-8") as handle:
                handle.seek(place)
                # Lines one by one, for the place of what follows is known only then.
                lines = list(islice(csv.reader(iter(handle.readline, "")), LINES))
                place = handle.tell()
        except (OSError, ValueError, csv.Error):
            raise _damaged(path) from None
        if not lines:
            return
        count = len(lines[0]) if count is None else count
        if any(len(line) != count for line in lines):
            raise _damaged(path)
        yield from lines
