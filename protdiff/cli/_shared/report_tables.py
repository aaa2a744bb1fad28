"""The tables that `protdiff report` reads: scores, evaluations, checks, manifests, sequences."""

from __future__ import annotations

import csv
import io
import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..._system.reading import read_text
from ...structure.io.members import beside
from .check_report import TABLE as CHECKED
from .parquet_tables import PARQUET, parquet_columns, parquet_rows
from .rows import TABLES

__all__ = ["ResultTable", "conditions_of", "designed_sequence", "read_rows", "result_table"]

#: Rows of `protdiff evaluate` in its folder; manifest of `generate`; where `design` writes, with
#: `generate --sequences`, beside the structures.
EVALUATED, MANIFEST, DESIGNED = "structures.csv", "manifest.csv", "sequences/designs.csv"
#: Columns that are texts even where they look like numbers.
TEXTS = (
    "model", "reference", "file", "design", "name", "chains", "sequence", "nearest", "alignment",
    "verdict", "warning", "error", "condition", "sequence_name", "secondary_structure", "weights",
)  # fmt: skip
#: Columns of a manifest that say how a structure was made.
CONDITIONS = {
    "condition": "what was requested",
    "secondary_structure": "secondary structure that was requested",
    "sequence_name": "record of the sequence that was given",
    "temperature": "temperature of the samples",
    "guidance": "how far samples are steered from a weaker network",
    "sampler": "how the reverse flow was integrated",
    "steps": "network calls per sample",
    "seed": "seed of the samples",
    "sample": "number of the sample",
    "weights": "name of the weights",
}

Row = dict[str, Any]


class ResultTable(NamedTuple):
    """Rows of a table of results, and whether they are those of `protdiff check`."""

    file: Path
    rows: list[Row]
    checked: bool


def result_table(source: str) -> ResultTable | None:
    """The table that an argument of `protdiff report` names; None for structures.

    Raises
    ------
    ValueError
        If a CSV, JSON or Parquet file is no table of results.
    """
    path = Path(source)
    for name in (CHECKED, EVALUATED):
        if (path / name).is_file():
            path = path / name
    if path.suffix.lower() not in TABLES or path.is_dir():
        return None
    rows, columns = read_rows(path)
    checked = {"design", "scrmsd", "model"} <= columns
    if not checked and "model" not in columns and (rows or path.suffix.lower() == ".csv"):
        raise ValueError(
            f"{path}: no column model; give what protdiff score, evaluate or check wrote, or the "
            "folder of the structures"
        )
    return ResultTable(path, rows, checked)


def read_rows(path: Path) -> tuple[list[Row], set[str]]:
    """Rows and columns of a table; numbers are numbers, and empty fields are None.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    if path.suffix.lower() == PARQUET:
        found = parquet_rows(path, at_once=True)
        rows = [{k: None if v == "" else v for k, v in row.items()} for row in found]
        return rows, set(parquet_columns(path))
    try:
        text = read_text(path)
        if path.suffix.lower() == ".json":
            rows = json.loads(text)
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ValueError("no list of rows")
            return rows, {name for row in rows for name in row}
        reader = csv.DictReader(io.StringIO(text, newline=""))
        rows = [
            {name: _value(name, field) for name, field in row.items() if name is not None}
            for row in reader
        ]
        return rows, set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{path}: cannot be read as a table ({reason})") from None


def _value(column: str, field: Any) -> float | str | None:
    """A field as a number where it is one."""
    if not isinstance(field, str) or not field:
        return None
    if column in TEXTS:
        return field
    try:
        number = float(field)
    except ValueError:
        return field
    return number if math.isfinite(number) else None


def conditions_of(file: Path) -> Row:
    """How a structure was made, from the manifest beside it; empty if there is none."""
    row = _rows_by(beside(file, MANIFEST), "file").get(file.name, {})
    return {name: row[name] for name in CONDITIONS if row.get(name) is not None}


def designed_sequence(file: Path, design: str) -> str:
    """The best designed sequence of a structure, from the folder `sequences` beside it."""
    rows = _rows_by(beside(file, DESIGNED), "design", "nats")
    return str(rows.get(design, {}).get("sequence") or "")


@cache
def _rows_by(table: Path, key: str, best: str = "") -> dict[str, Row]:
    """Rows by a column; of several the one with the largest value of another column."""
    if not table.is_file():
        return {}
    try:
        rows, _ = read_rows(table)
    except ValueError:  # not a table of ours: then nothing is known
        return {}
    out: dict[str, Row] = {}
    for row in rows:
        before = out.get(str(row.get(key)), {})
        if not before or (best and _number(row.get(best)) > _number(before.get(best))):
            out[str(row.get(key))] = row
    return out


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) else -math.inf
