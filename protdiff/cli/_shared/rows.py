"""Tables written row by row, and a summary of their columns."""

from __future__ import annotations

import csv
import json
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..._system.files import open_text, replacing
from ..._system.locks import output_file
from ..._system.words import alternatives
from .parquet_tables import PARQUET, parquet_writer

#: Endings of tables.
TABLES = (".csv", ".json", PARQUET)

__all__ = ["TABLES", "Summary", "read_names", "row_writer", "shown"]


@contextmanager
def row_writer(
    path: Path, columns: Sequence[str]
) -> Iterator[Callable[[Mapping[str, Any]], object]]:
    """Context that yields ``write(row)``, for CSV, JSON or Parquet by the end of the name.

    The file appears under its name when the last row is there; what a killed process has left of
    it goes. A missing number is an empty field in CSV and null in JSON and Parquet.

    Raises
    ------
    ValueError
        If the file cannot be written, or another process is writing it; or for Parquet without
        pyarrow.
    """
    if path.suffix.lower() not in TABLES:
        raise ValueError(f"{path}: the name must end in {alternatives(TABLES)}")
    with ExitStack() as stack:
        try:
            stack.enter_context(output_file(path))
            temporary = stack.enter_context(replacing(path))
            if path.suffix.lower() == PARQUET:
                write = stack.enter_context(parquet_writer(temporary, columns, plain))
            else:
                handle = stack.enter_context(open_text(temporary))
        except OSError as error:
            raise ValueError(f"{path}: cannot be written ({error.strerror})") from None
        if path.suffix.lower() == PARQUET:
            yield write
        elif path.suffix.lower() == ".csv":
            writer = csv.writer(handle)
            writer.writerow(columns)
            yield lambda row: writer.writerow([shown(row.get(name)) for name in columns])
        else:
            parts = iter(["[\n"])
            yield lambda row: handle.write(
                next(parts, ",\n") + json.dumps({name: plain(row.get(name)) for name in columns})
            )
            handle.write(next(parts, "") + "\n]\n")


def plain(value: Any) -> Any:
    """JSON value; null for a missing number."""
    return None if isinstance(value, float) and math.isnan(value) else value


def shown(value: Any) -> str:
    """Text of a value: four decimals, and five significant digits below 0.1."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.1 else f"{value:.5g}"
    return str(value)


class Summary:
    """The numbers of all rows by column, for means and medians; eight bytes for each."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.numbers = {name: array("d") for name in columns}

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep the numbers of a row."""
        for name, values in self.numbers.items():
            value = row.get(name)
            if isinstance(value, (int, float)) and not math.isnan(value):
                values.append(value)

    def table(self) -> list[tuple[str, int, float, float]]:
        """Rows (column, count, mean, median) of the columns that have numbers."""
        out = []
        for name, values in self.numbers.items():
            if values:
                ordered = sorted(values)
                middle = len(ordered) // 2
                median = (ordered[middle] + ordered[~middle]) / 2
                out.append((name, len(values), math.fsum(values) / len(values), median))
        return out


def read_names(path: Path, column: str) -> list[str]:
    """Plain file names in a column of a table that the package wrote; none if it is not there."""
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            names = [row.get(column) or "" for row in csv.DictReader(handle)]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [name for name in names if name and Path(name).name == name]
