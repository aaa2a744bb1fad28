"""The rows of `protdiff report`: structures, with what tables say of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ...analysis.folding.records import design_files, own_name
from ...metrics.self_consistency import SELF_CONSISTENCY
from ...plots.report.entry import Entry
from ...structure.io.members import as_path, is_there, member_path, split
from .report_tables import conditions_of, designed_sequence, result_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .report_tables import ResultTable, Row

__all__ = ["entries_of"]

#: Columns of a table that the row has in other places.
ELSEWHERE = ("model", "reference", "name", "design", "file", "best", "sequence", "number")


def entries_of(sources: Sequence[str]) -> list[Entry]:
    """Rows of the arguments of `protdiff report`.

    Tables add their columns to structures of the same file or name; rows of which the structure is
    not among the arguments are added after them.

    Parameters
    ----------
    sources : sequence of str
        Structure files, folders and patterns; CSV or JSON files of `score`; folders of `evaluate`
        and `check`.

    Raises
    ------
    ValueError
        If nothing is there, or a table cannot be read.
    """
    tables = {source: result_table(source) for source in sources}
    structures = [source for source, table in tables.items() if table is None]
    for source in structures:
        there = Path(source).exists() or is_there(Path(source))
        if not there and not any(letter in source for letter in "*?["):
            raise ValueError(f"{source}: no such file or folder")
    entries: dict[str, Entry] = {}
    for file in design_files(structures) if structures else []:
        name = own_name(file)
        entries[name] = Entry(
            name, file, conditions_of(file), sequence=designed_sequence(file, name)
        )
    for table in tables.values():
        if table is not None and table.checked:
            _add_checked(entries, table)
        elif table is not None:
            _add_scores(entries, table)
    return list(entries.values())


def _add_scores(entries: dict[str, Entry], table: ResultTable) -> None:
    """Columns of `score` or `evaluate`, for structures of the same file, else new rows."""
    files = [_located(str(row.get("model") or ""), table) for row in table.rows]
    times = Counter(own_name(file) for file in files)
    there = {entry.file.resolve(): name for name, entry in entries.items() if entry.file}
    for row, file in zip(table.rows, files, strict=True):
        name = there.get(file.resolve(), own_name(file))
        if name not in there.values():
            name = name if times[name] == 1 and name not in entries else str(file)
            entries.setdefault(name, Entry(name, file, conditions_of(file)))
        entry = entries[name]
        reference = str(row.get("reference") or "")
        entries[name] = replace(
            entry,
            values=entry.values | _columns(row),
            other=_located(reference, table) if reference else entry.other,
            alignment=_alignment(row),
            chains=() if reference else _alone(row),
        )


def _add_checked(entries: dict[str, Entry], table: ResultTable) -> None:
    """Columns of `check`: the best sequence of every design, or a row for every sequence."""
    by_design: defaultdict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        by_design[str(row.get("design") or "")].append(row)
    for design, rows in by_design.items():
        if design not in entries:
            for row in rows:
                name = str(row.get("name") or design)
                model = str(row.get("model") or "")
                file = _located(model, table) if model else None
                entries[name] = Entry(name, file, _columns(row), sequence=_letters(row))
            continue
        best = next((row for row in rows if row.get("best") == "yes"), rows[0])
        entry, model = entries[design], str(best.get("model") or "")
        columns = {name: best.get(name) for name in SELF_CONSISTENCY}
        if best.get("error"):
            columns["check_error"] = best["error"]
        entries[design] = replace(
            entry,
            values=entry.values | columns | {"best_sequence": best.get("number")},
            other=_located(model, table) if model else None,
            other_is="predicted model",
            other_moves=True,
            sequence=_letters(best),
        )


def _letters(row: Row) -> str:
    return str(row.get("sequence") or "")


def _columns(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ELSEWHERE}


def _alignment(row: Row) -> str:
    """The alignment of a row, if `protdiff.score` takes it as an argument."""
    from ...metrics.scores import Alignment

    name = str(row.get("alignment") or "")
    return name if name in get_args(Alignment) else "auto"


def _alone(row: Row) -> tuple[str, ...]:
    """Chains that a row without a reference is of (score --chain); none: the whole file."""
    return tuple(filter(None, str(row.get("chains") or "").split(",")))


def _located(name: str, table: ResultTable) -> Path:
    """File of a name in a table: as it is, else beside the table."""
    path, folder = as_path(name), table.file.parent
    member = split(path)
    last = path.name if member is None else member_path(Path(member[0].name), member[1])
    for place in (path, folder / path, folder / last):
        if name and is_there(place):
            return place
    return path
