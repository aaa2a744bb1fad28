"""Files that describe energies: contacts as CSV, a function of a Python file."""

from __future__ import annotations

import csv
import importlib.util
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..._system.reading import read_text, reason

__all__ = ["load_function", "parse_function", "read_contacts"]

#: CA distance and tolerance (Å) of a contact whose row gives none.
DEFAULT_DISTANCE, DEFAULT_TOLERANCE = 8.0, 1.0
#: Å; what is beyond is a mistake.
MAX_DISTANCE = 1e4


def read_contacts(path: Path) -> list[tuple[int, int, float, float]]:
    """Rows (i, j, distance, tolerance) of a CSV file."""
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), skipinitialspace=True)
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"--contacts {path}: cannot be read as CSV ({reason(error)})") from None
    if not rows or not {"i", "j"} <= rows[0][1].keys():
        raise ValueError(f"--contacts {path}: needs a header with i, j, distance, tolerance")
    pairs = []
    for number, row in rows:
        try:
            pairs.append(_contact(row))
        except (TypeError, ValueError):
            raise ValueError(
                f"--contacts {path}, line {number}: needs two residues and, in Å, a distance and "
                "a tolerance"
            ) from None
    return pairs


def _contact(row: dict[str, str]) -> tuple[int, int, float, float]:
    i, j = int(row["i"]), int(row["j"])
    distance = float(row.get("distance") or DEFAULT_DISTANCE)
    tolerance = float(row.get("tolerance") or DEFAULT_TOLERANCE)
    if not (0 < distance < MAX_DISTANCE and 0 <= tolerance < MAX_DISTANCE and i != j):
        raise ValueError("out of range")
    return i, j, distance, tolerance


def parse_function(text: str) -> tuple[Path, str]:
    """File and function of my.py:function."""
    path, _, name = text.rpartition(":")
    return Path(path), name


def load_function(text: str) -> Callable[..., Any]:
    """The function of my.py:function."""
    path, name = parse_function(text)
    if not path.is_file():
        raise ValueError(f"--energy {text}: no such file; write my.py:function")
    spec = importlib.util.spec_from_file_location("protdiff_energy", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"--energy {path}: is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"--energy {path}: fails to load ({_words(error)})") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(f"--energy {path}: has no function {name}")
    return partial(_called, function, text)


def _called(function: Callable[..., Any], text: str, *values: Any) -> Any:
    """The energy; an error in it, or a call of sys.exit, is one line that names the file."""
    try:
        return function(*values)
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        raise ValueError(f"--energy {text}: fails ({_words(error)})") from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
