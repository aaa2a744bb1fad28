"""Tables as Apache Parquet, which pandas, polars, R and databases read; with pyarrow, an extra."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ..._system.reading import largest_size, too_large
from ..._system.words import in_brief

__all__ = ["PARQUET", "parquet_columns", "parquet_rows", "parquet_writer"]

PARQUET = ".parquet"
#: Rows in memory at a time.
ROWS = 5000


def pyarrow(name: str = "pyarrow") -> Any:
    """The library, or a module of it; ValueError if it is not installed."""
    if find_spec("pyarrow") is None:
        raise ValueError(
            "Parquet needs pyarrow, which is not installed: pip install 'protdiff[parquet]'; or "
            "use .csv or .json"
        )
    return import_module(name)


@contextmanager
def parquet_writer(
    path: Path, columns: Sequence[str], plain: Callable[[Any], Any]
) -> Iterator[Callable[[Mapping[str, Any]], object]]:
    """Context that yields ``write(row)``; the table is there when it ends.

    The type of a column is known when all rows are: whole numbers (int64), numbers (double) or
    texts. A column without any value has numbers. Until then rows are in a temporary file beside.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    plain : callable
        ``plain(value)``: a value of JSON.

    Raises
    ------
    ValueError
        If pyarrow is not installed.
    """
    pyarrow()
    kinds: list[set[type]] = [set() for _ in columns]
    with TemporaryFile("w+", encoding="utf-8", dir=path.parent) as spool:

        def write(row: Mapping[str, Any]) -> None:
            values = [plain(row.get(name)) for name in columns]
            for kind, value in zip(kinds, values, strict=True):
                if value is not None:
                    kind.add(int if type(value) is int else float if _is_number(value) else str)
            spool.write(json.dumps(values) + "\n")

        yield write
        spool.seek(0)
        _convert(spool, path, dict(zip(columns, map(_kind, kinds), strict=True)))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _kind(found: set[type]) -> type:
    """Type of a column of values of some types."""
    if str in found:
        return str
    return int if found == {int} else float


def _convert(lines: Iterator[str], path: Path, kinds: Mapping[str, type]) -> None:
    """Write rows, each a list in a line of JSON, as a table."""
    arrow, parquet = pyarrow(), pyarrow("pyarrow.parquet")
    types = {int: arrow.int64(), float: arrow.float64(), str: arrow.string()}
    schema = arrow.schema([(name, types[kind]) for name, kind in kinds.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := [json.loads(line) for line in islice(lines, ROWS)]:
            arrays = [
                arrow.array([_value(row[place], kind) for row in rows], types[kind])
                for place, kind in enumerate(kinds.values())
            ]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))


def _value(value: Any, kind: type) -> Any:
    """A value of JSON as one of its column; what is no text is written as an escape."""
    if value is None or kind is int:
        return value
    if kind is float:
        return float(value)
    return str(value).encode("utf-8", "backslashreplace").decode()


def parquet_columns(path: Path) -> list[str]:
    """Names of the columns of a table; ValueError if it cannot be read."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def parquet_rows(path: Path, at_once: bool = False) -> Iterator[dict[str, Any]]:
    """Rows of a table, of which some are in memory at a time, and which does not stay open.

    Parameters
    ----------
    path : Path
    at_once : bool
        Who calls keeps all rows: then the limit is of the whole table, else of a piece of it.

    Raises
    ------
    ValueError
        If pyarrow is not installed, or the file is no such table, or over the limit.
    """
    arrow = pyarrow()
    with _opened(path, at_once) as file:
        groups = file.metadata.num_row_groups
    try:
        for group in range(groups):
            with _opened(path, at_once) as file:
                batches = list(file.iter_batches(batch_size=ROWS, row_groups=[group]))
            for batch in batches:
                yield from batch.to_pylist()
    except (arrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}: damaged ({in_brief(error, 80)}); get a fresh copy") from None


def _opened(path: Path, at_once: bool = False) -> Any:
    """A table that is within the limit, or whose pieces are; ValueError if it cannot be read."""
    arrow, parquet = pyarrow(), pyarrow("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
        places = range(file.metadata.num_row_groups)
        sizes = [file.metadata.row_group(place).total_byte_size for place in places]
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; check the path") from None
    except (arrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}: cannot be read as Parquet ({in_brief(error, 80)})") from None
    if (sum(sizes) if at_once else max(sizes, default=0)) > largest_size():
        raise ValueError(f"{path}: {too_large()}")
    return file
